package chiauth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// navigation is what a browser sends when a person opens a page.
var navigation = []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}

func silentLogin(c *chiauth0.Config) { c.SilentLogin = true }

// newSilentApp starts an application with silent logins, and a browser whose user has logged in and
// whose session here has ended since. The session at the tenant goes on.
func newSilentApp(t *testing.T, changes ...func(*chiauth0.Config)) (*app, *browser) {
	t.Helper()
	a := newApp(t, append(changes, silentLogin)...)
	a.router.Group(func(r chi.Router) {
		r.Use(chiauth0.LoadUser(a.cfg))
		r.HandleFunc("/news", whoami)
	})
	b := a.browser()
	b.signIn(ada)
	b.loseSession()
	return a, b
}

// loseSession removes the session cookie, as its expiry does.
func (b *browser) loseSession() {
	b.app.t.Helper()
	for name, value := range b.cookies() {
		if value == b.sessionCookie() {
			b.removeCookie(name)
		}
	}
	if got := b.whoami(); !strings.HasPrefix(got, "anonymous") {
		b.app.t.Fatalf("without the session cookie: got %q, want an anonymous page", got)
	}
}

func (b *browser) removeCookie(name string) {
	b.app.t.Helper()
	u, err := url.Parse(b.app.base)
	if err != nil {
		b.app.t.Fatal(err)
	}
	b.Jar.SetCookies(u, []*http.Cookie{{Name: name, Path: "/", Secure: true, MaxAge: -1}})
}

// cookieName returns the full name of a cookie with this prefix, or "".
func (b *browser) cookieName(prefix string) string {
	for name := range b.cookies() {
		if strings.HasPrefix(name, "__Host-"+prefix) {
			return name
		}
	}
	return ""
}

// navigate opens a page as a browser does and follows all redirects.
func (b *browser) navigate(target string) *response {
	b.app.t.Helper()
	resp := b.get(target, navigation...)
	for range 10 {
		if resp.location() == "" {
			return resp
		}
		location, err := resp.Location()
		if err != nil {
			b.app.t.Fatal(err)
		}
		resp = b.get(location.String(), navigation...)
	}
	b.app.t.Fatalf("opening %s does not end: it is redirected to %s", target, resp.location())
	return nil
}

func isSilentRedirect(resp *response) bool {
	return resp.StatusCode == http.StatusFound &&
		strings.HasPrefix(resp.location(), "https://app.example/auth0/login?prompt=none&")
}

func (b *browser) checkPage(resp *response, path string) {
	b.app.t.Helper()
	if isSilentRedirect(resp) || resp.StatusCode != http.StatusOK {
		b.app.t.Errorf("GET %s: got %s, Location %q, want the page\n%s",
			path, resp.Status, resp.location(), resp.body)
	}
}

func TestSilentLoginSignsInAReturningUser(t *testing.T) {
	t.Parallel()
	_, b := newSilentApp(t)
	resp := b.get("/news?page=2&q=a%26b", navigation...)
	if !isSilentRedirect(resp) {
		t.Fatalf("got %s, Location %q, want a silent login", resp.Status, resp.location())
	}
	if got := resp.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control of the redirect: got %q, want no-store", got)
	}
	vary := strings.Join(resp.Header.Values("Vary"), ",")
	if !strings.Contains(vary, "Cookie") {
		t.Errorf("Vary of the redirect: got %q, want Cookie", vary)
	}

	resp = b.navigate(resp.location())
	if want := "hello " + ada; resp.body != want {
		t.Errorf("after the silent login: got %q, want %q", resp.body, want)
	}
	want := "https://app.example/news?page=2&q=a%26b"
	if got := resp.Request.URL.String(); got != want {
		t.Errorf("the silent login ends on %s, want %s", got, want)
	}
}

