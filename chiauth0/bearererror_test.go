package chiauth0_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestRequireBearerRefusesTokens(t *testing.T) {
	t.Parallel()
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	bad := badAccessTokens(t)
	bad["another key"] = signedBy(forger)
	bad["another key with an unknown ID"] = all(signedBy(forger), header("kid", "x"))
	a := newAPI(t)
	for name, edit := range bad {
		token := a.accessToken(edit)
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/api/reports", "/both/reports"} {
				wantRefusal(t, a.callWith(token, http.MethodGet, path),
					http.StatusUnauthorized, `error="invalid_token"`)
			}
		})
	}
	t.Run("an ID token", func(t *testing.T) {
		var idToken string
		a.tenant.Misbehave(chiauth0test.Faults{
			TokenResponse: func(_ *int, body map[string]any) {
				idToken, _ = body["id_token"].(string)
			},
		})
		a.browser().login("/auth0/login", ada)
		wantRefusal(t, a.callWith(idToken, http.MethodGet, "/api/any"),
			http.StatusUnauthorized, `error="invalid_token"`)
	})
	t.Run("an opaque token", func(t *testing.T) {
		wantRefusal(t, a.callWith("opaque", http.MethodGet, "/api/any"),
			http.StatusUnauthorized, `error="invalid_token"`)
	})
	if log := a.log.String(); strings.Contains(log, "eyJ") {
		t.Errorf("the log has a token in it: %s", log)
	}
}

func TestRequireBearerRefusesRequests(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	token := a.accessToken()
	const invalidRequest = `error="invalid_request"`
	for name, test := range map[string]struct {
		path      string
		headers   []string
		status    int
		challenge string
	}{
		"no token":        {"/api/any", nil, 401, ""},
		"another scheme":  {"/api/any", []string{"Authorization", "Basic YTpi"}, 401, ""},
		"an empty header": {"/api/any", []string{"Authorization", ""}, 401, ""},
		"a token alone":   {"/api/any", []string{"Authorization", token}, 401, ""},
		"an empty token": {
			"/api/any", []string{"Authorization", "Bearer "}, 400, invalidRequest,
		},
		"a scheme alone": {"/api/any", []string{"Authorization", "Bearer"}, 400, invalidRequest},
		"a token in quotes": {
			"/api/any", []string{"Authorization", `Bearer "x"`}, 400, invalidRequest,
		},
		"two tokens": {
			"/api/any", []string{"Authorization", "Bearer a b"}, 400, invalidRequest,
		},
		"two credentials": {
			"/api/any", []string{"Authorization", "Bearer a, Bearer " + token}, 400, invalidRequest,
		},
		"a tab": {
			"/api/any", []string{"Authorization", "Bearer\t" + token}, 401, "",
		},
		"a large token": {
			"/api/any",
			[]string{"Authorization", "Bearer " + strings.Repeat("a", 1<<15)},
			400, invalidRequest,
		},
		"a token in the query": {"/api/any?access_token=" + token, nil, 400, invalidRequest},
		"a token in the query and in the header": {
			"/api/any?access_token=" + token,
			[]string{"Authorization", "Bearer " + token},
			400, invalidRequest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, a.call(http.MethodGet, test.path, test.headers...),
				test.status, test.challenge)
		})
	}
	t.Run("two headers", func(t *testing.T) {
		t.Parallel()
		b := a.browser()
		b.Transport = twoAuthorizations{a.net, "Bearer " + token}
		wantRefusal(t, b.do(http.MethodGet, "/api/any", "Accept", "application/json"),
			http.StatusBadRequest, invalidRequest)
	})
}

// twoAuthorizations sends a header twice.
type twoAuthorizations struct {
	http.RoundTripper
	value string
}

func (t twoAuthorizations) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header["Authorization"] = []string{t.value, t.value}
	return t.RoundTripper.RoundTrip(r)
}

func TestRequireBearerChecksPermissions(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const insufficient = `error="insufficient_scope", scope="read:reports"`
	for name, test := range map[string]struct {
		edit edit
		ok   bool
	}{
		"the permission and the scope":    {func(*chiauth0test.JWT) {}, true},
		"the permission alone":            {drop("scope"), true},
		"the scope alone":                 {drop("permissions"), true},
		"the scope beside no permissions": {set("permissions", []string{}), false},
		"the scope beside other ones": {
			set("permissions", []string{"write:reports"}), false,
		},
		"the scope beside null":         {set("permissions", nil), false},
		"permissions that are a string": {set("permissions", "read:reports"), false},
		"neither":                       {all(drop("permissions"), drop("scope")), false},
		"a longer scope": {
			all(drop("permissions"), set("scope", "read:reports2")), false,
		},
		"a scope in another case": {
			all(drop("permissions"), set("scope", "READ:reports")), false,
		},
		"scopes that are a list": {
			all(drop("permissions"), set("scope", []string{"read:reports"})), false,
		},
		"the scope among others": {
			all(drop("permissions"), set("scope", "a read:reports b")), true,
		},
		"the permission beside a non-string": {set("permissions", []any{1, "read:reports"}), true},
	} {
		token := a.accessToken(test.edit)
		t.Run(name, func(t *testing.T) {
			resp := a.callWith(token, http.MethodGet, "/api/reports")
			if !test.ok {
				wantRefusal(t, resp, http.StatusForbidden, insufficient)
			} else if resp.StatusCode != http.StatusOK {
				t.Errorf("got %s, want 200: %s", resp.Status, resp.body)
			}
		})
	}
	t.Run("another permission of the same path", func(t *testing.T) {
		wantRefusal(t, a.callWith(a.accessToken(), http.MethodPost, "/api/reports"),
			http.StatusForbidden, `scope="write:reports"`)
	})
}
