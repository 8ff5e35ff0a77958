package chiauth0_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
)

const (
	reportsAPI   = "https://reports.example/"
	reportsToken = "/token?audience=" + reportsAPI
)

// newTokenApp starts an application whose access tokens live for 30 seconds.
func newTokenApp(t testing.TB, changes ...func(*chiauth0.Config)) *app {
	t.Helper()

	tenant := chiauth0test.Start(t)
	tenant.AccessTokenLifetime = 30 * time.Second
	tenant.AddAPI(reportsAPI, "read:reports", "offline_access")
	all := append([]func(*chiauth0.Config){func(c *chiauth0.Config) {
		c.Audience = reportsAPI
		c.Scopes = []string{"openid", "profile", "email", "offline_access", "read:reports"}
	}}, changes...)
	a := newAppAt(t, tenant, all...)
	tokenRoutes(a.router, a.cfg)

	return a
}

func tokenRoutes(r *chi.Mux, cfg *chiauth0.Config) {
	r.With(chiauth0.RequireLogin(cfg)).Get("/token", func(w http.ResponseWriter, r *http.Request) {
		token, err := chiauth0.AccessToken(r.Context(), r.FormValue("audience"))
		if err != nil {
			http.Error(w, err.Error(), statusOf(err))
			return
		}
		fmt.Fprint(w, token.AccessToken)
	})
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, chiauth0.ErrSessionEnded):
		return http.StatusGone
	case errors.Is(err, chiauth0.ErrUnavailable):
		return http.StatusServiceUnavailable
	}

	return http.StatusInternalServerError
}

// secondNode is another process of the application, with the same session store.
func (a *app) secondNode() *app {
	node := *a
	cfg := a.cfg.Clone()
	cfg.Sessions = sessionstores.New(a.store)
	cfg.BaseURL = a.cfg.BaseURL
	node.cfg = cfg
	node.net = &network{}
	cfg.HTTPClient = &http.Client{Transport: node.net}
	node.router = routes(cfg)
	tokenRoutes(node.router, cfg)
	node.net.serve(a.tenant.Issuer(), a.tenant)
	node.net.serve(a.base, node.router)

	return &node
}

// on returns the same browser, sent to another node.
func (b *browser) on(node *app) *browser {
	client := *b.Client
	client.Transport = node.net

	return &browser{app: node, Client: &client}
}

func TestExpiredAccessTokenIsRefreshedOnce(t *testing.T) {
	a := newTokenApp(t)
	node := a.secondNode()
	a.inBubble(func(t *testing.T) {
		node.t = t
		b := a.browser()
		b.signIn(ada)
		other := b.on(node)
		old := b.get(reportsToken).body
		time.Sleep(31 * time.Second)
		a.duringRefresh(func() { time.Sleep(time.Second) }) // the others arrive meanwhile

		var wg sync.WaitGroup
		var mu sync.Mutex
		tokens := map[string]int{}
		for range 50 {
			for _, browser := range []*browser{b, other} {
				wg.Go(func() {
					resp := browser.get(reportsToken)
					mu.Lock()
					defer mu.Unlock()
					tokens[fmt.Sprint(resp.StatusCode, " ", resp.body)]++
				})
			}
		}
		wg.Wait()

		if len(tokens) != 1 {
			t.Errorf("got %d different answers, want one: %.300v", len(tokens), tokens)
		}
		for token := range tokens {
			if !strings.HasPrefix(token, "200 ") || strings.HasSuffix(token, old) {
				t.Errorf("got %.60s, want a new token", token)
			}
		}
		if got := a.tenant.RefreshCounts(); got.Refreshes != 1 || got.Reuses != 0 {
			t.Errorf("got %+v, want one refresh and no reuse\n%s", got, a.log)
		}
	})
}

// refreshApp is a signed-in browser whose access token has expired. The test runs in a bubble,
// where time passes when all goroutines wait.
func withExpiredToken(
	t *testing.T, a *app, test func(t *testing.T, b *browser),
) {
	t.Helper()

	a.inBubble(func(t *testing.T) {
		b := a.browser()
		b.signIn(ada)
		time.Sleep(31 * time.Second)
		test(t, b)
	})
}

