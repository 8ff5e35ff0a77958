package chiauth0_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// loot is everything that must not be in a log, by what it is.
type loot struct {
	mu     sync.Mutex
	things map[string]string
}

func (l *loot) add(what, value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if value != "" {
		l.things[value] = what
	}
}

func (l *loot) query(q url.Values) {
	for _, name := range []string{
		"state", "nonce", "code", "code_verifier", "code_challenge", "id_token_hint",
		"client_secret",
	} {
		l.add(name, q.Get(name))
	}
}

func (l *loot) cookies(b *browser) {
	for name, value := range b.cookies() {
		if name != "chiauth0_attempts" { // times
			l.add("cookie "+name, value)
		}
	}
}

// found lists what of it is in s.
func (l *loot) found(s string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for value, what := range l.things {
		if strings.Contains(s, value) {
			found = append(found, what)
		}
	}
	return found
}

// TestNoSecretIsLogged goes through logins and logouts, good ones and all kinds of bad ones, and
// looks for secrets in the log at debug level and in the pages. It sets slog's default, which
// the session middleware logs to, so it is not parallel to others.
func TestNoSecretIsLogged(t *testing.T) {
	seen := &loot{things: map[string]string{}}
	a := newApp(t, func(c *chiauth0.Config) {
		c.Secrets = []string{oldSecret}
		c.Audience = "https://api.example"
		c.Scopes = []string{"openid", "email", "profile", "offline_access"}
		c.Mapping.AccessTokenFields = map[string]string{"plan": "https://app.example/plan"}
	})
	a.tenant.AddAPI("https://api.example", "offline_access")
	before := slog.Default()
	slog.SetDefault(a.cfg.Logger)
	defer slog.SetDefault(before)
	seen.add("client secret", a.cfg.ClientSecret)
	seen.add("secret", oldSecret)

	faults := chiauth0test.Faults{
		Intercept: func(_ http.ResponseWriter, r *http.Request) bool {
			seen.query(r.Form)
			return false
		},
		TokenResponse: func(_ *int, body map[string]any) {
			for _, name := range []string{"access_token", "refresh_token", "id_token"} {
				token, _ := body[name].(string)
				seen.add(name, token)
			}
		},
	}
	var pages strings.Builder
	login := func(faults chiauth0test.Faults) *browser {
		a.tenant.Misbehave(faults)
		b := a.browser()
		authorize := b.begin("/auth0/login?next_url=/account")
		seen.query(authorize.Query())
		seen.cookies(b)
		callback := b.authorize(authorize, ada)
		seen.query(callback.Query())
		pages.WriteString(b.get(callback.String()).body)
		seen.cookies(b)
		return b
	}
	logout := func(b *browser) {
		location, err := b.get("/auth0/logout").Location()
		if err != nil {
			t.Fatal(err)
		}
		seen.query(location.Query())
	}
	with := func(change func(*chiauth0test.Faults)) chiauth0test.Faults {
		changed := faults
		change(&changed)
		return changed
	}
	tokenAnswers := func(status int, body string) chiauth0test.Faults {
		return with(func(f *chiauth0test.Faults) {
			f.Intercept = func(w http.ResponseWriter, r *http.Request) bool {
				seen.query(r.Form)
				if r.URL.Path != "/oauth/token" {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				fmt.Fprintf(w, body, r.Form.Get("code"))
				return true
			}
		})
	}

	b := login(faults)
	if got := b.whoami(); got != "hello "+ada {
		t.Fatal(got)
	}
	b.get("/auth0")
	b.get("/staff")
	b.get("/auth0/me", "Accept", "application/json")
	logout(b)
	for _, bad := range []chiauth0test.Faults{
		with(func(f *chiauth0test.Faults) {
			f.IDToken = func(token *chiauth0test.JWT) { token.Claims["nonce"] = "other" }
		}),
		with(func(f *chiauth0test.Faults) {
			f.IDToken = func(token *chiauth0test.JWT) { token.Claims["aud"] = "other" }
		}),
		with(func(f *chiauth0test.Faults) {
			f.AccessToken = func(token *chiauth0test.JWT) { token.Claims["sub"] = "other" }
		}),
		with(func(f *chiauth0test.Faults) {
			f.Callback = func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }
		}),
		tokenAnswers(403, `{"error":"invalid_grant","error_description":"used","detail":"%s"}`),
		tokenAnswers(http.StatusOK, `{"access_token":"%s","token_type":"Bearer"}`),
		tokenAnswers(200, `{"access_token":"%s","token_type":"Bearer","id_token":"a.b.c"}`),
		tokenAnswers(http.StatusOK, `garbage %s`),
		tokenAnswers(http.StatusBadGateway, `<html>%s</html>`),
	} {
		login(bad)
	}

	a.tenant.Misbehave(faults)
	b = login(faults)
	a.store.down.Store(true)
	for _, path := range []string{
		"/account", "/", "/auth0", "/auth0/logout", "/cart?add=x",
		"/auth0/callback?state=stolen-state&code=stolen-code",
	} {
		pages.WriteString(b.get(path).body)
	}
	a.store.down.Store(false)
	seen.add("state", "stolen-state")
	seen.add("code", "stolen-code")
	pages.WriteString(a.browser().get("/auth0/callback?state=stolen-state&code=stolen-code").body)
	a.net.serve(
		a.tenant.Issuer(),
		http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
			},
		),
	)
	logout(b)

	for _, what := range []string{
		"login succeeded", "logged out", "request refused", "session not read",
	} {
		if !strings.Contains(a.log.String(), what) {
			t.Errorf("the log lacks %q, so the test proves little", what)
		}
	}
	for _, what := range []string{
		"access_token", "refresh_token", "id_token", "code_verifier", "nonce", "state", "code",
	} {
		if !seen.has(what) {
			t.Errorf("no %s was seen, so the test proves little", what)
		}
	}
	if leaked := seen.found(a.log.String()); len(leaked) > 0 {
		t.Errorf("in the log: %q\n%s", leaked, a.log)
	}
	if leaked := seen.found(pages.String()); len(leaked) > 0 {
		t.Errorf("in a page: %q", leaked)
	}
}

func (l *loot) has(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.things {
		if w == what {
			return true
		}
	}
	return false
}
