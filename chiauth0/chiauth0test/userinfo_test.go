package chiauth0test_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func (a *app) userinfo(scheme string, token any) (status int, claims map[string]any) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet,
		a.tenant.Issuer()+"userinfo", http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	text, _ := token.(string)
	req.Header.Set("Authorization", scheme+" "+text)
	return a.do(req)
}

func (a *app) userinfoStatus(token any) int {
	a.t.Helper()
	status, _ := a.userinfo("Bearer", token)
	return status
}

func TestUserinfo(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.addUser(chiauth0test.User{Claims: map[string]any{"groups": "staff"}})
	tokens := a.tokens(edits{"scope": "openid email"})
	for _, scheme := range []string{"Bearer", "bearer"} {
		status, claims := a.userinfo(scheme, tokens["access_token"])
		wantStatus(t, scheme, status, http.StatusOK)
		wantClaims(t, claims, map[string]any{
			"sub":    a.open(tokens["id_token"])["sub"],
			"email":  ada,
			"groups": "staff",
			"name":   nil,
		})
	}
	for name, test := range map[string]struct {
		scheme string
		token  any
	}{
		"no token":         {"Bearer", ""},
		"an unknown token": {"Bearer", "x"},
		"an ID token":      {"Bearer", tokens["id_token"]},
		"another scheme":   {"Basic", tokens["access_token"]},
	} {
		status, _ := a.userinfo(test.scheme, test.token)
		wantStatus(t, name, status, http.StatusUnauthorized)
	}
	a.clock = a.clock.Add(24 * time.Hour)
	wantStatus(t, "an expired token", a.userinfoStatus(tokens["access_token"]),
		http.StatusUnauthorized)
}
