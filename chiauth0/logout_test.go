package chiauth0_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// The Fetch Metadata headers.
const (
	fetchMode = "Sec-Fetch-Mode"
	fetchSite = "Sec-Fetch-Site"
)

// checkSignedOut checks that no part of a browser's session is left, also for a client that has
// kept its cookie.
func checkSignedOut(t *testing.T, b *browser, cookie string) {
	t.Helper()
	if b.sessionCookie() != "" {
		t.Error("the browser keeps its cookie")
	}
	all, err := b.app.store.All()
	if err != nil || len(all) > 0 {
		t.Errorf("the store keeps %d entries, %v", len(all), err)
	}
	resp := b.app.browser().get("/account", "Cookie", b.app.cfg.Sessions.Cookie.Name+"="+cookie)
	if resp.StatusCode != 302 {
		t.Errorf("the old cookie opens the account page: %s", resp.Status)
	}
}

// The session ends here, whatever Auth0 does.
func TestLogoutHere(t *testing.T) {
	t.Parallel()
	fails := chiauth0test.Faults{Intercept: func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}}
	for name, test := range map[string]struct {
		fresh bool // a process that has not talked to Auth0 yet
		fault chiauth0test.Faults
		want  string // where to
	}{
		"all is well":                          {false, chiauth0test.Faults{}, "oidc/logout"},
		"Auth0 fails later on":                 {false, fails, "oidc/logout"},
		"Auth0 fails, and was never reached":   {true, fails, "v2/logout"},
		"a process that was started meanwhile": {true, chiauth0test.Faults{}, "oidc/logout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			b := a.browser()
			b.signIn(ada)
			cookie := b.sessionCookie()
			if test.fresh {
				a.nextNode()
			}
			a.tenant.Misbehave(test.fault)
			resp := b.get("/auth0/logout")
			if want := a.tenant.Issuer() + test.want + "?"; resp.StatusCode != 303 ||
				!strings.HasPrefix(resp.location(), want) {
				t.Errorf("answered %s, %q", resp.Status, resp.location())
			}
			if got := resp.Header.Get("Cache-Control"); got != "private, no-store" {
				t.Errorf("Cache-Control %q", got)
			}
			checkSignedOut(t, b, cookie)
		})
	}

	t.Run("the browser is closed in the middle", func(t *testing.T) {
		t.Parallel()
		store := &impatientStore{memstore.New()}
		a := newApp(t, func(c *chiauth0.Config) {
			c.Sessions = scs.New() // whose Destroy reaches its store with the request's own context
			c.Sessions.Store = store
		})
		b := a.browser()
		b.signIn(ada)
		cookie := b.cookies()["__Host-session"]
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/auth0/logout", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", "__Host-session="+cookie)
		if _, err := a.net.RoundTrip(request); err == nil {
			t.Error("the request was not cancelled, so the test proves nothing")
		}
		if got := b.whoami(); got == "hello "+ada {
			t.Error("still signed in")
		}
	})
}

// An impatientStore does nothing for a request that was given up, as a store across the network.
type impatientStore struct{ *memstore.Store }

func (s *impatientStore) DeleteCtx(ctx context.Context, token string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Delete(token)
}

