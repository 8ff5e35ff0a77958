package chiauth0test_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	basic := func(id, secret string) string {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) // RFC 6749, section 2.3.1
		return r.Header.Get("Authorization")
	}
	noForm := edits{"client_id": "", "client_secret": ""}
	const secret = "s e/c+r:et"
	header, either := []string{chiauth0test.SecretBasic}, []string{chiauth0test.SecretBasic, chiauth0test.SecretPost}
	for name, test := range map[string]struct {
		methods       []string
		edits         edits
		authorization string
		status        int
		code          string
	}{
		"post":                       {nil, nil, "", 200, ""},
		"post, wrong secret":         {nil, edits{"client_secret": "x"}, "", 401, "access_denied"},
		"post, no secret":            {nil, edits{"client_secret": ""}, "", 401, "access_denied"},
		"post, unknown client":       {nil, edits{"client_id": "x"}, "", 401, "access_denied"},
		"nothing":                    {nil, noForm, "", 401, "access_denied"},
		"basic at a client for post": {nil, noForm, basic("app", secret), 401, "access_denied"},
		"basic":                      {header, noForm, basic("app", secret), 200, ""},
		"basic with client_id":       {header, edits{"client_secret": ""}, basic("app", secret), 200, ""},
		"basic with another client_id": {
			header, edits{"client_id": "x", "client_secret": ""}, basic("app", secret), 401, "access_denied",
		},
		"basic, wrong secret":            {header, noForm, basic("app", "x"), 401, "access_denied"},
		"basic, unknown client":          {header, noForm, basic("x", secret), 401, "access_denied"},
		"basic, not encoded":             {header, noForm, "Basic YXBwOnMgZS9jK3I6ZXQ=", 401, "access_denied"},
		"basic, broken encoding":         {header, noForm, "Basic YXBwOiV6eg==", 401, "access_denied"},
		"basic, no base64":               {header, noForm, "Basic ?", 401, "access_denied"},
		"post at a client for basic":     {header, nil, "", 401, "access_denied"},
		"post at a client for both":      {either, nil, "", 200, ""},
		"basic at a client for both":     {either, noForm, basic("app", secret), 200, ""},
		"both at once":                   {either, nil, basic("app", secret), 400, "invalid_request"},
		"unknown grant type":             {nil, edits{"grant_type": "password"}, "", 400, "unsupported_grant_type"},
		"no grant type":                  {nil, edits{"grant_type": ""}, "", 400, "unsupported_grant_type"},
		"wrong secret before grant type": {nil, edits{"grant_type": "", "client_secret": "x"}, "", 401, "access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.client.AuthMethods = test.methods
			a.tenant.AddClient(a.client)
			form := a.codeForm(a.code(nil), test.edits)
			var authorization []string
			if test.authorization != "" {
				authorization = []string{"Authorization", test.authorization}
			}
			status, body := a.post("oauth/token", form, authorization...)
			if code, _ := body["error"].(string); status != test.status || code != test.code {
				t.Errorf("answered %d %v, want %d %s", status, body, test.status, test.code)
			}
		})
	}
	t.Run("parameters in the URL", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		form := a.codeForm(a.code(nil), nil)
		if status, body := a.post("oauth/token?"+form.Encode(), form); status != 400 || body["error"] != "invalid_request" {
			t.Errorf("answered %d %v", status, body)
		}
	})
	t.Run("a parameter twice", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		form := a.codeForm(a.code(nil), nil)
		form.Add("code", "another")
		if status, body := a.post("oauth/token", form); status != 400 || body["error"] != "invalid_request" {
			t.Errorf("answered %d %v", status, body)
		}
	})
}
