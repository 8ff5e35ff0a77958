package chiauth0test_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// serve calls a tenant without a network, for fuzz tests. It accepts a query that an HTTP client
// would refuse to send.
func serve(
	tenant *chiauth0test.Tenant, method, path, query, body, cookie string,
) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.URL.RawQuery = query
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	tenant.ServeHTTP(w, r)
	return w
}

// serveAuthorized posts a form with an Authorization header.
func serveAuthorized(
	tenant *chiauth0test.Tenant, path, form, authorization string,
) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	tenant.ServeHTTP(w, r)
	return w
}

// signedIn logs Ada in and returns the cookie of her session at the tenant.
func signedIn(tb testing.TB, tenant *chiauth0test.Tenant, query string) string {
	tb.Helper()
	answer := serve(tenant, http.MethodGet, "/authorize", query, "", "")
	login, err := url.Parse(answer.Header().Get("Location"))
	if err != nil {
		tb.Fatal(err)
	}
	form := url.Values{
		"state":    login.Query()["state"],
		"username": {ada},
		"password": {"password"},
	}
	answer = serve(tenant, http.MethodPost, "/u/login", "", form.Encode(), "")
	cookie, _, _ := strings.Cut(answer.Header().Get("Set-Cookie"), ";")
	if cookie == "" {
		tb.Fatal("the login set no cookie")
	}
	return cookie
}
