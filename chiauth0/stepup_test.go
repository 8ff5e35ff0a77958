package chiauth0_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// newStepUp starts an application with pages that need a recent login or a second factor. Ada and
// Grace have a second factor.
func newStepUp(t *testing.T, changes ...func(*chiauth0.Config)) *app {
	t.Helper()
	a := newApp(t, changes...)
	a.addStepUp()
	return a
}

func (a *app) addStepUp() {
	for _, email := range []string{ada, grace} {
		a.tenant.AddUser(chiauth0test.User{Email: email, Password: "password", MFA: true})
	}
	r := a.router
	r.With(chiauth0.RequireRecentLogin(a.cfg, 5*time.Minute)).HandleFunc("/recent", whoami)
	r.With(chiauth0.RequireMFA(a.cfg, time.Hour)).HandleFunc("/mfa", whoami)
	r.With(chiauth0.RequireMFA(a.cfg, time.Hour), chiauth0.RequireRecentLogin(a.cfg, time.Minute)).
		HandleFunc("/both", whoami)
	r.With(chiauth0.RequireLogin(a.cfg)).Post("/cart", cart(a.cfg.Sessions))
}

// stepUp opens a page that sends the browser to a login, and returns where that leads at the
// tenant.
func (b *browser) stepUp(page string) *url.URL {
	b.app.t.Helper()
	resp := b.get(page)
	if resp.StatusCode != http.StatusFound ||
		!strings.HasPrefix(resp.location(), b.app.base+"/auth0/login?") {
		b.app.t.Fatalf("%s: got %s, Location %q, want the login",
			page, resp.Status, resp.location())
	}
	return b.begin(resp.location())
}

func (b *browser) wantPage(page, want string) {
	b.app.t.Helper()
	if resp := b.get(page); resp.StatusCode != http.StatusOK || resp.body != want {
		b.app.t.Errorf("%s: got %s %q, want %q", page, resp.Status, resp.body, want)
	}
}

// wantEnd finishes a login and checks the page that it ends on.
func (b *browser) wantEnd(authorize *url.URL, email, page string) {
	b.app.t.Helper()
	resp := b.get(b.authorize(authorize, email).String())
	if resp.StatusCode != http.StatusSeeOther || resp.location() != b.app.base+page {
		b.app.t.Errorf("the login ends with %s at %q, want %q: %s",
			resp.Status, resp.location(), page, b.app.log)
	}
}

func TestStepUpOfAPage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		page, maxAge, acr string
		wait              time.Duration
	}{
		"a login that is too old":           {"/recent?a=b&c", "300", "", 6 * time.Minute},
		"no second factor":                  {"/mfa?a=b&c", "3600", multiFactor, 0},
		"a second factor and an old login":  {"/mfa", "3600", multiFactor, 61 * time.Minute},
		"a page that next_url cannot carry": {"/recent?next=//x%2F", "300", "", 6 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newStepUp(t)
			a.inBubble(func(*testing.T) {
				b := a.browser()
				b.signIn(ada)
				b.get("/cart?add=tea")
				time.Sleep(test.wait)

				authorize := b.stepUp(test.page)
				query := authorize.Query()
				if query.Get("max_age") != test.maxAge || query.Get("acr_values") != test.acr {
					t.Errorf("got max_age %q and acr_values %q, want %q and %q",
						query.Get("max_age"), query.Get("acr_values"), test.maxAge, test.acr)
				}
				b.wantEnd(authorize, ada, test.page)
				b.wantPage(test.page, "hello "+ada)
				b.wantPage("/cart", "cart: tea")
			})
		})
	}
}

// A login that began with a session is enough until it is too old.
func TestStepUpExpires(t *testing.T) {
	t.Parallel()
	a := newStepUp(t)
	a.inBubble(func(*testing.T) {
		b := a.browser()
		b.signIn(ada)
		b.wantPage("/recent", "hello "+ada)
		b.wantEnd(b.stepUp("/mfa"), ada, "/mfa")

		time.Sleep(59 * time.Minute)
		b.wantPage("/mfa", "hello "+ada)
		time.Sleep(2 * time.Minute)
		b.wantEnd(b.stepUp("/mfa"), ada, "/mfa")
		b.wantPage("/mfa", "hello "+ada)
	})
}