func TestSilentLoginNeedsTheSwitch(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	b.signIn(ada)
	b.loseSession()
	b.checkPage(b.get("/", navigation...), "/")
	if name := b.cookieName("chiauth0_hint_"); name != "" {
		t.Errorf("the cookie %s is set without SilentLogin", name)
	}
	b.removeCookie(b.cookieName("chiauth0_loop_"))
	a.tenant.EndSessions(ada)
	resp := b.navigate("/auth0/login?prompt=none&silent=1")
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("silent=1 without SilentLogin: got %s, want 400", resp.Status)
	}
}

func TestSilentLoginIsNotForFirstVisitors(t *testing.T) {
	t.Parallel()
	a, _ := newSilentApp(t)
	visitor := a.browser()
	resp := visitor.get("/", navigation...)
	visitor.checkPage(resp, "/")
	if cookies := resp.Header.Values("Set-Cookie"); len(cookies) != 0 {
		t.Errorf("a first visitor gets the cookies %q, want none", cookies)
	}
}

func TestSilentLoginIsNotForOtherRequests(t *testing.T) {
	t.Parallel()
	_, b := newSilentApp(t)
	const mode, dest = "Sec-Fetch-Mode", "Sec-Fetch-Dest"
	for name, test := range map[string]struct {
		method, path string
		headers      []string
	}{
		"form":              {method: http.MethodPost},
		"HEAD":              {method: http.MethodHead},
		"fetch":             {headers: []string{mode, "cors", dest, "empty"}},
		"no navigation":     {headers: []string{mode, "no-cors"}},
		"iframe":            {headers: []string{dest, "iframe"}},
		"frame":             {headers: []string{dest, "frame"}},
		"service worker":    {headers: []string{dest, "empty"}},
		"prefetch":          {headers: []string{"Sec-Purpose", "prefetch"}},
		"prerender":         {headers: []string{"Sec-Purpose", "prefetch;prerender"}},
		"old prefetch":      {headers: []string{"Purpose", "prefetch"}},
		"htmx":              {headers: []string{"HX-Request", "true"}},
		"JSON":              {headers: []string{"Accept", "application/json"}},
		"no Fetch Metadata": {headers: []string{mode, "", dest, ""}},
		"Router's home":     {path: "/auth0"},
		"long query":        {path: "/news?q=" + strings.Repeat("a", 600)},
	} {
		t.Run(name, func(t *testing.T) {
			path := "/news"
			if test.path != "" {
				path = test.path
			}
			method := http.MethodGet
			if test.method != "" {
				method = test.method
			}
			resp := b.do(method, path, append(navigation[:4:4], test.headers...)...)
			b.checkPage(resp, path)
		})
	}
	if !isSilentRedirect(b.get("/news", navigation...)) {
		t.Error("a navigation afterwards is not redirected: the requests above prove nothing")
	}
}

func TestSilentLoginLeavesTheRouterAlone(t *testing.T) {
	t.Parallel()
	a, b := newSilentApp(t, func(c *chiauth0.Config) { c.CallbackURI = "/custom/path" })
	outer := chi.NewRouter()
	outer.Use(chiauth0.LoadUser(a.cfg))
	outer.Mount("/", a.router)
	a.net.serve(a.base, outer)
	if !isSilentRedirect(b.get("/news", navigation...)) {
		t.Error("a page of the application is not redirected")
	}
	b.removeCookie(b.cookieName("chiauth0_silent_"))
	for _, path := range []string{
		"/auth0", "/auth0/me", "/auth0/session", "/auth0/callback", "/auth0/unknown",
		"/custom/path", "/auth0/login", "/auth0/logout",
	} {
		if resp := b.get(path, navigation...); isSilentRedirect(resp) {
			t.Errorf("GET %s is redirected to a silent login", path)
		}
	}
}

