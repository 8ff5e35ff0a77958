package chiauth0

import (
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
)

// A login without a nonce of its own accepts no ID token.
func TestEmptyNonceIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		token, login string
		accepted     bool
	}{
		"equal":         {"a", "a", true},
		"different":     {"a", "b", false},
		"none":          {"", "a", false},
		"none for none": {"", "", false},
		"one for none":  {"a", "", false},
	} {
		err := checkNonce(&oidc.IDToken{Nonce: test.token}, transaction{Nonce: test.login})
		if (err == nil) != test.accepted {
			t.Errorf("%s: the error is %v, want accepted: %t", name, err, test.accepted)
		}
	}
}
