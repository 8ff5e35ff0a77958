package chiauth0test_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func newPushingApp(t *testing.T) *app {
	t.Helper()
	a := newApp(t)
	a.tenant.PushedRequests = true
	return a
}

func (a *app) push(e edits) (status int, body map[string]any) {
	a.t.Helper()
	form := a.authorizeForm(nil)
	form.Set("client_secret", a.client.Secret)
	return a.post("oauth/par", e.apply(form))
}

// pushed returns the URL that a browser is sent to after a push.
func (a *app) pushed(e edits) string {
	a.t.Helper()
	status, body := a.push(e)
	uri, _ := body["request_uri"].(string)
	if status != http.StatusCreated || uri == "" {
		a.t.Fatalf("push answered %d %v, want 201 with request_uri", status, body)
	}
	query := url.Values{"client_id": {a.client.ID}, "request_uri": {uri}}
	return a.tenant.Issuer() + "authorize?" + query.Encode()
}

func TestPushedRequest(t *testing.T) {
	t.Parallel()
	t.Run("logs in", func(t *testing.T) {
		t.Parallel()
		a := newPushingApp(t)
		callback, err := a.tenant.Authorize(a.browser, a.pushed(nil), ada)
		if err != nil {
			t.Fatal(err)
		}
		query := callback.Query()
		if query.Get("state") != "the state" {
			t.Errorf("callback query is %v", query)
		}
		if status, body := a.redeem(query.Get("code"), nil); status != http.StatusOK {
			t.Errorf("token endpoint answered %d %v", status, body)
		}
	})
	t.Run("the answer names Auth0's lifetime", func(t *testing.T) {
		t.Parallel()
		_, body := newPushingApp(t).push(nil)
		if body["expires_in"] != 30.0 {
			t.Errorf("expires_in is %v, want 30", body["expires_in"])
		}
		uri, _ := body["request_uri"].(string)
		if want := "urn:ietf:params:oauth:request_uri:"; !strings.HasPrefix(uri, want) {
			t.Errorf("request_uri is %q, want the prefix %s", uri, want)
		}
	})
	t.Run("works once", func(t *testing.T) {
		t.Parallel()
		a := newPushingApp(t)
		target := a.pushed(nil)
		if resp, _ := a.get(target); resp.StatusCode != http.StatusFound {
			t.Fatalf("first use answered %s", resp.Status)
		}
		resp, _ := a.get(target)
		wantErrorPage(t, resp)
	})
	t.Run("expires after 30 seconds", func(t *testing.T) {
		t.Parallel()
		a := newPushingApp(t)
		early, late := a.pushed(nil), a.pushed(nil)
		a.clock = a.clock.Add(30*time.Second - 1)
		if resp, _ := a.get(early); resp.StatusCode != http.StatusFound {
			t.Errorf("before: got %s, want a redirect", resp.Status)
		}
		a.clock = a.clock.Add(1)
		resp, _ := a.get(late)
		wantErrorPage(t, resp)
	})
	t.Run("belongs to its client", func(t *testing.T) {
		t.Parallel()
		a := newPushingApp(t)
		a.addOther()
		target := strings.Replace(a.pushed(nil), "client_id=app", "client_id=other", 1)
		resp, _ := a.get(target)
		wantErrorPage(t, resp)
	})
	t.Run("other parameters in the front channel are refused", func(t *testing.T) {
		t.Parallel()
		a := newPushingApp(t)
		for _, suffix := range []string{"&scope=openid", "&client_id=app"} {
			resp, _ := a.get(a.pushed(nil) + suffix)
			wantErrorPage(t, resp)
		}
	})
	t.Run("the secret is not kept with the parameters", func(t *testing.T) {
		t.Parallel()
		a := newPushingApp(t)
		a.pushed(nil)
		for _, request := range a.tenant.Requests("/oauth/par") {
			if request.Form.Get("client_secret") == a.client.Secret {
				t.Error("the request log has the client secret")
			}
		}
	})
}

func TestPushedRequestRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edits  edits
		status int
		code   string
	}{
		"wrong secret":         {edits{"client_secret": "x"}, 401, "access_denied"},
		"no secret":            {edits{"client_secret": ""}, 401, "access_denied"},
		"a request_uri":        {edits{"request_uri": "urn:x"}, 400, "invalid_request"},
		"another redirect URI": {edits{"redirect_uri": "http://b.test"}, 400, "invalid_request"},
		"no PKCE":              {edits{"code_challenge": ""}, 400, "invalid_request"},
		"scope without openid": {edits{"scope": "email"}, 400, "invalid_scope"},
		"unknown audience":     {edits{"audience": "x"}, 400, "access_denied"},
		"unknown organization": {edits{"organization": "x"}, 400, "invalid_request"},
		"form_post":            {edits{"response_mode": "form_post"}, 400, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := newPushingApp(t).push(test.edits)
			wantError(t, status, body, test.status, test.code)
		})
	}
}

func TestPushedRequestSettings(t *testing.T) {
	t.Parallel()
	t.Run("off by default", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		resp, _ := a.send(http.MethodPost, a.tenant.Issuer()+"oauth/par", a.authorizeForm(nil))
		wantStatus(t, "/oauth/par", resp.StatusCode, http.StatusNotFound)
	})
	t.Run("discovery names the endpoint", func(t *testing.T) {
		t.Parallel()
		a := newPushingApp(t)
		want := map[string]any{
			"pushed_authorization_request_endpoint": a.tenant.Issuer() + "oauth/par",
			"require_pushed_authorization_requests": false,
		}
		wantClaims(t, a.discovery(), want)
		a.tenant.RequirePushedRequests = true
		want["require_pushed_authorization_requests"] = true
		wantClaims(t, a.discovery(), want)
	})
	t.Run("RequirePushedRequests refuses other logins", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.RequirePushedRequests = true
		wantCallbackError(t, a.login(nil), "invalid_request", "Pushed Authorization Requests")
		if _, err := a.tenant.Authorize(a.browser, a.pushed(nil), ada); err != nil {
			t.Error(err)
		}
	})
}

func FuzzPushedRequest(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.PushedRequests = true
	client := tenant.AddClient(chiauth0test.Client{
		ID: "app", Secret: "secret", CallbackURLs: []string{callbackURL},
	})
	a := &app{tenant: tenant, client: client, verifier: strings.Repeat("v", 43)}
	good := a.authorizeForm(edits{"client_secret": "secret"})
	for _, e := range []edits{
		nil,
		{"client_secret": "x"},
		{"redirect_uri": "http://evil.test"},
		{"request_uri": "x"},
		{"scope": "\x00"},
	} {
		f.Add(e.apply(maps.Clone(good)).Encode())
	}
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, form string) {
		answer := serve(tenant, http.MethodPost, "/oauth/par", "", form, "")
		if answer.Code >= http.StatusInternalServerError {
			t.Errorf("form %q: status %d", form, answer.Code)
		}
		values, err := url.ParseQuery(form)
		if answer.Code != http.StatusCreated {
			return
		}
		if err != nil || values.Get("client_secret") != "secret" {
			t.Errorf("form %q was accepted without the secret", form)
		}
		if values.Get("redirect_uri") != callbackURL {
			t.Errorf("form %q was accepted with another redirect URI", form)
		}
	})
}