// The guards look at the claims of the login, and at nothing else.
func TestStepUpClaims(t *testing.T) {
	t.Parallel()
	a := newStepUp(t, func(c *chiauth0.Config) { c.ACRValues = "ours" })
	// login is the identity of a login some time ago.
	login := func(ago time.Duration, acr string, amr ...string) userprovider.Identity {
		return userprovider.Identity{AuthTime: time.Now().Add(-ago), ACR: acr, AMR: amr}
	}
	mfa := []string{"pwd", "mfa"}
	for name, test := range map[string]struct {
		page     string
		identity userprovider.Identity
		want     int
	}{
		"recent":                  {"/recent", login(4*time.Minute, ""), 200},
		"too old":                 {"/recent", login(301*time.Second, ""), 302},
		"no auth_time":            {"/recent", userprovider.Identity{AMR: mfa}, 302},
		"a clock that is ahead":   {"/recent", login(-50*time.Second, ""), 200},
		"auth_time in the future": {"/recent", login(-time.Hour, ""), 302},
		"amr":                     {"/mfa", login(0, "", mfa...), 200},
		"acr":                     {"/mfa", login(0, multiFactor), 200},
		"amr, too old":            {"/mfa", login(61*time.Minute, "", mfa...), 302},
		"amr, no auth_time":       {"/mfa", userprovider.Identity{AMR: mfa}, 302},
		"another amr":             {"/mfa", login(0, "", "pwd", "MFA"), 302},
		"an acr of the Config":    {"/mfa", login(0, "ours"), 302},
		"an acr that contains it": {"/mfa", login(0, multiFactor+"x"), 302},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, test.page, nil)
			r.Header.Set("Accept", "text/html")
			user := userprovider.User{ID: "1", Active: true}
			ctx := chiauth0.WithUser(r.Context(), user, test.identity)
			w := httptest.NewRecorder()
			a.router.ServeHTTP(w, r.WithContext(ctx))
			if w.Code != test.want {
				t.Errorf("got %d, want %d", w.Code, test.want)
			}
		})
	}
}

func TestStepUpOfAProgram(t *testing.T) {
	t.Parallel()
	a := newStepUp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		b.signIn(ada)
		time.Sleep(6 * time.Minute)
		for page, want := range map[string]string{
			"/recent": `max_age="300"`,
			"/mfa":    `max_age="3600", acr_values="` + multiFactor + `"`,
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				resp := b.do(method, page, "Accept", "application/json")
				checkProblem(t, resp, http.StatusUnauthorized, "insufficient_user_authentication")
				challenge := resp.Header.Get("WWW-Authenticate")
				if !strings.HasPrefix(challenge, "Cookie realm=") ||
					!strings.Contains(challenge, `error="insufficient_user_authentication"`) ||
					!strings.HasSuffix(challenge, want) {
					t.Errorf("%s %s: got the challenge %s, want one with %s",
						method, page, challenge, want)
				}
			}
		}
		if resp := a.browser().get("/mfa", "Accept", "application/json"); resp.StatusCode != 401 {
			t.Errorf("anonymous: got %s, want 401", resp.Status)
		} else {
			checkProblem(t, resp, http.StatusUnauthorized, "not_signed_in")
		}
	})
}

var retryLink = regexp.MustCompile(`class="main" href="([^"]*)"`)

