package chiauth0test_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// setFaults replaces the tenant's faults.
func (a *app) setFaults(faults chiauth0test.Faults) { a.tenant.Misbehave(faults) }

func TestTokenFaults(t *testing.T) {
	t.Parallel()
	t.Run("AccessToken edits the access token only", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddAPI("https://api.test")
		a.setFaults(chiauth0test.Faults{AccessToken: func(token *chiauth0test.JWT) {
			token.Claims["aud"] = "other"
		}})
		tokens := a.tokens(edits{"audience": "https://api.test"})
		wantClaims(t, a.open(tokens["access_token"]), map[string]any{"aud": "other"})
		wantClaims(t, a.open(tokens["id_token"]), map[string]any{"aud": "app"})
	})
	t.Run("TokenResponse edits answers and errors", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.setFaults(chiauth0test.Faults{TokenResponse: func(status *int, body map[string]any) {
			*status, body["expires_in"] = http.StatusTeapot, "soon"
		}})
		for _, code := range []string{a.code(nil), "wrong"} {
			status, body := a.redeem(code, nil)
			if status != http.StatusTeapot || body["expires_in"] != "soon" {
				t.Errorf("got %d %v, want the edited answer", status, body)
			}
		}
	})
	t.Run("a token that cannot be signed is a server error", func(t *testing.T) {
		t.Parallel()
		for _, edit := range []func(*chiauth0test.JWT){
			func(token *chiauth0test.JWT) { token.Header["alg"] = "XX256" },
			func(token *chiauth0test.JWT) { token.Header["alg"] = "ES256" }, // with an RSA key
			func(token *chiauth0test.JWT) { token.Claims["sub"] = make(chan int) },
			func(token *chiauth0test.JWT) {
				token.Header["alg"], token.Header["kid"] = "none", make(chan int)
			},
		} {
			a := newApp(t)
			a.setFaults(chiauth0test.Faults{IDToken: edit})
			status, body := a.redeem(a.code(nil), nil)
			wantError(t, status, body, http.StatusInternalServerError, "server_error")
		}
	})
}

func TestCallbackFault(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.setFaults(chiauth0test.Faults{Callback: func(query url.Values) {
		query.Del("code")
		query.Set("error", "access_denied")
	}})
	query := a.login(nil)
	wantCallbackError(t, query, "access_denied", "")
	if query.Get("state") != "the state" {
		t.Errorf("state is %q", query.Get("state"))
	}
}

func TestDiscoveryFault(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.setFaults(chiauth0test.Faults{Discovery: func(doc map[string]any) {
		doc["issuer"] = "http://other.test/"
	}})
	if got := a.discovery()["issuer"]; got != "http://other.test/" {
		t.Errorf("issuer is %v, want http://other.test/", got)
	}
	a.setFaults(chiauth0test.Faults{Discovery: func(doc map[string]any) {
		doc["issuer"] = make(chan int) // not JSON
	}})
	resp, _ := a.get(a.tenant.Issuer() + ".well-known/openid-configuration")
	wantStatus(t, "discovery", resp.StatusCode, http.StatusInternalServerError)
	a.setFaults(chiauth0test.Faults{})
	if got := a.discovery()["issuer"]; got != a.tenant.Issuer() {
		t.Errorf("issuer is %v, want %s", got, a.tenant.Issuer())
	}
}

func TestInterceptFault(t *testing.T) {
	t.Parallel()
	t.Run("gets path and form and answers some requests", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.setFaults(chiauth0test.Faults{
			Intercept: func(w http.ResponseWriter, r *http.Request) bool {
				grant := r.PostForm.Get("grant_type")
				if r.URL.Path != "/oauth/token" || grant != "authorization_code" {
					return false
				}
				http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
				return true
			},
		})
		form := a.codeForm(a.code(nil), nil)
		resp, _ := a.send(http.MethodPost, a.tenant.Issuer()+"oauth/token", form)
		wantStatus(t, "token endpoint", resp.StatusCode, http.StatusTemporaryRedirect)
	})
	t.Run("can wait until the client disconnects", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		form := a.codeForm(a.code(nil), nil)
		waiting, disconnected := make(chan struct{}), make(chan struct{})
		a.setFaults(chiauth0test.Faults{
			Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
				close(waiting)
				<-r.Context().Done()
				close(disconnected)
				return true
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-waiting
			cancel()
		}()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost,
			a.tenant.Issuer()+"oauth/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v, want %v", err, context.Canceled)
		}
		<-disconnected
	})
}

// The race detector checks this test.
func TestSettingsChangeWhileRequestsAreServed(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	token := a.tokens(offline)["refresh_token"]
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				resp, err := http.Get(a.tenant.Issuer() + ".well-known/openid-configuration")
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				a.refresh(token, nil)
			}
		})
		wg.Go(func() {
			for range 20 {
				a.setFaults(chiauth0test.Faults{Discovery: func(doc map[string]any) {
					delete(doc, "issuer")
				}})
				a.tenant.AddUser(chiauth0test.User{Email: ada, Claims: map[string]any{"a": 1}})
				a.tenant.AddClient(a.client)
				a.tenant.EndSessions(ada)
				a.tenant.Requests("")
				a.tenant.RequestCount("/oauth/token")
				a.tenant.RefreshCounts()
			}
		})
	}
	wg.Wait()
}