func TestSilentLoginLeavesARouterAtTheRootAlone(t *testing.T) {
	t.Parallel()
	a := newApp(t, silentLogin, func(c *chiauth0.Config) {
		c.MountPath, c.CallbackURI = "/", "/custom/path"
	})
	outer := chi.NewRouter()
	outer.Use(chiauth0.LoadUser(a.cfg))
	outer.Mount("/", a.router)
	a.net.serve(a.base, outer)
	b := a.browser()
	b.login("/login", ada)
	for name := range b.cookies() {
		if !strings.Contains(name, "chiauth0_hint_") {
			b.removeCookie(name)
		}
	}
	for _, path := range []string{"/me", "/session", "/custom/path"} {
		resp := b.get(path, navigation...)
		if strings.Contains(resp.location(), "prompt=none") {
			t.Errorf("GET %s is redirected to a silent login", path)
		}
	}
	if resp := b.get("/", navigation...); !strings.Contains(resp.location(), "prompt=none") {
		t.Errorf("GET / of the application: got %s, want a silent login", resp.Status)
	}
}

func TestSilentLoginSparesASignedInUser(t *testing.T) {
	t.Parallel()
	t.Run("session", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, silentLogin)
		b := a.browser()
		b.signIn(ada)
		if got := b.get("/", navigation...).body; got != "hello "+ada {
			t.Errorf("got %q, want the page of the user", got)
		}
	})
	t.Run("WithUser", func(t *testing.T) {
		t.Parallel()
		a, b := newSilentApp(t)
		router := a.router
		a.net.serve(a.base, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user := userprovider.User{ID: "1", Active: true}
			ctx := chiauth0.WithUser(r.Context(), user, userprovider.Identity{Email: grace})
			router.ServeHTTP(w, r.WithContext(ctx))
		}))
		if got := b.get("/", navigation...).body; got != "hello "+grace {
			t.Errorf("got %q, want the page of the user", got)
		}
	})
}

func TestSilentLoginHappensOnceAVisit(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"login_required", "consent_required", "interaction_required", "account_selection_required",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			events := &eventLog{}
			a, b := newSilentApp(t, func(c *chiauth0.Config) { c.Events = events.add })
			a.tenant.Misbehave(deny(code, ""))
			before, eventsBefore := a.log.String(), len(events.names())

			resp := b.navigate("/news?page=2")
			b.checkPage(resp, "/news?page=2")
			if got := resp.Request.URL.RequestURI(); got != "/news?page=2" {
				t.Errorf("the silent login ends on %s, want the page with its query", got)
			}
			logged := strings.TrimPrefix(a.log.String(), before)
			for _, level := range []string{"INFO", "WARN", "ERROR"} {
				if strings.Contains(logged, "level="+level) {
					t.Errorf("got %s, want nothing above DEBUG", logged)
				}
			}
			if want := `level=DEBUG msg="silent login not possible" code=` + code; !strings.
				Contains(logged, want) {
				t.Errorf("got %q, want %s", logged, want)
			}
			if got := events.names()[eventsBefore:]; len(got) != 0 {
				t.Errorf("got the events %v, want none", got)
			}
			b.checkPage(b.get("/", navigation...), "/")

			// The mark of the attempt ends with the browser's visit.
			b.removeCookie(b.cookieName("chiauth0_silent_"))
			if !isSilentRedirect(b.get("/", navigation...)) {
				t.Error("the next visit does not begin a silent login")
			}
		})
	}
}

func TestSilentLoginHappensOnceWhenTheSessionVanishes(t *testing.T) {
	t.Parallel()
	_, b := newSilentApp(t)
	b.navigate("/news")
	b.loseSession()
	b.checkPage(b.get("/news", navigation...), "/news")
}

func TestLoopCounterIgnoresSilentLogins(t *testing.T) {
	t.Parallel()
	_, b := newSilentApp(t)
	b.signIn(ada)
	b.loseSession()
	if resp := b.get("/auth0/login"); resp.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("a third login: got %s, want 429", resp.Status)
	}
	loop := b.cookieName("chiauth0_loop_")
	before := b.cookies()[loop]
	if got, want := b.navigate("/news").body, "hello "+ada; got != want {
		t.Errorf("a silent login after two logins: got %q, want %q", got, want)
	}
	if b.cookies()[loop] != before {
		t.Error("the silent login has changed the loop counter")
	}
}