// A form that is posted is not lost in a redirect: the page links to a login that ends at the form.
func TestStepUpOfAForm(t *testing.T) {
	t.Parallel()
	for referer, want := range map[string]string{
		"https://app.example/form?x=1":    "/form?x=1",
		"":                                "/mfa?a=b",
		"https://evil.example/form":       "/mfa?a=b",
		"https://app.example//evil/x":     "/mfa?a=b",
		"https://app.example/auth0/login": "/mfa?a=b",
	} {
		t.Run("Referer "+referer, func(t *testing.T) {
			t.Parallel()
			b := newStepUp(t).browser()
			b.signIn(ada)
			resp := b.do(http.MethodPost, "/mfa?a=b", "Referer", referer)
			link := retryLink.FindStringSubmatch(resp.body)
			if resp.StatusCode != http.StatusForbidden || link == nil ||
				strings.Contains(resp.body, "hello") {
				t.Fatalf("got %s, want 403 and a page with a link: %s", resp.Status, resp.body)
			}
			b.wantEnd(b.begin(html.UnescapeString(link[1])), ada, want)
			if resp := b.do(http.MethodPost, "/mfa?a=b"); resp.body != "hello "+ada {
				t.Errorf("after the login: got %s %q", resp.Status, resp.body)
			}
		})
	}
}

// checkStepUpFailed checks the page of a login that does not fulfil what was asked for, and that
// the session is the one of before.
func (b *browser) checkStepUpFailed(resp *response, logged ...string) {
	b.app.t.Helper()
	if resp.StatusCode != http.StatusForbidden || resp.location() != "" ||
		!strings.Contains(resp.body, "This login is not enough") {
		b.app.t.Errorf("got %s, Location %q, want 403 and a page: %s",
			resp.Status, resp.location(), resp.body)
	}
	line := b.app.log.lastLine()
	for _, want := range append(logged, "level=WARN", "code=step_up_failed") {
		if !strings.Contains(line, want) {
			b.app.t.Errorf("got the log line %s, want %s in it", line, want)
		}
	}
	if got := b.whoami(); got != "hello "+ada {
		b.app.t.Errorf("afterwards: got %q, want Ada still signed in", got)
	}
}

func TestStepUpThatTheTenantIgnores(t *testing.T) {
	t.Parallel()
	t.Run("no Action", func(t *testing.T) {
		t.Parallel()
		a := newStepUp(t)
		a.tenant.NoMFAAction = true
		b := a.browser()
		b.signIn(ada)
		b.checkStepUpFailed(b.open("/mfa"), "Action", "acr_values", multiFactor)
		if got := a.tenant.RequestCount("/authorize"); got != 2 {
			t.Errorf("got %d logins, want the first one and one step-up", got)
		}
	})
	t.Run("acr_values removed in the browser", func(t *testing.T) {
		t.Parallel()
		b := newStepUp(t).browser()
		b.signIn(ada)
		authorize := without(b.stepUp("/mfa"), "acr_values")
		b.checkStepUpFailed(b.get(b.authorize(authorize, ada).String()))
		b.stepUp("/mfa")
	})
	t.Run("no auth_time", func(t *testing.T) {
		t.Parallel()
		a := newStepUp(t)
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: drop("auth_time")})
		b := a.browser()
		b.signIn(ada) // other logins work
		b.checkStepUpFailed(b.open("/recent"), "auth_time")
		if got := a.tenant.RequestCount("/authorize"); got != 2 {
			t.Errorf("got %d logins, want the first one and one step-up", got)
		}
	})
	t.Run("an old auth_time", func(t *testing.T) {
		t.Parallel()
		a := newStepUp(t)
		b := a.browser()
		b.signIn(ada)
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: set("auth_time", -6*time.Minute)})
		b.signOutHere()
		b.signIn(ada)
		b.checkStepUpFailed(b.open("/recent"), "auth_time", "clock")
		if got := a.tenant.RequestCount("/authorize"); got != 4 {
			t.Errorf("got %d logins, want two and two attempts of a step-up", got)
		}
	})
}

