package chiauth0test_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// serve calls a tenant without a network, for fuzz tests. Whatever cannot be written in a request line is put into the
// request as a client would never send it.
func serve(tenant *chiauth0test.Tenant, method, path, query, body, cookie string) *httptest.ResponseRecorder {
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

// signedIn logs Ada in and returns her single sign-on cookie.
func signedIn(tb testing.TB, tenant *chiauth0test.Tenant, query string) string {
	tb.Helper()
	login, err := url.Parse(serve(tenant, http.MethodGet, "/authorize", query, "", "").Header().Get("Location"))
	if err != nil {
		tb.Fatal(err)
	}
	form := url.Values{"state": login.Query()["state"], "username": {ada}, "password": {"password"}}
	answer := serve(tenant, http.MethodPost, "/u/login", "", form.Encode(), "")
	cookie, _, _ := strings.Cut(answer.Header().Get("Set-Cookie"), ";")
	if cookie == "" {
		tb.Fatal("no cookie after the login")
	}
	return cookie
}
