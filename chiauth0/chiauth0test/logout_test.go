package chiauth0test_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

const postLogout = "post_logout_redirect_uri"

type logoutTest struct {
	query  edits
	status int
	target string
	ends   bool // the session
}

func (a *app) wantLogout(path string, query url.Values, want logoutTest) {
	a.t.Helper()
	resp, body := a.get(a.tenant.Issuer() + path + "?" + query.Encode())
	location := resp.Header.Get("Location")
	if resp.StatusCode != want.status || location != want.target {
		a.t.Errorf("got %s, Location %q; want %d, %q\n%s",
			resp.Status, location, want.status, want.target, body)
	}
	if ended := !a.loggedIn(); ended != want.ends {
		a.t.Errorf("session ended: %v, want %v", ended, want.ends)
	}
}

func TestLogoutV2(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]logoutTest{
		"client_id and returnTo": {
			edits{"client_id": "app", "returnTo": loggedOut}, 302, loggedOut, true,
		},
		"federated": {
			edits{"client_id": "app", "returnTo": loggedOut, "federated": "1"},
			302, loggedOut, true,
		},
		"client_id alone": {edits{"client_id": "app"}, 302, loggedOut, true},
		"nothing":         {nil, 200, "", true},
		"an unregistered returnTo": {
			edits{"client_id": "app", "returnTo": "http://evil.test"}, 400, "", false,
		},
		"a returnTo without its query": {
			edits{"client_id": "app", "returnTo": "http://app.test/bye"}, 400, "", false,
		},
		"a callback URL": {
			edits{"client_id": "app", "returnTo": callbackURL}, 400, "", false,
		},
		"a returnTo without client_id": {edits{"returnTo": loggedOut}, 400, "", false},
		"an unknown client": {
			edits{"client_id": "other", "returnTo": loggedOut}, 400, "", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.code(nil)
			a.wantLogout("v2/logout", test.query.apply(url.Values{}), test)
		})
	}
}

// Auth0 compares a returnTo without its query. At /oidc/logout the query counts.
func TestLogoutURLWithAQuery(t *testing.T) {
	t.Parallel()
	const registered = "http://app.test/bye2"
	for path, want := range map[string]logoutTest{
		"v2/logout": {
			edits{"client_id": "app", "returnTo": registered + "?state=x"},
			302, registered + "?state=x", true,
		},
		"oidc/logout": {
			edits{
				"client_id": "app", "logout_hint": "x",
				postLogout: registered + "?state=x",
			},
			400, "", false,
		},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.client.LogoutURLs = append(a.client.LogoutURLs, registered)
			a.tenant.AddClient(a.client)
			a.code(nil)
			a.wantLogout(path, want.query.apply(url.Values{}), want)
		})
	}
}

func TestLogoutOIDC(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]logoutTest{ // "token" and "sid" stand for this login's
		"id_token_hint": {
			edits{"id_token_hint": "token", postLogout: loggedOut}, 302, loggedOut, true,
		},
		"id_token_hint, client_id and state": {
			edits{
				"id_token_hint": "token", "client_id": "app", postLogout: loggedOut,
				"state": "a b",
			},
			302, loggedOut + "&state=a+b", true,
		},
		"logout_hint and client_id": {
			edits{"logout_hint": "sid", "client_id": "app", postLogout: loggedOut},
			302, loggedOut, true,
		},
		"id_token_hint alone": {edits{"id_token_hint": "token"}, 200, "", true},
		"client_id alone asks the user": {
			edits{"client_id": "app", postLogout: loggedOut}, 200, "", false,
		},
		"nothing asks the user": {nil, 200, "", false},
		"an unknown logout_hint asks the user": {
			edits{"logout_hint": "x", "client_id": "app", postLogout: loggedOut}, 200, "", false,
		},
		"an unregistered URL": {
			edits{"id_token_hint": "token", postLogout: "http://evil.test"}, 400, "", false,
		},
		"a URL without its query": {
			edits{"id_token_hint": "token", postLogout: "http://app.test/bye"}, 400, "", false,
		},
		"a URL without client_id and hint": {edits{postLogout: loggedOut}, 400, "", false},
		"a hint of another client": {
			edits{"id_token_hint": "token", "client_id": "other", postLogout: loggedOut},
			400, "", false,
		},
		"an unknown client": {edits{"client_id": "unknown"}, 400, "", false},
		"a hint that is not a token": {
			edits{"id_token_hint": "x", postLogout: loggedOut}, 400, "", false,
		},
		"a hint with a broken signature": {
			edits{"id_token_hint": "broken", postLogout: loggedOut}, 400, "", false,
		},
		"a hint of another tenant": {
			edits{"id_token_hint": "foreign", postLogout: loggedOut}, 400, "", false,
		},
		"a hint of another tenant with this issuer": {
			edits{"id_token_hint": "forged", postLogout: loggedOut}, 400, "", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddClient(chiauth0test.Client{ID: "other", LogoutURLs: []string{loggedOut}})
			query := a.fillHints(test.query.apply(url.Values{}))
			a.wantLogout("oidc/logout", query, test)
		})
	}
}