// The tenant's clock is behind: it takes a login for recent that is too old here.
func TestStepUpAsksAgainIfTheClocksDiffer(t *testing.T) {
	t.Parallel()
	a := newStepUp(t)
	a.inBubble(func(*testing.T) {
		a.tenant.Now = func() time.Time { return time.Now().Add(-30 * time.Second) }
		b := a.browser()
		b.signIn(ada)
		time.Sleep(4*time.Minute + 45*time.Second)

		callback := b.authorize(b.stepUp("/recent"), ada) // by single sign-on
		second := b.begin(callback.String())
		if got := second.Query().Get("max_age"); got != "0" {
			t.Errorf("second login: got max_age %q, want 0", got)
		}
		b.wantEnd(second, ada, "/recent")
		b.wantPage("/recent", "hello "+ada)
	})
}

func TestStepUpOfAnotherUser(t *testing.T) {
	t.Parallel()
	a := newStepUp(t)
	b := a.browser()
	b.signIn(ada)
	b.get("/cart?add=tea")

	login := b.get("/mfa").location()
	authorize := b.begin(login + "&prompt=login")
	b.wantEnd(authorize, grace, "/")
	b.wantPage("/", "hello "+grace)
	b.wantPage("/cart", "cart: ")
}

// The query of the link can neither lower what the guard needs, nor move the end of the login.
func TestStepUpIsSealed(t *testing.T) {
	t.Parallel()
	a := newStepUp(t)
	b := a.browser()
	b.signIn(ada)
	login, err := url.Parse(b.get("/mfa").location())
	if err != nil {
		t.Fatal(err)
	}
	query := login.Query()
	query.Set("max_age", "99999")
	query.Set("next_url", "/account")
	query.Del("acr_values")
	login.RawQuery = query.Encode()

	authorize := b.begin(login.String())
	sent := authorize.Query()
	if sent.Get("max_age") != "3600" || sent.Get("acr_values") != multiFactor {
		t.Errorf("got max_age %q and acr_values %q, want those of the guard",
			sent.Get("max_age"), sent.Get("acr_values"))
	}
	b.wantEnd(authorize, ada, "/mfa")

	for _, other := range []string{"x", strings.Repeat("x", 5000), query.Get("step_up") + "x"} {
		authorize := b.begin("/auth0/login?next_url=/account&step_up=" + other)
		b.wantEnd(authorize, ada, "/account")
	}
}

func TestStepUpWithSettings(t *testing.T) {
	t.Parallel()
	t.Run("ACRValues", func(t *testing.T) {
		t.Parallel()
		a := newStepUp(t, func(c *chiauth0.Config) { c.ACRValues = "ours" })
		b := a.browser()
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: set("acr", "ours")})
		b.signIn(ada)
		a.tenant.Misbehave(chiauth0test.Faults{})
		authorize := b.stepUp("/mfa")
		if got := authorize.Query().Get("acr_values"); got != "ours "+multiFactor {
			t.Errorf("got acr_values %q, want ours and the policy", got)
		}
		b.wantEnd(authorize, ada, "/mfa")
	})
	t.Run("a smaller MaxAge", func(t *testing.T) {
		t.Parallel()
		a := newStepUp(t, func(c *chiauth0.Config) { c.MaxAge = time.Minute })
		b := a.browser()
		b.signIn(ada)
		authorize := b.stepUp("/mfa")
		if got := authorize.Query().Get("max_age"); got != "60" {
			t.Errorf("got max_age %q, want 60", got)
		}
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: set("auth_time", -5*time.Minute)})
		resp := b.get(b.authorize(authorize, ada).String())
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("auth_time is older than MaxAge: got %s, want 400", resp.Status)
		}
	})
	t.Run("prompt=login in the link", func(t *testing.T) {
		t.Parallel()
		a := newStepUp(t)
		b := a.browser()
		b.signIn(ada)
		a.tenant.Misbehave(chiauth0test.Faults{IDToken: set("auth_time", -5*time.Minute)})
		authorize := b.begin(b.get("/mfa").location() + "&prompt=login")
		resp := b.get(b.authorize(authorize, ada).String())
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("auth_time is not of this login: got %s, want 400", resp.Status)
		}
	})
	t.Run("a session of an organization", func(t *testing.T) {
		t.Parallel()
		a := newStepUp(t)
		a.tenant.AddOrganization(chiauth0test.Organization{ID: "org_one", Name: "one"})
		a.tenant.AddUser(chiauth0test.User{
			Email: ada, Password: "password", MFA: true, Organizations: []string{"org_one"},
		})
		b := a.browser()
		b.login("/auth0/login?organization=one", ada)
		authorize := b.stepUp("/mfa")
		if got := authorize.Query().Get("organization"); got != "org_one" {
			t.Errorf("got organization %q, want the one of the session", got)
		}
		b.wantEnd(authorize, ada, "/mfa")
	})
	t.Run("two guards", func(t *testing.T) {
		t.Parallel()
		a := newStepUp(t)
		a.inBubble(func(t *testing.T) {
			b := a.browser()
			b.signIn(ada)
			time.Sleep(2 * time.Hour)
			if resp := b.open("/both"); resp.body != "hello "+ada {
				t.Errorf("got %s: %s", resp.Status, resp.body)
			}
		})
	})
	t.Run("a time under a second", func(t *testing.T) {
		t.Parallel()
		cfg := validConfig()
		for name, guard := range map[string]func(){
			"RequireMFA":         func() { chiauth0.RequireMFA(cfg, 0) },
			"RequireRecentLogin": func() { chiauth0.RequireRecentLogin(cfg, 999*time.Millisecond) },
		} {
			if got := fmt.Sprint(panicOf(guard)); !strings.Contains(got, name) {
				t.Errorf("%s: got the panic %s, want one that names it", name, got)
			}
		}
	})
}

