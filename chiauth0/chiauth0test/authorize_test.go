package chiauth0test_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// An unknown client or redirect URI redirects nobody anywhere (RFC 6749, section 4.1.2.1).
func TestAuthorizeShowsAPage(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]edits{
		"no client":                       {"client_id": ""},
		"unknown client":                  {"client_id": "other"},
		"no redirect URI":                 {"redirect_uri": ""},
		"another redirect URI":            {"redirect_uri": "http://evil.test/"},
		"redirect URI without its query":  {"redirect_uri": "http://app.test/callback"},
		"redirect URI with more query":    {"redirect_uri": callbackURL + "&more"},
		"redirect URI in upper case":      {"redirect_uri": strings.ToUpper(callbackURL)},
		"redirect URI with markup":        {"redirect_uri": "javascript:'<script>'"},
		"redirect URI of the logout list": {"redirect_uri": loggedOut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			resp, body := a.get(a.authorizeURL(e))
			if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
				t.Errorf("answered %s, Location %q", resp.Status, resp.Header.Get("Location"))
			}
			if strings.Contains(body, "<script>") {
				t.Errorf("markup went through:\n%s", body)
			}
		})
	}
	t.Run("redirect URI twice", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		resp, _ := a.get(a.authorizeURL(nil) + "&redirect_uri=http%3A%2F%2Fevil.test")
		if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
			t.Errorf("answered %s, Location %q", resp.Status, resp.Header.Get("Location"))
		}
	})
	t.Run("query that cannot be read", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		if resp, _ := a.get(a.authorizeURL(nil) + "&%zz"); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("answered %s", resp.Status)
		}
	})
}

func TestAuthorizeSendsErrorsBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edits             edits
		code, description string
	}{
		"no response type":      {edits{"response_type": ""}, "unsupported_response_type", "only code"},
		"implicit":              {edits{"response_type": "id_token"}, "unsupported_response_type", "only code"},
		"form_post":             {edits{"response_mode": "form_post"}, "invalid_request", "response_mode"},
		"request object":        {edits{"request": "e30"}, "request_not_supported", "request"},
		"request URI":           {edits{"request_uri": "urn:x"}, "request_uri_not_supported", "request_uri"},
		"no PKCE":               {edits{"code_challenge": "", "code_challenge_method": ""}, "invalid_request", "PKCE"},
		"plain PKCE":            {edits{"code_challenge_method": "plain"}, "invalid_request", "S256"},
		"PKCE method left out":  {edits{"code_challenge_method": ""}, "invalid_request", "S256"},
		"no challenge":          {edits{"code_challenge": ""}, "invalid_request", "code_challenge"},
		"short challenge":       {edits{"code_challenge": "abcd"}, "invalid_request", "code_challenge"},
		"unreadable challenge":  {edits{"code_challenge": strings.Repeat("/", 43)}, "invalid_request", "code_challenge"},
		"no scope":              {edits{"scope": ""}, "invalid_scope", "openid"},
		"scope without openid":  {edits{"scope": "profile"}, "invalid_scope", "openid"},
		"unknown audience":      {edits{"audience": "https://api.test"}, "access_denied", "Service not found: https://api.test"},
		"unknown connection":    {edits{"connection": "github"}, "invalid_request", "github"},
		"unknown organization":  {edits{"organization": "org_nobody"}, "invalid_request", "org_nobody"},
		"invitation alone":      {edits{"invitation": "ticket"}, "invalid_request", "organization"},
		"unknown prompt":        {edits{"prompt": "often"}, "invalid_request", "often"},
		"none and login":        {edits{"prompt": "none login"}, "invalid_request", "none"},
		"max_age in words":      {edits{"max_age": "soon"}, "invalid_request", "max_age"},
		"max_age negative":      {edits{"max_age": "-1"}, "invalid_request", "max_age"},
		"quotes in the message": {edits{"prompt": `a"\` + "\n\u00e9"}, "invalid_request", "''"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query := newApp(t).login(test.edits)
			if query.Get("error") != test.code || !strings.Contains(query.Get("error_description"), test.description) {
				t.Errorf("error %q, %q; want %q, with %q in it", query.Get("error"), query.Get("error_description"),
					test.code, test.description)
			}
			if query.Get("state") != "the state" || query.Has("code") {
				t.Errorf("state %q, code %q", query.Get("state"), query.Get("code"))
			}
			// RFC 6749, appendix A.8
			if strings.ContainsFunc(query.Get("error_description"), func(r rune) bool {
				return r < ' ' || r > '~' || r == '"' || r == '\\'
			}) {
				t.Errorf("description %q", query.Get("error_description"))
			}
		})
	}
	t.Run("a parameter twice", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		resp, _ := a.get(a.authorizeURL(nil) + "&nonce=another")
		if location, _ := resp.Location(); location == nil || location.Query().Get("error") != "invalid_request" {
			t.Errorf("answered %s, %v", resp.Status, location)
		}
	})
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	t.Run("the answer keeps the callback's own query", func(t *testing.T) {
		t.Parallel()
		query := newApp(t).login(nil)
		if query.Get("from") != "tenant" || query.Get("state") != "the state" || query.Get("code") == "" || query.Has("iss") {
			t.Errorf("callback query %v", query)
		}
	})
	t.Run("no state, none back", func(t *testing.T) {
		t.Parallel()
		if query := newApp(t).login(edits{"state": ""}); query.Has("state") || !query.Has("code") {
			t.Errorf("callback query %v", query)
		}
	})
	t.Run("C10: iss in the answer and in the discovery document, on request", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.CallbackIssuer = true
		if query := a.login(nil); query.Get("iss") != a.tenant.Issuer() {
			t.Errorf("iss %q", query.Get("iss"))
		}
		if query := a.login(edits{"scope": "email"}); query.Get("iss") != a.tenant.Issuer() {
			t.Errorf("iss of an error %q", query.Get("iss"))
		}
		if doc := a.discovery(); doc["authorization_response_iss_parameter_supported"] != true {
			t.Errorf("discovery document %v", doc)
		}
	})
	t.Run("L3: what else Auth0 takes is taken", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddConnection("github")
		a.code(edits{
			"connection": "github", "screen_hint": "signup", "ui_locales": "de en", "prompt": "consent", "login_hint": ada,
			"response_mode": "query", "acr_values": "something else",
		})
	})
	t.Run("several callback URLs", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.client.CallbackURLs = append(a.client.CallbackURLs, "http://127.0.0.1:8000/auth0/callback")
		a.tenant.AddClient(a.client)
		a.code(nil)
		callback, err := a.tenant.Authorize(a.browser, a.authorizeURL(edits{"redirect_uri": a.client.CallbackURLs[1]}), ada)
		if err != nil || callback.Host != "127.0.0.1:8000" {
			t.Errorf("sent to %v, %v", callback, err)
		}
	})
}

func TestOrganizations(t *testing.T) {
	t.Parallel()
	organized := func(t *testing.T) (*app, chiauth0test.Organization) {
		a := newApp(t)
		org := a.tenant.AddOrganization(chiauth0test.Organization{Name: "acme", Invitations: []string{"ticket"}})
		return a, org
	}
	t.Run("C9: a member, by ID and by name", func(t *testing.T) {
		t.Parallel()
		a, org := organized(t)
		a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Organizations: []string{org.ID}})
		for _, name := range []string{org.ID, "acme", "ACME"} {
			claims := a.idToken(edits{"organization": name})
			if claims["org_id"] != org.ID || claims["org_name"] != "acme" {
				t.Errorf("%s: org_id %v, org_name %v", name, claims["org_id"], claims["org_name"])
			}
		}
		if claims := a.idToken(nil); claims["org_id"] != nil {
			t.Errorf("org_id %v that nobody asked for", claims["org_id"])
		}
	})
	t.Run("nobody else", func(t *testing.T) {
		t.Parallel()
		a, org := organized(t)
		query := a.login(edits{"organization": org.ID})
		if query.Get("error") != "access_denied" || !strings.Contains(query.Get("error_description"), org.ID) {
			t.Errorf("callback query %v", query)
		}
	})
	t.Run("L4: an invitation makes a member, once", func(t *testing.T) {
		t.Parallel()
		a, org := organized(t)
		invited := edits{"organization": org.ID, "invitation": "ticket"}
		if query := a.login(edits{"organization": org.ID, "invitation": "forged"}); query.Get("error") != "invalid_request" {
			t.Errorf("forged: %v", query)
		}
		if claims := a.idToken(invited); claims["org_id"] != org.ID {
			t.Errorf("org_id %v", claims["org_id"])
		}
		a.code(edits{"organization": org.ID})
		if query := a.login(invited); query.Get("error") != "invalid_request" {
			t.Errorf("used again: %v", query)
		}
	})
}

func (a *app) discovery() map[string]any {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet,
		a.tenant.Issuer()+".well-known/openid-configuration", http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	status, doc := a.do(req)
	if status != http.StatusOK {
		a.t.Fatalf("discovery answered %d", status)
	}
	return doc
}

// FuzzAuthorize sends anything at all to /authorize: nobody is ever sent to a URL that is not registered.
func FuzzAuthorize(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	client := tenant.AddClient(chiauth0test.Client{ID: "app", CallbackURLs: []string{callbackURL}})
	tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
	good := url.Values{
		"client_id": {client.ID}, "redirect_uri": {callbackURL}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {strings.Repeat("A", 43)}, "code_challenge_method": {"S256"},
	}.Encode()
	for _, query := range []string{
		"", good, good + "&redirect_uri=http://evil.test", strings.Replace(good, "app.test", "evil.test", 1),
		good + "&prompt=none", good + "&organization=x", good + "&max_age=0;", "%zz&" + good,
		good + "&state=%0d%0aSet-Cookie:+a=b",
	} {
		f.Add(query)
	}
	cookie := signedIn(f, tenant, good)
	f.Fuzz(func(t *testing.T, query string) {
		for _, session := range []string{"", cookie} {
			location := serve(tenant, http.MethodGet, "/authorize", query, "", session).Header().Get("Location")
			if location != "" && !strings.HasPrefix(location, callbackURL+"&") &&
				!strings.HasPrefix(location, tenant.Issuer()+"u/login?state=") {
				t.Errorf("query %q led to %s", query, location)
			}
		}
	})
}