// fillHints logs in and replaces the words for hints by hints.
func (a *app) fillHints(query url.Values) url.Values {
	a.t.Helper()
	token, _ := a.tokens(nil)["id_token"].(string)
	switch query.Get("id_token_hint") {
	case "token":
		query.Set("id_token_hint", token)
	case "broken":
		query.Set("id_token_hint", token[:len(token)-8]+"AAAAAAAA")
	case "foreign":
		query.Set("id_token_hint", a.foreignToken(""))
	case "forged":
		query.Set("id_token_hint", a.foreignToken(a.tenant.Issuer()))
	}
	if query.Get("logout_hint") == "sid" {
		sid, _ := a.open(token)["sid"].(string)
		query.Set("logout_hint", sid)
	}
	return query
}

// foreignToken returns an ID token of another tenant for a client with the same ID. issuer replaces
// its iss if it is not empty.
func (a *app) foreignToken(issuer string) string {
	a.t.Helper()
	other := newApp(a.t)
	kid := a.keys().Keys[0].KeyID
	other.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
		if issuer != "" {
			token.Claims["iss"] = issuer
		}
		token.Header["kid"] = kid
	}})
	token, _ := other.tokens(nil)["id_token"].(string)
	return token
}

func TestLogoutHint(t *testing.T) {
	t.Parallel()
	useHS256 := func(c *chiauth0test.Client) { c.SigningAlg = "HS256" }
	t.Run("may have expired", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token, _ := a.tokens(nil)["id_token"].(string)
		a.clock = a.clock.Add(11 * time.Hour)
		a.wantLogout("oidc/logout", url.Values{"id_token_hint": {token}},
			logoutTest{status: http.StatusOK, ends: true})
	})
	t.Run("may be signed with HS256", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.updateClient(useHS256)
		token, _ := a.tokens(nil)["id_token"].(string)
		a.wantLogout("oidc/logout", url.Values{"id_token_hint": {token + "x"}},
			logoutTest{status: http.StatusBadRequest, ends: false})
		a.wantLogout("oidc/logout", url.Values{"id_token_hint": {token}},
			logoutTest{status: http.StatusOK, ends: true})
	})
	t.Run("of another tenant with the same client secret is refused", func(t *testing.T) {
		t.Parallel()
		a, other := newApp(t), newApp(t)
		other.updateClient(useHS256)
		a.code(nil)
		token, _ := other.tokens(nil)["id_token"].(string)
		a.wantLogout("oidc/logout", url.Values{"id_token_hint": {token}},
			logoutTest{status: http.StatusBadRequest, ends: false})
	})
}

func TestLogoutConfirmation(t *testing.T) {
	t.Parallel()
	form := url.Values{"client_id": {"app"}, postLogout: {loggedOut}, "confirm": {"yes"}}
	t.Run("comes from the tenant's page", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.code(nil)
		logout := a.tenant.Issuer() + "oidc/logout"
		resp, body := a.get(logout + "?" + form.Encode())
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, "Do you want to") {
			t.Errorf("a link got %s, want the question", resp.Status)
		}
		resp, _ = a.send(http.MethodPost, logout, form, "Sec-Fetch-Site", "cross-site")
		wantStatus(t, "another site", resp.StatusCode, http.StatusForbidden)
		if !a.loggedIn() {
			t.Fatal("the session has ended without confirmation")
		}
		resp, _ = a.send(http.MethodPost, logout, form, "Sec-Fetch-Site", "same-origin")
		if got := resp.Header.Get("Location"); got != loggedOut || a.loggedIn() {
			t.Errorf("got %s, Location %q", resp.Status, got)
		}
	})
	t.Run("is not needed without a session", func(t *testing.T) {
		t.Parallel()
		query := url.Values{"client_id": {"app"}, postLogout: {loggedOut}}
		newApp(t).wantLogout("oidc/logout", query,
			logoutTest{status: http.StatusFound, target: loggedOut, ends: true})
	})
}

func FuzzLogout(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.AddClient(chiauth0test.Client{ID: "app", LogoutURLs: []string{loggedOut}})
	for _, query := range []string{
		"",
		"client_id=app&returnTo=http://evil.test",
		"client_id=app&post_logout_redirect_uri=" + url.QueryEscape(loggedOut),
		"client_id=app",
		"id_token_hint=e30.e30.e30",
		"id_token_hint=eyJhbGciOiJIUzI1NiJ9.e30.AA&state=x",
		"%zz",
		"id_token_hint=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwOi8vdGVuYW50LnRlc3QvIn0.AA",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/v2/logout", "/oidc/logout"} {
			answer := serve(tenant, http.MethodGet, path, query, "", "")
			location := answer.Header().Get("Location")
			if location == "" || location == loggedOut {
				continue
			}
			if !strings.HasPrefix(location, loggedOut+"&state=") {
				t.Errorf("%s?%q redirects to %s", path, query, location)
			}
		}
	})
}