func TestSilentLoginThatFailsOtherwiseEndsOnThePage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults chiauth0test.Faults
		logged string
	}{
		"refused by an Action": {
			deny("access_denied", ""),
			`level=WARN msg="login failed" path=/auth0/callback status=403 code=access_denied`,
		},
		"invalid ID token": {
			chiauth0test.Faults{IDToken: func(j *chiauth0test.JWT) { j.Claims["aud"] = "another" }},
			`level=WARN msg="login failed" path=/auth0/callback status=400 code=invalid_token`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := newSilentApp(t)
			a.tenant.Misbehave(test.faults)
			b.checkPage(b.navigate("/news"), "/news")
			if !strings.Contains(a.log.String(), test.logged) {
				t.Errorf("got %s, want %s", a.log, test.logged)
			}
		})
	}
}

func TestSilentLoginDuringAnOutage(t *testing.T) {
	t.Parallel()
	t.Run("Auth0", func(t *testing.T) {
		t.Parallel()
		a, b := newSilentApp(t)
		next := a.cfg.Clone() // after a restart: the discovery document is not known
		a.net.serve(a.base, routes(next))
		a.net.serve(a.tenant.Issuer(), http.NotFoundHandler())
		b.checkPage(b.navigate("/"), "/")
		want := "level=ERROR msg=\"request refused\" path=/auth0/login status=503"
		if !strings.Contains(a.log.String(), want) {
			t.Errorf("got %s, want %s", a.log, want)
		}
	})
	t.Run("session store", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, silentLogin)
		b := a.browser()
		b.signIn(ada)
		a.store.down.Store(true)
		b.checkPage(b.get("/", navigation...), "/")
	})
}

func TestPromptNoneOfALinkKeepsItsErrorPage(t *testing.T) {
	t.Parallel()
	a, b := newSilentApp(t)
	a.tenant.EndSessions(ada)
	for _, path := range []string{"/auth0/login?prompt=none", "/auth0/login?prompt=none&page=x"} {
		if resp := b.navigate(path); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("GET %s: got %s, want 400", path, resp.Status)
		}
	}
}

func TestALoginWithoutPromptNoneIsNotSilent(t *testing.T) {
	t.Parallel()
	a, b := newSilentApp(t)
	b.removeCookie(b.cookieName("chiauth0_loop_"))
	a.tenant.Misbehave(deny("access_denied", ""))
	if resp := b.navigate("/auth0/login?silent=1"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("got %s, want the error page with 403", resp.Status)
	}
}

func TestStepUpIsNotSilent(t *testing.T) {
	t.Parallel()
	a, b := newSilentApp(t)
	a.router.With(chiauth0.RequireMFA(a.cfg, time.Hour)).Get("/mfa", whoami)
	b.signIn(ada)
	login := b.get("/mfa").location() + "&prompt=none&silent=1"
	a.tenant.Misbehave(deny("login_required", ""))
	toCallback := b.get(b.get(login, navigation...).location(), navigation...)
	resp := b.get(toCallback.location(), navigation...)
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s, want the error page with 400", resp.Status)
	}
}

func TestNoSilentLoginAfterALogoutUntilALogin(t *testing.T) {
	t.Parallel()
	_, b := newSilentApp(t)
	b.signIn(ada)
	resp := b.do(http.MethodPost, "/auth0/logout", "Sec-Fetch-Site", "same-origin")
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("logout: got %s, want 303", resp.Status)
	}
	if name := b.cookieName("chiauth0_hint_"); name != "" {
		t.Errorf("the cookie %s is there after the logout", name)
	}
	b.checkPage(b.get("/", navigation...), "/") // the session at the tenant goes on

	b.signIn(ada)
	b.loseSession()
	if !isSilentRedirect(b.get("/", navigation...)) {
		t.Error("the login after the logout does not allow a silent login")
	}
}

