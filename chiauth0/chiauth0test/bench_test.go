package chiauth0test_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// BenchmarkLogin measures the tenant's part of a login with a session, without the network. Most of
// it is one RSA signature.
func BenchmarkLogin(b *testing.B) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.AddClient(chiauth0test.Client{
		ID: "app", Secret: "secret", CallbackURLs: []string{callbackURL},
	})
	tenant.AddUser(chiauth0test.User{Email: ada, Password: "password"})
	verifier := strings.Repeat("v", 43)
	query := url.Values{
		"client_id":             {"app"},
		"redirect_uri":          {callbackURL},
		"response_type":         {"code"},
		"scope":                 {"openid"},
		"code_challenge":        {oauth2.S256ChallengeFromVerifier(verifier)},
		"code_challenge_method": {"S256"},
	}.Encode()
	cookie := signedIn(b, tenant, query)
	b.ReportAllocs()
	for b.Loop() {
		answer := serve(tenant, http.MethodGet, "/authorize", query, "", cookie)
		callback, err := url.Parse(answer.Header().Get("Location"))
		if err != nil {
			b.Fatal(err)
		}
		form := url.Values{
			"grant_type":    {"authorization_code"},
			"code":          callback.Query()["code"],
			"redirect_uri":  {callbackURL},
			"code_verifier": {verifier},
			"client_id":     {"app"},
			"client_secret": {"secret"},
		}.Encode()
		answer = serve(tenant, http.MethodPost, "/oauth/token", "", form, "")
		if answer.Code != http.StatusOK {
			b.Fatal(answer.Body)
		}
	}
}