// A login whose cookie is gone begins again, and still has to fulfil what the guard needs.
func TestStepUpSurvivesARestart(t *testing.T) {
	t.Parallel()
	a := newStepUp(t)
	b := a.browser()
	b.signIn(ada)
	callback := b.authorize(b.stepUp("/mfa"), ada)
	b.Jar = a.browser().Jar
	authorize := b.begin(callback.String())
	if got := authorize.Query().Get("acr_values"); got != multiFactor {
		t.Errorf("got acr_values %q, want the policy", got)
	}
	resp := b.get(b.authorize(without(authorize, "acr_values"), ada).String())
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("without acr_values: got %s, want 403", resp.Status)
	}
}

// Without a guard that needs it, logins do not ask for auth_time. With one, they do not limit it.
func TestLoginAsksForAuthTimeIfAGuardNeedsIt(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		if got := b.begin("/auth0/login").Query(); got.Has("max_age") {
			t.Errorf("without a guard: got max_age %q, want none", got.Get("max_age"))
		}
		b.signIn(ada)
		a.addStepUp()
		time.Sleep(48 * time.Hour)
		authorize := b.begin("/auth0/login")
		if got := authorize.Query().Get("max_age"); got != "315360000" {
			t.Errorf("with a guard: got max_age %q, want ten years", got)
		}
		if got := b.begin("/auth0/login?max_age=60").Query().Get("max_age"); got != "60" {
			t.Errorf("with max_age: got %q, want 60", got)
		}
		b.wantEnd(authorize, ada, "/")
	})
}

// A step-up asks for no refresh token that the session has.
func TestLoginOfTheSameUserKeepsTheRefreshToken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		email string
		want  int
	}{
		"the same user": {ada, http.StatusOK},
		"another user":  {grace, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newTokenApp(t)
			a.addStepUp()
			a.inBubble(func(*testing.T) {
				b := a.browser()
				b.signIn(ada)
				noToken := func(_ *int, body map[string]any) { delete(body, "refresh_token") }
				a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: noToken})
				authorize := b.begin(b.get("/mfa").location() + "&prompt=login")
				b.get(b.authorize(authorize, test.email).String())
				a.tenant.Misbehave(chiauth0test.Faults{})
				time.Sleep(time.Minute)
				if resp := b.get("/token?audience=" + reportsAPI); resp.StatusCode != test.want {
					t.Errorf("got %s, want %d: %s", resp.Status, test.want, resp.body)
				}
			})
		})
	}
}
