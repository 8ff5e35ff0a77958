package chiauth0test_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// basicHeader returns an Authorization header (RFC 6749, section 2.3.1).
func basicHeader(id, secret string) string {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return r.Header.Get("Authorization")
}

type clientAuthTest struct {
	edits         edits
	authorization string
	status        int
	code          string
}

func runClientAuthTests(t *testing.T, methods []string, tests map[string]clientAuthTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			a.updateClient(func(c *chiauth0test.Client) { c.AuthMethods = methods })
			form := a.codeForm(a.code(nil), test.edits)
			var header []string
			if test.authorization != "" {
				header = []string{"Authorization", test.authorization}
			}
			status, body := a.post("oauth/token", form, header...)
			if test.status == http.StatusOK {
				wantStatus(t, "token endpoint", status, test.status)
				return
			}
			wantError(t, status, body, test.status, test.code)
		})
	}
}

var noCredentials = edits{"client_id": "", "client_secret": ""}

func TestClientSecretPost(t *testing.T) {
	t.Parallel()
	runClientAuthTests(t, nil, map[string]clientAuthTest{
		"the secret":        {nil, "", 200, ""},
		"a wrong secret":    {edits{"client_secret": "x"}, "", 401, "access_denied"},
		"no secret":         {edits{"client_secret": ""}, "", 401, "access_denied"},
		"an unknown client": {edits{"client_id": "x"}, "", 401, "access_denied"},
		"nothing":           {noCredentials, "", 401, "access_denied"},
		"the secret in the header": {
			noCredentials, basicHeader("app", "s e/c+r:et"), 401, "access_denied",
		},
		"a wrong secret and no grant type": {
			edits{"grant_type": "", "client_secret": "x"}, "", 401, "access_denied",
		},
		"an unknown grant type": {
			edits{"grant_type": "password"}, "", 400, "unsupported_grant_type",
		},
		"no grant type": {edits{"grant_type": ""}, "", 400, "unsupported_grant_type"},
	})
}

func TestClientSecretBasic(t *testing.T) {
	t.Parallel()
	const secret = "s e/c+r:et"
	header := basicHeader("app", secret)
	noSecret := edits{"client_secret": ""}
	otherID := edits{"client_id": "x", "client_secret": ""}
	refused := func(header string) clientAuthTest {
		return clientAuthTest{noCredentials, header, 401, "access_denied"}
	}
	methods := []string{chiauth0test.SecretBasic}
	runClientAuthTests(t, methods, map[string]clientAuthTest{
		"the secret":                       {noCredentials, header, 200, ""},
		"the secret, client_id in form":    {noSecret, header, 200, ""},
		"a wrong secret":                   refused(basicHeader("app", "x")),
		"an unknown client":                refused(basicHeader("x", secret)),
		"a secret that is not encoded":     refused("Basic YXBwOnMgZS9jK3I6ZXQ="),
		"a secret with a broken encoding":  refused("Basic YXBwOiV6eg=="),
		"an ID with a broken encoding":     refused("Basic JXp6OmE="),
		"a header that is not base64":      refused("Basic ?"),
		"the secret in the form":           {nil, "", 401, "access_denied"},
		"another client_id in the form":    {otherID, header, 401, "access_denied"},
		"the secret in header and in form": {nil, header, 400, "invalid_request"},
	})
}

func TestClientSecretPostOrBasic(t *testing.T) {
	t.Parallel()
	methods := []string{chiauth0test.SecretBasic, chiauth0test.SecretPost}
	runClientAuthTests(t, methods, map[string]clientAuthTest{
		"the secret in the form":   {nil, "", 200, ""},
		"the secret in the header": {noCredentials, basicHeader("app", "s e/c+r:et"), 200, ""},
	})
}

func TestWrongSecretIsAnsweredAsAuth0Does(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	status, body := a.redeem(a.code(nil), edits{"client_secret": "x"})
	wantError(t, status, body, http.StatusUnauthorized, "access_denied")
	if body["error_description"] != "Unauthorized" || len(body) != 2 {
		t.Errorf("answer is %v, want error and error_description Unauthorized", body)
	}
}

func TestTokenRequestParameters(t *testing.T) {
	t.Parallel()
	t.Run("parameters in the URL are refused", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		form := a.codeForm(a.code(nil), nil)
		status, body := a.post("oauth/token?"+form.Encode(), form)
		wantError(t, status, body, http.StatusBadRequest, "invalid_request")
	})
	t.Run("a parameter twice is refused", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		form := a.codeForm(a.code(nil), nil)
		form.Add("code", "another")
		status, body := a.post("oauth/token", form)
		wantError(t, status, body, http.StatusBadRequest, "invalid_request")
	})
}