func TestNoSilentLoginAfterALogoutInAnotherTab(t *testing.T) {
	t.Parallel()
	_, b := newSilentApp(t)
	redirected := b.get("/news", navigation...)
	toTenant := b.get(redirected.location(), navigation...)
	toCallback := b.get(toTenant.location(), navigation...)

	b.removeCookie(b.cookieName("chiauth0_hint_")) // by a logout
	b.checkPage(b.navigate(toCallback.location()), "/news")
	if got := b.whoami(); !strings.HasPrefix(got, "anonymous") {
		t.Errorf("after the logout: got %q, want an anonymous page", got)
	}
}

func TestSilentLoginIsNotRestarted(t *testing.T) {
	t.Parallel()
	_, b := newSilentApp(t)
	redirected := b.get("/news", navigation...)
	toTenant := b.get(redirected.location(), navigation...)
	toCallback := b.get(toTenant.location(), navigation...)

	b.removeCookie(b.cookieName("chiauth0_tx_"))
	resp := b.get(toCallback.location(), navigation...)
	if got := resp.location(); got != "https://app.example/news" {
		t.Errorf("without its transaction: got %s, Location %q, want the page", resp.Status, got)
	}
}

func TestALoginAllowsAnotherSilentLogin(t *testing.T) {
	t.Parallel()
	_, b := newSilentApp(t)
	b.navigate("/news")
	b.loseSession()
	b.signIn(ada)
	b.loseSession()
	if !isSilentRedirect(b.get("/news", navigation...)) {
		t.Error("got the page, want a silent login")
	}
}

func TestSilentLoginCookies(t *testing.T) {
	t.Parallel()
	for base, prefix := range map[string]string{"https://app.example": "__Host-", "": ""} {
		a := newApp(t, silentLogin, func(c *chiauth0.Config) { c.BaseURL = base })
		b := a.browser()
		resp := b.login("/auth0/login", ada)
		cookie := setCookieWith(t, resp, prefix+"chiauth0_hint_")
		checkSilentCookie(t, cookie, base != "")
		if days := cookie.MaxAge / 86400; days != 400 {
			t.Errorf("the hint lasts %d days, want 400", days)
		}

		b.loseSession()
		cookie = setCookieWith(t, b.get("/", navigation...), prefix+"chiauth0_silent_")
		checkSilentCookie(t, cookie, base != "")
		if cookie.MaxAge != 0 || !cookie.Expires.IsZero() {
			t.Errorf("the mark of an attempt is %v, want a session cookie", cookie)
		}
	}
}

func setCookieWith(t *testing.T, resp *response, prefix string) *http.Cookie {
	t.Helper()
	for _, cookie := range resp.Cookies() {
		if strings.HasPrefix(cookie.Name, prefix) {
			return cookie
		}
	}
	t.Fatalf("got %s with %v, want a cookie %s…", resp.Status, resp.Cookies(), prefix)
	return nil
}

func checkSilentCookie(t *testing.T, c *http.Cookie, secure bool) {
	t.Helper()
	lax := c.SameSite == http.SameSiteLaxMode
	if !c.HttpOnly || !lax || c.Path != "/" || c.Domain != "" || c.Secure != secure {
		t.Errorf("got %v, want HttpOnly, SameSite=Lax, Path=/, no Domain, Secure %t", c, secure)
	}
	if c.Value != "1" {
		t.Errorf("the cookie %s has the value %q, want 1", c.Name, c.Value)
	}
}

func TestConfigsDoNotShareSilentLogins(t *testing.T) {
	t.Parallel()
	a, b := newSilentApp(t)
	a.addConfig(silentLogin)
	b.checkPage(b.get("/whoami2", navigation...), "/whoami2")

	if resp := b.login("/second/login", ada); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("login at the second Config: got %s\n%s", resp.Status, resp.body)
	}
	b.do(http.MethodPost, "/second/logout", "Sec-Fetch-Site", "same-origin")
	if !isSilentRedirect(b.get("/", navigation...)) {
		t.Error("the logout of the second Config ends silent logins of the first")
	}
}