func TestFreshAccessTokenIsNotRefreshed(t *testing.T) {
	a := newTokenApp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		b.signIn(ada)
		for range 100 { // in ten seconds
			b.get(reportsToken)
			time.Sleep(100 * time.Millisecond)
		}
		if got := a.tenant.RefreshCounts().Refreshes; got != 0 {
			t.Errorf("got %d refreshes of a token with 30 seconds, want none in the first ten", got)
		}
	})
}

func TestRefusedRefreshTokenEndsTheSession(t *testing.T) {
	a := newTokenApp(t)
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		a.tenant.Misbehave(refuseRefresh(http.StatusForbidden, "invalid_grant"))
		resp := b.get(reportsToken)
		if resp.StatusCode != http.StatusGone {
			t.Errorf("got %s %q, want ErrSessionEnded", resp.Status, resp.body)
		}
		if got := b.whoami(); got == "hello "+ada {
			t.Errorf("got %q afterwards, want to be signed out", got)
		}
	})
}

// refuseRefresh makes the tenant refuse refreshes.
func refuseRefresh(status int, code string) chiauth0test.Faults {
	return chiauth0test.Faults{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/oauth/token" || r.Form.Get("grant_type") != "refresh_token" {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if code != "" {
			fmt.Fprintf(w, `{"error":%q,"error_description":"for a test"}`, code)
		}
		return true
	}}
}

func TestOtherErrorsOfARefreshKeepTheSession(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		code   string
		want   func(error) bool
	}{
		"overloaded":     {429, "too_many_requests", isUnavailable},
		"unavailable":    {503, "", isUnavailable},
		"internal error": {500, "server_error", isUnavailable},
		"no JSON":        {400, "", isUnavailable},
		"mfa_required":   {403, "mfa_required", isStepUp},
		"invalid_client": {401, "invalid_client", hasCode("invalid_client")},
		"unauthorized":   {403, "unauthorized_client", hasCode("unauthorized_client")},
		"invalid_scope":  {400, "invalid_scope", hasCode("invalid_scope")},
		"invalid_target": {400, "invalid_target", hasCode("invalid_target")},
		"access_denied":  {403, "access_denied", hasCode("access_denied")},
	} {
		t.Run(name, func(t *testing.T) {
			a := newTokenApp(t)
			var got error
			a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/error",
				func(_ http.ResponseWriter, r *http.Request) {
					_, got = chiauth0.AccessToken(r.Context(), reportsAPI)
				})

			withExpiredToken(t, a, func(t *testing.T, b *browser) {
				a.tenant.Misbehave(refuseRefresh(test.status, test.code))
				b.get("/error")
				if !test.want(got) {
					t.Errorf("got %v", got)
				}

				a.tenant.Misbehave(chiauth0test.Faults{})
				if who := b.whoami(); who != "hello "+ada {
					t.Errorf("got %q afterwards, want to be signed in", who)
				}
				resp := b.get("/token?audience=" + reportsAPI)
				if resp.StatusCode != http.StatusOK {
					t.Errorf("tried again: got %s %q, want a token", resp.Status, resp.body)
				}
				if counts := a.tenant.RefreshCounts(); counts.Reuses != 0 {
					t.Errorf("got %d reuses, want none", counts.Reuses)
				}
			})
		})
	}
}

func isUnavailable(err error) bool { return errors.Is(err, chiauth0.ErrUnavailable) }

func isStepUp(err error) bool {
	var stepUp *chiauth0.StepUpError
	return errors.As(err, &stepUp) && stepUp.Audience == reportsAPI
}

func hasCode(code string) func(error) bool {
	return func(err error) bool {
		var refused *chiauth0.ProviderError
		return errors.As(err, &refused) && refused.Code == code
	}
}

func TestValidTokenIsUsedWhileAuth0IsUnavailable(t *testing.T) {
	a := newTokenApp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		b.signIn(ada)
		old := b.get(reportsToken).body
		time.Sleep(20 * time.Second) // it is to be replaced, and has not expired

		a.tenant.Misbehave(refuseRefresh(http.StatusBadGateway, ""))
		resp := b.get(reportsToken)
		if resp.StatusCode != http.StatusOK || resp.body != old {
			t.Errorf("got %s, want the old token", resp.Status)
		}
	})
}

