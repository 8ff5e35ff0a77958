package chiauth0_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// A fakeAPI is an API that records the tokens it is sent.
type fakeAPI struct {
	*httptest.Server
	tokens  chan string
	rejects atomic.Int32 // how many of the next requests are refused
}

func newFakeAPI(t testing.TB) *fakeAPI {
	t.Helper()

	api := &fakeAPI{tokens: make(chan string, 100)}
	api.Server = httptest.NewServer(http.HandlerFunc(api.serve))
	t.Cleanup(api.Close)

	return api
}

func (api *fakeAPI) serve(w http.ResponseWriter, r *http.Request) {
	api.tokens <- r.Header.Get("Authorization")
	switch {
	case r.URL.Path == "/v1/away":
		http.Redirect(w, r, r.FormValue("to"), http.StatusFound)
		return
	case api.rejects.Add(-1) >= 0:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}

	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Set-Cookie", "api=1")
	fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.RequestURI(), body)
}

// sent returns the Authorization headers that the API has got since the last call.
func (api *fakeAPI) sent() (tokens []string) {
	for {
		select {
		case token := <-api.tokens:
			tokens = append(tokens, token)
		default:
			return tokens
		}
	}
}

// newAPIApp starts an application with a route that calls the API as the request says.
func newAPIApp(t testing.TB, api *fakeAPI) (*app, *browser) {
	t.Helper()

	tenant := chiauth0test.Start(t)
	tenant.AddAPI(reportsAPI, "read:reports", "offline_access")
	a := newAppAt(t, tenant, func(c *chiauth0.Config) {
		c.Audience = reportsAPI
		c.Scopes = []string{"openid", "email", "offline_access", "read:reports"}
		c.APIs = []chiauth0.API{{Audience: reportsAPI, URL: api.URL + "/v1/"}}
	})
	call := func(w http.ResponseWriter, r *http.Request) {
		client := chiauth0.HTTPClient(r.Context(), reportsAPI)
		var body io.Reader
		if text := r.FormValue("body"); text != "" {
			body = strings.NewReader(text)
		}
		method, url := r.FormValue("method"), r.FormValue("url")
		req, err := http.NewRequestWithContext(r.Context(), method, url, body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		resp, err := client.Do(req)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/call", call)
	b := a.browser()
	b.signIn(ada)

	return a, b
}

func TestHTTPClientSendsTheTokenToItsAPIOnly(t *testing.T) {
	t.Parallel()

	api, elsewhere := newFakeAPI(t), newFakeAPI(t)
	_, b := newAPIApp(t, api)

	resp := b.get("/call?url=" + api.URL + "/v1/reports")
	if resp.StatusCode != http.StatusOK || resp.body != "GET /v1/reports " {
		t.Errorf("got %s %q, want the API's answer", resp.Status, resp.body)
	}
	if sent := api.sent(); len(sent) != 1 || !strings.HasPrefix(sent[0], "Bearer ey") {
		t.Errorf("got the tokens %.30q, want one", sent)
	}

	for name, url := range map[string]string{
		"another origin":         elsewhere.URL + "/v1/reports",
		"another path":           api.URL + "/v2/reports",
		"a path with the prefix": api.URL + "/v1evil",
		"a path that climbs":     api.URL + "/v1/../v2/reports",
		"an encoded climb":       api.URL + "/v1/%2e%2e/v2/reports",
		"user information":       strings.Replace(api.URL, "//", "//x@", 1) + "/v1/reports",
		"http off loopback":      "http://reports.example/v1/reports",
	} {
		resp := b.get("/call?url=" + url)
		if resp.StatusCode != http.StatusBadGateway || !strings.Contains(resp.body, "Config.APIs") {
			t.Errorf("%s: got %s %q, want an error that names Config.APIs",
				name, resp.Status, resp.body)
		}
		if sent := append(api.sent(), elsewhere.sent()...); len(sent) != 0 {
			t.Errorf("%s: got the tokens %.30q, want none", name, sent)
		}
	}
}

// oauth2.NewClient sends the token on to wherever a redirect leads.
func TestHTTPClientDoesNotFollowARedirectOutOfTheAPI(t *testing.T) {
	t.Parallel()

	api, elsewhere := newFakeAPI(t), newFakeAPI(t)
	_, b := newAPIApp(t, api)

	resp := b.get("/call?url=" + api.URL + "/v1/away%3Fto=" + elsewhere.URL + "/v1/")
	if resp.StatusCode != http.StatusFound {
		t.Errorf("got %s, want the redirect itself", resp.Status)
	}
	if sent := elsewhere.sent(); len(sent) != 0 {
		t.Errorf("got requests elsewhere with %.30q, want none", sent)
	}

	api.sent()
	resp = b.get("/call?url=" + api.URL + "/v1/away%3Fto=/v1/reports")
	if sent := api.sent(); resp.StatusCode != http.StatusOK || len(sent) != 2 || sent[1] == "" {
		t.Errorf("within the API: got %s and tokens %.30q, want 200 and two", resp.Status, sent)
	}
}

func TestHTTPClientRefreshesATokenThatTheAPIRejects(t *testing.T) {
	t.Parallel()

	api := newFakeAPI(t)
	a, b := newAPIApp(t, api)

	api.rejects.Store(1)
	resp := b.get("/call?method=POST&body=hello&url=" + api.URL + "/v1/reports")
	sent := api.sent()
	if resp.StatusCode != http.StatusOK || resp.body != "POST /v1/reports hello" {
		t.Errorf("got %s %q, want the answer to the second request", resp.Status, resp.body)
	}
	if len(sent) != 2 {
		t.Errorf("got the tokens %.30q, want two", sent)
	}
	if got := a.tenant.RefreshCounts().Refreshes; got != 1 {
		t.Errorf("got %d refreshes, want 1", got)
	}

	api.rejects.Store(2)
	resp = b.get("/call?url=" + api.URL + "/v1/reports")
	if resp.StatusCode != http.StatusUnauthorized || len(api.sent()) != 2 {
		t.Errorf("rejected again: got %s, want 401 after one retry", resp.Status)
	}
}

func TestHTTPClientEndsWithItsRequest(t *testing.T) {
	t.Parallel()

	api := newFakeAPI(t)
	a, b := newAPIApp(t, api)
	clients := make(chan *http.Client, 1)
	a.router.With(chiauth0.RequireLogin(a.cfg)).Get("/leak",
		func(_ http.ResponseWriter, r *http.Request) {
			clients <- chiauth0.HTTPClient(r.Context(), reportsAPI)
		})

	server := httptest.NewServer(a.router)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/leak", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range b.cookies() {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()

	client := <-clients
	for range 100 {
		if _, err = client.Get(api.URL + "/v1/"); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err == nil || !strings.Contains(err.Error(), "after its request has ended") {
		t.Errorf("got %v, want an error that says that the request has ended", err)
	}
}