// Where the browser is sent, and that the tenant accepts it.
func TestLogoutAtAuth0(t *testing.T) {
	t.Parallel()
	type tenant = chiauth0test.Tenant
	type query = map[string]string
	const redirectURI = "post_logout_redirect_uri"
	for name, test := range map[string]struct {
		setUp  func(*tenant)
		change func(*chiauth0.Config)
		path   string
		want   query // "*" for any value
		ends   string
	}{
		"end_session_endpoint": {
			nil, nil, "oidc/logout",
			query{"id_token_hint": "*", redirectURI: "https://app.example/auth0"},
			"https://app.example/auth0",
		},
		"federated": {
			nil, func(c *chiauth0.Config) { c.FederatedLogout = true }, "oidc/logout",
			query{"id_token_hint": "*", redirectURI: "https://app.example/auth0", "federated": ""},
			"https://app.example/auth0",
		},
		"a tenant without it": {
			func(t *tenant) { likeAuth0(t) }, nil, "v2/logout",
			query{"returnTo": "https://app.example/auth0"},
			"https://app.example/auth0",
		},
		"a tenant without it, federated": {
			func(t *tenant) { likeAuth0(t) }, func(c *chiauth0.Config) { c.FederatedLogout = true },
			"v2/logout",
			query{"returnTo": "https://app.example/auth0", "federated": ""},
			"https://app.example/auth0",
		},
		"a hint that is too long gives way to sid": {
			func(t *tenant) {
				t.AddUser(chiauth0test.User{
					Email: ada, Password: "password",
					Claims: map[string]any{"https://app.example/essay": strings.Repeat("x", 4000)},
				})
			}, nil, "oidc/logout",
			query{"logout_hint": "*", redirectURI: "https://app.example/auth0"},
			"https://app.example/auth0",
		},
		"an endpoint with a query of its own": {
			func(t *tenant) {
				t.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) {
					doc["end_session_endpoint"] = t.Issuer() + "oidc/logout?ui=new&client_id=other"
				}})
			}, nil, "oidc/logout",
			query{"ui": "new", "id_token_hint": "*", redirectURI: "https://app.example/auth0"},
			"https://app.example/auth0",
		},
		"PostLogoutURL": {
			nil, func(c *chiauth0.Config) { c.PostLogoutURL = "https://app.example/" },
			"oidc/logout",
			query{"id_token_hint": "*", redirectURI: "https://app.example/"},
			"https://app.example/",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, func(c *chiauth0.Config) {
				if test.change != nil {
					test.change(c)
				}
			})
			if test.setUp != nil {
				test.setUp(a.tenant)
			}
			b := a.browser()
			b.signIn(ada)
			resp := b.get(
				"/auth0/logout?next_url=/account&returnTo=https://evil.example&federated=1",
			) // of no effect
			location, err := resp.Location()
			if err != nil ||
				!strings.HasPrefix(location.String(), a.tenant.Issuer()+test.path+"?") {
				t.Fatalf("answered %s, %q", resp.Status, resp.location())
			}
			sent := location.Query()
			for name, want := range test.want {
				if got := sent.Get(name); !sent.Has(name) ||
					got != want && (want != "*" || got == "") {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if got := sent.Get("client_id"); got != a.client.ID {
				t.Errorf("client_id is %q, want %q", got, a.client.ID)
			}
			if len(sent) != len(test.want)+1 {
				t.Errorf("sent %v, want %v", sent, test.want)
			}
			if sent.Has("federated") && strings.Contains(location.RawQuery, "federated=") {
				t.Errorf("federated has to come without an equals sign: %s", location.RawQuery)
			}
			if n := len(location.String()); n > 3000 {
				t.Errorf("an URL of %d bytes", n)
			}
			if end := b.follow(location.String()); end.String() != test.ends {
				t.Errorf("the tenant leads to %s, want %s", end, test.ends)
			}
			// Signed out at the tenant too: the next login shows the login page.
			if page := b.get(b.begin("/auth0/login").String()); strings.HasPrefix(
				page.location(),
				a.base,
			) {
				t.Errorf("single sign-on is still on: %s", page.location())
			}
		})
	}
}

// likeAuth0 makes the tenant one without an end_session_endpoint, which still is known as Auth0.
func likeAuth0(t *chiauth0test.Tenant) {
	t.NoEndSession = true
	t.Misbehave(chiauth0test.Faults{Discovery: func(doc map[string]any) {
		doc["mfa_challenge_endpoint"] = t.Issuer() + "mfa/challenge"
	}})
}

