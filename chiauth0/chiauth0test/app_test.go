package chiauth0test_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

const (
	// Nothing listens at these URLs: the tests read the redirects to them.
	callbackURL = "http://app.test/callback?from=tenant"
	loggedOut   = "http://app.test/bye?lang=en"

	ada = "Ada@example.com"
	bob = "bob@example.com"
)

// An app is an application that builds its requests by hand, so that a test can change each
// parameter.
type app struct {
	t        *testing.T
	tenant   *chiauth0test.Tenant
	client   chiauth0test.Client
	browser  *http.Client
	verifier string
	clock    time.Time
}

func newApp(t *testing.T) *app {
	t.Helper()
	a := &app{
		t:        t,
		tenant:   chiauth0test.Start(t),
		browser:  chiauth0test.NewBrowser(),
		verifier: oauth2.GenerateVerifier(),
		clock:    time.Now(),
	}
	a.tenant.Now = func() time.Time { return a.clock }
	a.client = a.tenant.AddClient(chiauth0test.Client{
		ID:           "app",
		Secret:       "s e/c+r:et", // form encoding and base64 treat these characters differently
		Name:         "<App>",
		CallbackURLs: []string{callbackURL},
		LogoutURLs:   []string{loggedOut},
	})
	a.addUser(chiauth0test.User{Name: "Ada Lovelace", EmailVerified: true})
	return a
}

// addUser adds a user, by default Ada with the password "password".
func (a *app) addUser(user chiauth0test.User) chiauth0test.User {
	if user.Email == "" {
		user.Email = ada
	}
	user.Password = "password"
	return a.tenant.AddUser(user)
}

// addOther adds a second client and returns the form parameters that authenticate it.
func (a *app) addOther() edits {
	const secret = "other secret"
	a.tenant.AddClient(chiauth0test.Client{ID: "other", Secret: secret})
	return edits{"client_id": "other", "client_secret": secret}
}

// updateClient changes the registration of the client.
func (a *app) updateClient(change func(*chiauth0test.Client)) {
	change(&a.client)
	a.client = a.tenant.AddClient(a.client)
}

// edits change the parameters of a request. An empty value removes the parameter.
type edits map[string]string

func (e edits) apply(values url.Values) url.Values {
	for name, value := range e {
		values.Set(name, value)
		if value == "" {
			values.Del(name)
		}
	}
	return values
}

func (a *app) authorizeForm(e edits) url.Values {
	return e.apply(url.Values{
		"client_id":             {a.client.ID},
		"redirect_uri":          {callbackURL},
		"response_type":         {"code"},
		"scope":                 {"openid profile email"},
		"state":                 {"the state"},
		"nonce":                 {"the nonce"},
		"code_challenge":        {oauth2.S256ChallengeFromVerifier(a.verifier)},
		"code_challenge_method": {"S256"},
	})
}

func (a *app) authorizeURL(e edits) string {
	return a.tenant.Issuer() + "authorize?" + a.authorizeForm(e).Encode()
}

// login logs Ada in and returns the query of the callback.
func (a *app) login(e edits) url.Values {
	a.t.Helper()
	callback, err := a.tenant.Authorize(a.browser, a.authorizeURL(e), ada)
	if err != nil {
		a.t.Fatal(err)
	}
	if base, _, _ := strings.Cut(callback.String(), "&"); base != callbackURL {
		a.t.Fatalf("callback is %s, want %s", callback, callbackURL)
	}
	return callback.Query()
}

// code logs Ada in and returns the code.
func (a *app) code(e edits) string {
	a.t.Helper()
	query := a.login(e)
	if query.Get("code") == "" {
		a.t.Fatalf("callback query %v has no code", query)
	}
	return query.Get("code")
}

// post sends a form and returns the JSON answer. header lists names and values.
func (a *app) post(path string, form url.Values, header ...string) (int, map[string]any) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost,
		a.tenant.Issuer()+path, strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return a.do(req)
}

func (a *app) do(req *http.Request) (status int, body map[string]any) {
	a.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &body); err != nil {
			a.t.Fatalf("%s answered %s, not JSON: %s", req.URL.Path, resp.Status, raw)
		}
	}
	return resp.StatusCode, body
}

func (a *app) codeForm(code string, e edits) url.Values {
	return e.apply(url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {callbackURL},
		"code_verifier": {a.verifier},
		"client_id":     {a.client.ID},
		"client_secret": {a.client.Secret},
	})
}

// redeem exchanges a code.
func (a *app) redeem(code string, e edits) (status int, body map[string]any) {
	a.t.Helper()
	return a.post("oauth/token", a.codeForm(code, e))
}

// refresh uses a refresh token.
func (a *app) refresh(token any, e edits) (status int, body map[string]any) {
	a.t.Helper()
	text, _ := token.(string)
	return a.post("oauth/token", e.apply(url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {text},
		"client_id":     {a.client.ID},
		"client_secret": {a.client.Secret},
	}))
}

// mustRefresh uses a refresh token and fails the test if it is refused.
func (a *app) mustRefresh(token any, e edits) map[string]any {
	a.t.Helper()
	status, body := a.refresh(token, e)
	if status != http.StatusOK {
		a.t.Fatalf("refresh answered %d %v, want 200", status, body)
	}
	return body
}

// tokens logs Ada in and redeems the code.
func (a *app) tokens(e edits) map[string]any {
	a.t.Helper()
	status, body := a.redeem(a.code(e), nil)
	if status != http.StatusOK {
		a.t.Fatalf("token endpoint answered %d %v, want 200", status, body)
	}
	return body
}

// idToken logs Ada in and returns the claims of her ID token.
func (a *app) idToken(e edits) map[string]any {
	a.t.Helper()
	return a.open(a.tokens(e)["id_token"])
}

// open verifies a token with the published keys and returns its claims.
func (a *app) open(token any) map[string]any {
	a.t.Helper()
	text, _ := token.(string)
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		a.t.Fatalf("%q: %v", text, err)
	}
	payload, err := signed.Verify(a.keys())
	if err != nil {
		a.t.Fatal(err)
	}
	var claims map[string]any
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		a.t.Fatal(err)
	}
	return claims
}

func (a *app) keys() *jose.JSONWebKeySet {
	a.t.Helper()
	resp, err := http.Get(a.tenant.Issuer() + ".well-known/jwks.json")
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		a.t.Fatal(err)
	}
	return &set
}