func TestSessionWithoutRefreshTokenSaysWhatIsMissing(t *testing.T) {
	a := newTokenApp(t, func(c *chiauth0.Config) { c.Scopes = []string{"openid", "email"} })
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		resp := b.get(reportsToken)
		for _, want := range []string{"offline_access", "Allow Offline Access"} {
			if !strings.Contains(resp.body, want) {
				t.Errorf("got %q, want %q in it", resp.body, want)
			}
		}
	})
}

func TestTokenForAnotherAudienceIsNotHandedOut(t *testing.T) {
	const other = "https://other.example/"
	a := newTokenApp(t, func(c *chiauth0.Config) {
		c.APIs = []chiauth0.API{{Audience: other}}
	})
	a.tenant.AddAPI(other)

	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		// The client has no policy for the audience: Auth0 ignores it.
		resp := b.get("/token?audience=" + other)
		if resp.StatusCode == http.StatusOK || !strings.Contains(resp.body, "another audience") {
			t.Errorf("got %s %q, want ErrWrongAudience", resp.Status, resp.body)
		}

		// The rotated refresh token is saved all the same.
		time.Sleep(time.Minute)
		if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
			t.Errorf("afterwards: got %s %q, want a token", resp.Status, resp.body)
		}
		if counts := a.tenant.RefreshCounts(); counts.Reuses != 0 || counts.RevokedFamilies != 0 {
			t.Errorf("got %+v, want no reuse", counts)
		}
	})
}

func TestAudienceThatIsNotConfiguredIsNamed(t *testing.T) {
	t.Parallel()

	a := newTokenApp(t)
	b := a.browser()
	b.signIn(ada)
	resp := b.get("/token?audience=https://unknown.example")
	if !strings.Contains(resp.body, "https://unknown.example") ||
		!strings.Contains(resp.body, "Config.APIs") {
		t.Errorf("got %q, want the audience and the field", resp.body)
	}
}

func TestRolesFollowTheRefreshedIDToken(t *testing.T) {
	tenant := chiauth0test.Start(t)
	tenant.AccessTokenLifetime = 30 * time.Second
	tenant.AddAPI(reportsAPI, "offline_access")
	a := newAppAt(t, tenant, func(c *chiauth0.Config) {
		c.Audience = reportsAPI
		c.Scopes = []string{"openid", "email", "offline_access"}
		c.SyncOnRefresh = true
		c.Mapping.GroupsField = "https://app.example/groups"
		c.Mapping.StaffGroup = "staff"
	})
	tokenRoutes(a.router, a.cfg)
	setGroups := func(groups ...any) {
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
			token.Claims["https://app.example/groups"] = groups
		}})
	}

	setGroups("staff")
	withExpiredToken(t, a, func(t *testing.T, b *browser) {
		if resp := b.get("/staff"); resp.StatusCode != http.StatusOK {
			t.Fatalf("after the login: got %s, want to be staff", resp.Status)
		}

		setGroups("guests")
		if resp := b.get(reportsToken); resp.StatusCode != http.StatusOK {
			t.Fatalf("got %s %q, want a token", resp.Status, resp.body)
		}
		if resp := b.get("/staff"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("after the refresh: got %s, want 403", resp.Status)
		}
	})
}

func TestRefreshedIDTokenOfAnotherUserEndsTheSession(t *testing.T) {
	for name, edit := range map[string]func(*chiauth0test.JWT){
		"another sub": func(token *chiauth0test.JWT) { token.Claims["sub"] = "auth0|another" },
		"another aud": func(token *chiauth0test.JWT) { token.Claims["aud"] = "another" },
		"another iss": func(token *chiauth0test.JWT) {
			token.Claims["iss"] = "https://another.example/"
		},
		"another signer": func(token *chiauth0test.JWT) { token.Key = newRSAKey(t, 2048) },
	} {
		t.Run(name, func(t *testing.T) {
			a := newTokenApp(t)
			withExpiredToken(t, a, func(t *testing.T, b *browser) {
				a.tenant.Misbehave(chiauth0test.Faults{IDToken: edit})
				resp := b.get(reportsToken)
				if resp.StatusCode != http.StatusGone {
					t.Errorf("got %s %.80q, want ErrSessionEnded", resp.Status, resp.body)
				}
				if got := b.whoami(); got == "hello "+ada {
					t.Errorf("got %q afterwards, want to be signed out", got)
				}
				if live := a.tenant.RefreshCounts().Live; live != 0 {
					t.Errorf("got %d live refresh tokens, want none", live)
				}
			})
		})
	}
}