// What ends a session, what asks first, and what does nothing.
func TestLogoutAsked(t *testing.T) {
	t.Parallel()
	const (
		ends    = "ends the session"
		asks    = "asks a person"
		refuses = "refuses"
		idles   = "does nothing"

		malformed = "says that a POST is needed"
	)
	for name, test := range map[string]struct {
		method  string
		headers []string
		want    string
	}{
		"GET, an old browser": {"GET", nil, ends},
		"GET, typed in": {
			"GET", []string{fetchMode, "navigate", fetchSite, "none"}, ends,
		},
		"GET, own link": {
			"GET", []string{fetchMode, "navigate", fetchSite, "same-origin"}, ends,
		},
		"GET, a link elsewhere": {
			"GET", []string{fetchMode, "navigate", fetchSite, "cross-site"}, asks,
		},
		"GET, a link on a sibling": {
			"GET", []string{fetchMode, "navigate", fetchSite, "same-site"}, asks,
		},
		"GET, cross-site, no mode": {"GET", []string{fetchSite, "cross-site"}, asks},
		"GET, an image elsewhere": {
			"GET", []string{fetchMode, "no-cors", fetchSite, "cross-site"}, asks,
		},
		"GET, by a service worker": {
			"GET", []string{fetchMode, "cors", fetchSite, "same-origin"}, asks,
		},
		"GET, by fetch": {
			"GET",
			[]string{"Accept", "*/*", fetchMode, "cors", fetchSite, "same-origin"},
			malformed,
		},
		"GET, previewed":             {"GET", []string{"Purpose", "preview"}, idles},
		"GET, previewed by Safari":   {"GET", []string{"X-Purpose", "preview"}, idles},
		"GET, prefetched by Firefox": {"GET", []string{"X-Moz", "prefetch"}, idles},
		"GET, old browser, own link": {
			"GET", []string{"Referer", "https://app.example/account"}, ends,
		},
		"GET, old browser, own link, port": {
			"GET", []string{"Referer", "https://app.example:443/"}, ends,
		},
		"GET, old browser, foreign link": {
			"GET", []string{"Referer", "https://evil.example/"}, asks,
		},
		"GET, old browser, sibling's link": {
			"GET", []string{"Referer", "https://www.app.example/"}, asks,
		},
		"GET, old browser, other scheme": {
			"GET", []string{"Referer", "http://app.example/"}, asks,
		},
		"GET, old browser, look-alike": {
			"GET", []string{"Referer", "https://app.example.evil.example/"}, asks,
		},
		"GET, old browser, odd Referer": {"GET", []string{"Referer", "%zz"}, asks},
		"GET, new browser, no Referer": {
			"GET", []string{fetchSite, "same-origin", "Referer", ""}, ends,
		},
		"GET, prefetched": {
			"GET", []string{"Sec-Purpose", "prefetch;prerender"}, idles,
		},
		"GET, prefetched, older": {"GET", []string{"Purpose", "prefetch"}, idles},
		"POST, own form": {
			"POST", []string{fetchSite, "same-origin", "Origin", "https://app.example"}, ends,
		},
		"POST, own form, an old browser": {
			"POST", []string{"Origin", "https://app.example"}, ends,
		},
		"POST, a program": {"POST", nil, ends},
		"POST, a form elsewhere": {
			"POST", []string{fetchSite, "cross-site", "Origin", "https://evil.example"}, refuses,
		},
		"POST, a form on a sibling": {
			"POST", []string{fetchSite, "same-site", "Origin", "https://www.app.example"}, refuses,
		},
		"POST, elsewhere, an old browser": {
			"POST", []string{"Origin", "https://evil.example"}, refuses,
		},
		"POST, from a sandboxed frame": {"POST", []string{"Origin", "null"}, refuses},
		"POST, own form, behind a proxy": {
			"POST", []string{"Origin", "https://app.example", "Host", "10.0.0.7:8080"}, ends,
		},
		"POST, elsewhere, behind a proxy": {
			"POST", []string{"Origin", "http://10.0.0.8:8080", "Host", "10.0.0.7:8080"}, refuses,
		},
		"POST, the scheme is another site": {
			"POST", []string{"Origin", "http://evil.app.example"}, refuses,
		},
		"HEAD":   {"HEAD", nil, idles},
		"DELETE": {"DELETE", nil, "405"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			b := a.browser()
			b.signIn(ada)
			// net/http's client files cookies under the Host it was told to send.
			headers := append(
				[]string{"Cookie", a.cfg.Sessions.Cookie.Name + "=" + b.sessionCookie()},
				test.headers...)
			resp := b.do(test.method, "/auth0/logout", headers...)
			status := map[string]int{
				ends: http.StatusSeeOther, asks: http.StatusOK, refuses: http.StatusForbidden,
				idles:     http.StatusServiceUnavailable,
				malformed: http.StatusBadRequest,
				"405":     http.StatusMethodNotAllowed,
			}[test.want]
			if resp.StatusCode != status {
				t.Errorf("answered %s, want %d", resp.Status, status)
			}
			signedIn := b.whoami() == "hello "+ada
			if signedIn == (test.want == ends) {
				t.Errorf("%s, but signed in: %t", test.want, signedIn)
			}
			if test.want != ends && len(resp.Header["Set-Cookie"]) > 0 {
				t.Errorf("cookies %q", resp.Header["Set-Cookie"])
			}
			if got := resp.Header.Get("Cache-Control"); got != "private, no-store" {
				t.Errorf("Cache-Control %q", got)
			}
			if test.want == asks &&
				!strings.Contains(resp.body, `<form method="post" action="/auth0/logout">`) {
				t.Errorf("no button to confirm with: %s", resp.body)
			}
		})
	}
}

func TestLogoutOfNobody(t *testing.T) {
	t.Parallel()
	t.Run("still the logged-out page", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		resp := b.get("/auth0/logout")
		location, err := resp.Location()
		if err != nil || resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("answered %s", resp.Status)
		}
		got := location.Query().Get("post_logout_redirect_uri")
		if got != "https://app.example/auth0" {
			t.Errorf("post_logout_redirect_uri %q", got)
		}
		if end := b.follow("/auth0/logout"); end.String() != "https://app.example/auth0" {
			t.Errorf("ends at %s", end)
		}
		if a.sessions() != 0 {
			t.Errorf("%d sessions", a.sessions())
		}
	})
	t.Run("open transactions are dropped", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		b := a.browser()
		b.begin("/auth0/login")
		callback := b.authorize(b.begin("/auth0/login"), ada)
		before := 0
		for name := range b.cookies() {
			if strings.Contains(name, "_tx_") {
				before++
			}
		}
		if before != 2 {
			t.Fatalf("%d transactions under way, want 2", before)
		}
		b.get("/auth0/logout")
		for name := range b.cookies() {
			if strings.Contains(name, "chiauth0") {
				t.Errorf("%s is kept", name)
			}
		}
		b.refusedByRestart(b.get(callback.String()))
	})
}
