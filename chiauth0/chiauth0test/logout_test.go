package chiauth0test_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// loggedIn says whether the browser has a single sign-on session.
func (a *app) loggedIn() bool {
	a.t.Helper()
	return a.login(edits{"prompt": "none"}).Has("code")
}

func TestLogoutV2(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		query  edits
		status int
		target string
		ends   bool
	}{
		"O2: client_id and returnTo": {edits{"client_id": "app", "returnTo": loggedOut}, 302, loggedOut, true},
		"O2: federated":              {edits{"client_id": "app", "returnTo": loggedOut, "federated": "1"}, 302, loggedOut, true},
		"client_id alone":            {edits{"client_id": "app"}, 302, loggedOut, true},
		"nothing":                    {nil, 200, "", true},
		"unregistered returnTo":      {edits{"client_id": "app", "returnTo": "http://evil.test"}, 400, "", false},
		"returnTo without its query": {edits{"client_id": "app", "returnTo": "http://app.test/bye"}, 400, "", false},
		"a callback URL":             {edits{"client_id": "app", "returnTo": callbackURL}, 400, "", false},
		"returnTo without client_id": {edits{"returnTo": loggedOut}, 400, "", false},
		"unknown client":             {edits{"client_id": "other", "returnTo": loggedOut}, 400, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.code(nil)
			resp, _ := a.get(a.tenant.Issuer() + "v2/logout?" + test.query.apply(url.Values{}).Encode())
			if resp.StatusCode != test.status || resp.Header.Get("Location") != test.target {
				t.Errorf("answered %s, Location %q", resp.Status, resp.Header.Get("Location"))
			}
			if a.loggedIn() == test.ends {
				t.Errorf("session ended: %v", !test.ends)
			}
		})
	}
}

