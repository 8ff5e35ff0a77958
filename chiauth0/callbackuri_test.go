package chiauth0_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

// TestCallbackURIs proves a whole login with each form of CallbackURI, and that what is announced
// is what is sent.
func TestCallbackURIs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ callbackURI, path string }{
		{"", "/auth0/callback"},
		{"auth0_callback", "/auth0/callback"},
		{"/custom/path", "/custom/path"},
		{"https://app.example/custom/path", "/custom/path"},
		{"https://APP.example:443/custom/path", "/custom/path"},
		{"auth0", "/auth0"},
		{"/auth0", "/auth0"},
		{"/auth0/", "/auth0/"},
	} {
		t.Run("CallbackURI "+test.callbackURI, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) { c.CallbackURI = test.callbackURI })
			a.register(test.path, "/auth0")
			b := a.browser()
			authorize := b.begin("/auth0/login?next_url=/account")
			redirectURI := authorize.Query().Get("redirect_uri")
			if redirectURI != a.base+test.path {
				t.Errorf("redirect_uri %q, want %q", redirectURI, a.base+test.path)
			}
			if !strings.Contains(a.log.String(), "allowed_callback_url="+redirectURI+" ") {
				t.Errorf("announced is another one: %s", a.log)
			}
			back := b.get(b.authorize(authorize, ada).String())
			if back.StatusCode != http.StatusSeeOther || back.location() != a.base+"/account" {
				t.Fatalf("answered %s, %q: %s", back.Status, back.location(), back.body)
			}
			if got := b.get("/account").body; got != "hello "+ada {
				t.Error(got)
			}
			if home := b.get("/auth0"); home.StatusCode != http.StatusOK ||
				!strings.Contains(home.body, "Welcome, Ada Lovelace") {
				t.Errorf("the home answered %s: %s", home.Status, home.body)
			}
			stray := a.browser().get(test.path + "?error=access_denied&state=x")
			if stray.StatusCode != 400 {
				t.Errorf("a stray callback answered %s", stray.Status)
			}
		})
	}
}

// TestAnnouncedLogoutURL proves that the log names the very URL that a logout sends to Auth0.
func TestAnnouncedLogoutURL(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*chiauth0.Config){
		"https://app.example/auth0": func(*chiauth0.Config) {},
		"https://app.example/":      func(c *chiauth0.Config) { c.MountPath = "/" },
		"https://www.example/bye": func(c *chiauth0.Config) {
			c.PostLogoutURL = "https://www.example/bye"
		},
		"https://app.example/app/sign": func(c *chiauth0.Config) { c.MountPath = "/app/sign" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, change)
			if !strings.Contains(a.log.String(), "allowed_logout_url="+want+" ") {
				t.Errorf("announced is another one than %s: %s", want, a.log)
			}
			mount := strings.TrimSuffix(a.cfg.MountPath, "/")
			if a.cfg.MountPath == "" {
				mount = "/auth0"
			}
			location, err := a.browser().get(mount + "/logout").Location()
			if err != nil || location.Query().Get("post_logout_redirect_uri") != want {
				t.Errorf("sent %v, %v", location, err)
			}
		})
	}
}
