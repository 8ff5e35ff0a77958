package chiauth0_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

func newProxyApp(t testing.TB, api *fakeAPI) (*app, *browser) {
	t.Helper()

	a, b := newAPIApp(t, api)
	a.router.With(chiauth0.RequireLogin(a.cfg)).Mount("/api", chiauth0.Proxy(a.cfg, api.URL+"/v1/"))

	return a, b
}

func TestProxyForwardsThePathWithTheToken(t *testing.T) {
	t.Parallel()

	api := newFakeAPI(t)
	_, b := newProxyApp(t, api)

	for path, want := range map[string]string{
		"/api/reports":          "/v1/reports",
		"/api/reports?year=1":   "/v1/reports?year=1",
		"/api/reports/a%2Fb":    "/v1/reports/a%2Fb",
		"/api/":                 "/v1/",
		"/api/reports/gr%C3%BC": "/v1/reports/gr%C3%BC",
	} {
		resp := b.get(path, "Sec-Fetch-Site", "same-origin", "Authorization", "Bearer browser")
		if resp.StatusCode != http.StatusOK || resp.body != "GET "+want+" " {
			t.Errorf("%s: got %s %q, want the answer to %s", path, resp.Status, resp.body, want)
		}
		if sent := api.sent(); len(sent) != 1 || !strings.HasPrefix(sent[0], "Bearer ey") {
			t.Errorf("%s: got the tokens %.30q, want the user's", path, sent)
		}
		if cookies := resp.Header["Set-Cookie"]; len(cookies) != 0 {
			t.Errorf("%s: got the cookies %q, want none of the API's", path, cookies)
		}
	}
}

func TestProxyForwardsNothingFromOtherSites(t *testing.T) {
	t.Parallel()

	api := newFakeAPI(t)
	_, b := newProxyApp(t, api)

	for name, test := range map[string]struct {
		method  string
		headers []string
		passes  bool
	}{
		"a script of the page": {"GET", []string{"Sec-Fetch-Site", "same-origin"}, true},
		"the address bar":      {"GET", []string{"Sec-Fetch-Site", "none"}, true},
		"an old browser's script": {
			"GET", []string{"X-Requested-With", "fetch"}, true,
		},
		"a post of the page": {
			"POST",
			[]string{"Sec-Fetch-Site", "same-origin", "Origin", "https://app.example"},
			true,
		},
		"an image elsewhere":    {"GET", []string{"Sec-Fetch-Site", "cross-site"}, false},
		"a sibling host":        {"GET", []string{"Sec-Fetch-Site", "same-site"}, false},
		"an old browser's link": {"GET", nil, false},
		"a form elsewhere": {
			"POST",
			[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
			false,
		},
		"a form elsewhere with a forged header": {
			"POST", []string{"Origin", "https://evil.example", "X-Requested-With", "x"}, false,
		},
	} {
		resp := b.do(test.method, "/api/reports", test.headers...)
		if passed := resp.StatusCode == http.StatusOK; passed != test.passes {
			t.Errorf("%s: got %s, want passed %t", name, resp.Status, test.passes)
		}
		if sent := api.sent(); (len(sent) == 1) != test.passes {
			t.Errorf("%s: got %d requests at the API, want passed %t", name, len(sent), test.passes)
		}
	}
}

func TestProxyStaysBelowItsTarget(t *testing.T) {
	t.Parallel()

	api := newFakeAPI(t)
	_, b := newProxyApp(t, api)

	for _, path := range []string{
		"/api/../v2", "/api/%2e%2e/v2", "/api/a/%2E%2E/%2e%2e/v2", "/api/..%5Cv2",
	} {
		resp := b.get(path, "Sec-Fetch-Site", "same-origin")
		if resp.StatusCode == http.StatusOK || len(api.sent()) != 0 {
			t.Errorf("%s: got %s from the API, want a refusal", path, resp.Status)
		}
	}
}

func TestProxyAnswersARejectedTokenWith401(t *testing.T) {
	t.Parallel()

	api := newFakeAPI(t)
	_, b := newProxyApp(t, api)

	api.rejects.Store(1)
	resp := b.get("/api/reports", "Sec-Fetch-Site", "same-origin", "Accept", "application/json")
	if resp.StatusCode != http.StatusOK || len(api.sent()) != 2 {
		t.Errorf("rejected once: got %s, want 200 after a refresh", resp.Status)
	}

	api.rejects.Store(2)
	resp = b.get("/api/reports", "Sec-Fetch-Site", "same-origin", "Accept", "application/json")
	if resp.StatusCode != http.StatusUnauthorized ||
		resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("rejected twice: got %s %q, want 401 and problem+json",
			resp.Status, resp.Header.Get("Content-Type"))
	}
}

func TestProxyNeedsATargetOfAnAPI(t *testing.T) {
	t.Parallel()

	api := newFakeAPI(t)
	a, _ := newAPIApp(t, api)
	for _, target := range []string{"https://elsewhere.example/", api.URL + "/v2/", "not a URL"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Proxy(cfg, %q): got a handler, want a panic", target)
				}
			}()
			chiauth0.Proxy(a.cfg, target)
		}()
	}
}