func TestLogoutOIDC(t *testing.T) {
	t.Parallel()
	const to = "post_logout_redirect_uri"
	for name, test := range map[string]struct {
		query  edits // "token" and "sid" stand for this login's
		status int
		target string
		ends   bool
	}{
		"O2: id_token_hint": {edits{"id_token_hint": "token", to: loggedOut}, 302, loggedOut, true},
		"O2: hint, client and state": {
			edits{"id_token_hint": "token", "client_id": "app", to: loggedOut, "state": "a b"},
			302, loggedOut + "&state=a+b", true,
		},
		"O2: logout_hint and client":     {edits{"logout_hint": "sid", "client_id": "app", to: loggedOut}, 302, loggedOut, true},
		"hint alone":                     {edits{"id_token_hint": "token"}, 200, "", true},
		"client alone asks":              {edits{"client_id": "app", to: loggedOut}, 200, "", false},
		"nothing asks":                   {nil, 200, "", false},
		"another's logout_hint asks":     {edits{"logout_hint": "x", "client_id": "app", to: loggedOut}, 200, "", false},
		"unregistered URL":               {edits{"id_token_hint": "token", to: "http://evil.test"}, 400, "", false},
		"URL without its query":          {edits{"id_token_hint": "token", to: "http://app.test/bye"}, 400, "", false},
		"URL without client or hint":     {edits{to: loggedOut}, 400, "", false},
		"hint of another client":         {edits{"id_token_hint": "token", "client_id": "other", to: loggedOut}, 400, "", false},
		"unknown client":                 {edits{"client_id": "unknown"}, 400, "", false},
		"hint that is no token":          {edits{"id_token_hint": "x", to: loggedOut}, 400, "", false},
		"hint with a broken signature":   {edits{"id_token_hint": "broken", to: loggedOut}, 400, "", false},
		"hint of another tenant":         {edits{"id_token_hint": "foreign", to: loggedOut}, 400, "", false},
		"hint of another tenant, forged": {edits{"id_token_hint": "forged", to: loggedOut}, 400, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.tenant.AddClient(chiauth0test.Client{ID: "other", LogoutURLs: []string{loggedOut}})
			token, _ := a.tokens(nil)["id_token"].(string)
			query := test.query.apply(url.Values{})
			switch query.Get("id_token_hint") {
			case "token":
				query.Set("id_token_hint", token)
			case "broken":
				query.Set("id_token_hint", token[:len(token)-8]+"AAAAAAAA")
			case "foreign":
				query.Set("id_token_hint", a.elsewhere(""))
			case "forged":
				query.Set("id_token_hint", a.elsewhere(a.tenant.Issuer()))
			}
			if query.Get("logout_hint") == "sid" {
				sid, _ := a.open(token)["sid"].(string)
				query.Set("logout_hint", sid)
			}
			resp, body := a.get(a.tenant.Issuer() + "oidc/logout?" + query.Encode())
			if resp.StatusCode != test.status || resp.Header.Get("Location") != test.target {
				t.Errorf("answered %s, Location %q\n%s", resp.Status, resp.Header.Get("Location"), body)
			}
			if a.loggedIn() == test.ends {
				t.Errorf("session ended: %v", !test.ends)
			}
		})
	}
	t.Run("an expired hint is good", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token, _ := a.tokens(nil)["id_token"].(string)
		a.clock = a.clock.Add(11 * time.Hour)
		resp, _ := a.get(a.tenant.Issuer() + "oidc/logout?id_token_hint=" + token)
		if resp.StatusCode != http.StatusOK || a.loggedIn() {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("an HS256 hint", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.client.SigningAlg = "HS256"
		a.tenant.AddClient(a.client)
		token, _ := a.tokens(nil)["id_token"].(string)
		if resp, _ := a.get(a.tenant.Issuer() + "oidc/logout?id_token_hint=" + token + "x"); resp.StatusCode != 400 {
			t.Errorf("forged: %s", resp.Status)
		}
		if resp, _ := a.get(a.tenant.Issuer() + "oidc/logout?id_token_hint=" + token); resp.StatusCode != 200 || a.loggedIn() {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("an HS256 hint of another tenant, with the same client secret", func(t *testing.T) {
		t.Parallel()
		a, other := newApp(t), newApp(t)
		other.client.SigningAlg = "HS256"
		other.tenant.AddClient(other.client)
		a.code(nil)
		token, _ := other.tokens(nil)["id_token"].(string)
		resp, _ := a.get(a.tenant.Issuer() + "oidc/logout?id_token_hint=" + token)
		if resp.StatusCode != http.StatusBadRequest || !a.loggedIn() {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("the question is answered by a person, on the tenant's page", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.code(nil)
		logout := a.tenant.Issuer() + "oidc/logout"
		form := url.Values{"client_id": {"app"}, to: {loggedOut}, "confirm": {"yes"}}
		if resp, body := a.get(logout + "?" + form.Encode()); resp.StatusCode != 200 || !strings.Contains(body, "Do you want to") {
			t.Errorf("confirmed by a link: %s", resp.Status)
		}
		if resp, _ := a.send(http.MethodPost, logout, form, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != 403 {
			t.Errorf("confirmed by another site: %s", resp.Status)
		}
		if !a.loggedIn() {
			t.Fatal("the session has ended")
		}
		resp, _ := a.send(http.MethodPost, logout, form, "Sec-Fetch-Site", "same-origin")
		if resp.Header.Get("Location") != loggedOut || a.loggedIn() {
			t.Errorf("answered %s, %q", resp.Status, resp.Header.Get("Location"))
		}
	})
	t.Run("without a session nobody is asked", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		resp, _ := a.get(a.tenant.Issuer() + "oidc/logout?client_id=app&" + url.Values{to: {loggedOut}}.Encode())
		if resp.Header.Get("Location") != loggedOut {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("O2: NoEndSession", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if doc := a.discovery(); doc["end_session_endpoint"] != a.tenant.Issuer()+"oidc/logout" {
			t.Errorf("discovery document %v", doc)
		}
		a.tenant.NoEndSession = true
		if doc := a.discovery(); doc["end_session_endpoint"] != nil {
			t.Errorf("discovery document %v", doc)
		}
		if resp, _ := a.get(a.tenant.Issuer() + "oidc/logout"); resp.StatusCode != http.StatusNotFound {
			t.Errorf("answered %s", resp.Status)
		}
	})
}

// elsewhere is an ID token of another tenant, for a client of the same ID, that claims to come from the given issuer.
func (a *app) elsewhere(issuer string) string {
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

// FuzzLogout sends anything at all to the logout endpoints: nobody is ever sent to a URL that is not registered.
func FuzzLogout(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.AddClient(chiauth0test.Client{ID: "app", LogoutURLs: []string{loggedOut}})
	for _, query := range []string{
		"", "client_id=app&returnTo=http://evil.test", "client_id=app&post_logout_redirect_uri=" + url.QueryEscape(loggedOut),
		"client_id=app", "id_token_hint=e30.e30.e30", "id_token_hint=eyJhbGciOiJIUzI1NiJ9.e30.AA&state=x", "%zz",
		"id_token_hint=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwOi8vdGVuYW50LnRlc3QvIn0.AA",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/v2/logout", "/oidc/logout"} {
			location := serve(tenant, http.MethodGet, path, query, "", "").Header().Get("Location")
			if location != "" && location != loggedOut && !strings.HasPrefix(location, loggedOut+"&state=") {
				t.Errorf("%s?%q led to %s", path, query, location)
			}
		}
	})
}
