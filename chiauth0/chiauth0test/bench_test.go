package chiauth0test_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// What the tenant's part of one login costs, without the network: single sign-on, code, tokens. An application's test suite
// pays it again and again. Nearly all of it is one RSA signature.
func BenchmarkLogin(b *testing.B) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.AddClient(chiauth0test.Client{ID: "app", Secret: "secret", CallbackURLs: []string{callbackURL}})
	tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
	verifier := strings.Repeat("v", 43)
	query := url.Values{
		"client_id": {"app"}, "redirect_uri": {callbackURL}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}.Encode()
	cookie := signedIn(b, tenant, query)
	b.ReportAllocs()
	for b.Loop() {
		callback, err := url.Parse(serve(tenant, http.MethodGet, "/authorize", query, "", cookie).Header().Get("Location"))
		if err != nil {
			b.Fatal(err)
		}
		answer := serve(tenant, http.MethodPost, "/oauth/token", "", url.Values{
			"grant_type": {"authorization_code"}, "code": callback.Query()["code"], "redirect_uri": {callbackURL},
			"code_verifier": {verifier}, "client_id": {"app"}, "client_secret": {"secret"},
		}.Encode(), "")
		if answer.Code != http.StatusOK {
			b.Fatal(answer.Body)
		}
	}
}
