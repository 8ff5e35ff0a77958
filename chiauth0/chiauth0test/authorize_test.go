package chiauth0test_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// RFC 6749, section 4.1.2.1.
func TestAuthorizeDoesNotRedirectToUnregisteredURLs(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]edits{
		"no client":                      {"client_id": ""},
		"unknown client":                 {"client_id": "other"},
		"no redirect URI":                {"redirect_uri": ""},
		"another redirect URI":           {"redirect_uri": "http://evil.test/"},
		"redirect URI without its query": {"redirect_uri": "http://app.test/callback"},
		"redirect URI with more query":   {"redirect_uri": callbackURL + "&more"},
		"redirect URI in upper case":     {"redirect_uri": strings.ToUpper(callbackURL)},
		"redirect URI with markup":       {"redirect_uri": "javascript:'<script>'"},
		"a logout URL":                   {"redirect_uri": loggedOut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			resp, body := a.get(a.authorizeURL(e))
			wantErrorPage(t, resp)
			if strings.Contains(body, "<script>") {
				t.Errorf("the page contains unescaped markup:\n%s", body)
			}
		})
	}
	for name, suffix := range map[string]string{
		"redirect URI twice": "&redirect_uri=http%3A%2F%2Fevil.test",
		"unreadable query":   "&%zz",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			resp, _ := a.get(a.authorizeURL(nil) + suffix)
			wantErrorPage(t, resp)
		})
	}
}

func wantErrorPage(t *testing.T, resp *http.Response) {
	t.Helper()
	location := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusBadRequest || location != "" {
		t.Errorf("got %s, Location %q; want 400 without Location", resp.Status, location)
	}
}

func TestAuthorizeErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edits             edits
		code, description string
	}{
		"no response type": {
			edits{"response_type": ""}, "unsupported_response_type", "only code",
		},
		"implicit flow": {
			edits{"response_type": "id_token"}, "unsupported_response_type", "only code",
		},
		"form_post": {
			edits{"response_mode": "form_post"}, "invalid_request", "response_mode",
		},
		"request object": {
			edits{"request": "e30"}, "request_not_supported", "request",
		},
		"request URI": {
			edits{"request_uri": "urn:x"}, "request_uri_not_supported", "request_uri",
		},
		"no PKCE": {
			edits{"code_challenge": "", "code_challenge_method": ""}, "invalid_request", "PKCE",
		},
		"plain PKCE": {
			edits{"code_challenge_method": "plain"}, "invalid_request", "S256",
		},
		"no PKCE method": {
			edits{"code_challenge_method": ""}, "invalid_request", "S256",
		},
		"no challenge": {
			edits{"code_challenge": ""}, "invalid_request", "code_challenge",
		},
		"short challenge": {
			edits{"code_challenge": "abcd"}, "invalid_request", "code_challenge",
		},
		"unreadable challenge": {
			edits{"code_challenge": strings.Repeat("/", 43)}, "invalid_request", "code_challenge",
		},
		"no scope": {
			edits{"scope": ""}, "invalid_scope", "openid",
		},
		"scope without openid": {
			edits{"scope": "profile"}, "invalid_scope", "openid",
		},
		"unknown audience": {
			edits{"audience": "https://api.test"},
			"access_denied",
			"Service not found: https://api.test",
		},
		"unknown connection": {
			edits{"connection": "github"}, "invalid_request", "github",
		},
		"unknown prompt": {
			edits{"prompt": "often"}, "invalid_request", "often",
		},
		"prompt none and login": {
			edits{"prompt": "none login"}, "invalid_request", "none",
		},
		"max_age in words": {
			edits{"max_age": "soon"}, "invalid_request", "max_age",
		},
		"negative max_age": {
			edits{"max_age": "-1"}, "invalid_request", "max_age",
		},
		"quotes in the message": {
			edits{"prompt": `a"\` + "\n\u00e9"}, "invalid_request", "''",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query := newApp(t).login(test.edits)
			wantCallbackError(t, query, test.code, test.description)
			if query.Get("state") != "the state" {
				t.Errorf("state is %q, want %q", query.Get("state"), "the state")
			}
		})
	}
	t.Run("a parameter twice", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		resp, _ := a.get(a.authorizeURL(nil) + "&nonce=another")
		location, err := resp.Location()
		if err != nil {
			t.Fatalf("got %s, want a redirect", resp.Status)
		}
		wantCallbackError(t, location.Query(), "invalid_request", "nonce")
	})
}

// wantCallbackError checks an error response to the callback.
func wantCallbackError(t *testing.T, query url.Values, code, description string) {
	t.Helper()
	gotCode, gotDescription := query.Get("error"), query.Get("error_description")
	if gotCode != code || !strings.Contains(gotDescription, description) {
		t.Errorf("error is %q, %q; want %q with a description that contains %q",
			gotCode, gotDescription, code, description)
	}
	if query.Has("code") {
		t.Error("the error response has a code")
	}
	invalid := func(r rune) bool { // RFC 6749, appendix A.8
		return r < ' ' || r > '~' || r == '"' || r == '\\'
	}
	if strings.ContainsFunc(gotDescription, invalid) {
		t.Errorf("description %q has characters that it must not have", gotDescription)
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	t.Run("the response keeps the callback's query", func(t *testing.T) {
		t.Parallel()
		query := newApp(t).login(nil)
		if query.Get("from") != "tenant" || query.Get("state") != "the state" {
			t.Errorf("callback query is %v", query)
		}
		if query.Get("code") == "" || query.Has("iss") {
			t.Errorf("callback query is %v, want a code and no iss", query)
		}
	})
	t.Run("without state there is none in the response", func(t *testing.T) {
		t.Parallel()
		query := newApp(t).login(edits{"state": ""})
		if query.Has("state") || !query.Has("code") {
			t.Errorf("callback query is %v", query)
		}
	})
	t.Run("CallbackIssuer adds iss to responses and to discovery", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.CallbackIssuer = true
		for _, scope := range []string{"openid", "email"} { // the latter is an error
			if got := a.login(edits{"scope": scope}).Get("iss"); got != a.tenant.Issuer() {
				t.Errorf("scope %s: iss is %q, want %q", scope, got, a.tenant.Issuer())
			}
		}
		doc := a.discovery()
		if doc["authorization_response_iss_parameter_supported"] != true {
			t.Errorf("discovery document is %v", doc)
		}
	})
	t.Run("other parameters of Auth0 are accepted", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.AddConnection("github")
		a.code(edits{
			"connection":    "github",
			"screen_hint":   "signup",
			"ui_locales":    "de en",
			"prompt":        "consent",
			"login_hint":    ada,
			"response_mode": "query",
			"acr_values":    "something else",
		})
	})
	t.Run("a client has several callback URLs", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		const second = "http://127.0.0.1:8000/auth0/callback"
		a.updateClient(func(c *chiauth0test.Client) {
			c.CallbackURLs = append(c.CallbackURLs, second)
		})
		a.code(nil)
		target := a.authorizeURL(edits{"redirect_uri": second})
		callback, err := a.tenant.Authorize(a.browser, target, ada)
		if err != nil {
			t.Fatal(err)
		}
		if callback.Host != "127.0.0.1:8000" {
			t.Errorf("callback is %s, want %s", callback, second)
		}
	})
}

func FuzzAuthorize(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.PushedRequests = true
	client := tenant.AddClient(chiauth0test.Client{
		ID: "app", CallbackURLs: []string{callbackURL},
	})
	tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
	good := url.Values{
		"client_id":             {client.ID},
		"redirect_uri":          {callbackURL},
		"response_type":         {"code"},
		"scope":                 {"openid"},
		"code_challenge":        {strings.Repeat("A", 43)},
		"code_challenge_method": {"S256"},
	}.Encode()
	for _, query := range []string{
		"",
		good,
		good + "&redirect_uri=http://evil.test",
		strings.Replace(good, "app.test", "evil.test", 1),
		good + "&prompt=none",
		good + "&organization=x",
		good + "&max_age=0;",
		"%zz&" + good,
		good + "&state=%0d%0aSet-Cookie:+a=b",
		"client_id=app&request_uri=urn:ietf:params:oauth:request_uri:x",
	} {
		f.Add(query)
	}
	cookie := signedIn(f, tenant, good)
	f.Fuzz(func(t *testing.T, query string) {
		for _, session := range []string{"", cookie} {
			answer := serve(tenant, http.MethodGet, "/authorize", query, "", session)
			location := answer.Header().Get("Location")
			if location == "" || strings.HasPrefix(location, callbackURL+"&") {
				continue
			}
			if !strings.HasPrefix(location, tenant.Issuer()+"u/login?state=") {
				t.Errorf("query %q redirects to %s", query, location)
			}
		}
	})
}
