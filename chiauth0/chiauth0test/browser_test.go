package chiauth0test_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
)

// get opens a page of the tenant in the browser, without following redirects.
func (a *app) get(target string) (*http.Response, string) {
	a.t.Helper()
	return a.send(http.MethodGet, target, nil)
}

// send sends a request from the browser. header lists names and values.
func (a *app) send(
	method, target string, form url.Values, header ...string,
) (*http.Response, string) {
	a.t.Helper()
	browser := *a.browser
	browser.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, target,
		strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := browser.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp, string(body)
}

// showsLoginPage reports whether a login shows the login page.
func (a *app) showsLoginPage(e edits) bool {
	a.t.Helper()
	resp, _ := a.get(a.authorizeURL(e))
	location, err := resp.Location()
	if err != nil {
		a.t.Fatalf("authorize answered %s without Location", resp.Status)
	}
	return location.Path == "/u/login"
}

// loggedIn reports whether the browser has a session at the tenant.
func (a *app) loggedIn() bool {
	a.t.Helper()
	return a.login(edits{"prompt": "none"}).Has("code")
}
