package chiauth0_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// C11, through whole logins. What it is in detail, TestKeys proves.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	reads := func(a *app) int { return len(a.tenant.Requests("/.well-known/jwks.json")) }
	t.Run("C11: 20 bad tokens, with known and unknown key ids, are one read of the keys", func(t *testing.T) {
		t.Parallel()
		forger, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			a.browser().signIn(ada)
			time.Sleep(time.Minute)
			for i := range 20 {
				a.tenant.Misbehave(chiauth0test.Faults{IDToken: func(token *chiauth0test.JWT) {
					if token.Key = forger; i%2 == 0 {
						token.Header["kid"] = "unknown"
					}
				}})
				if resp := a.browser().login("/auth0/login", ada); resp.StatusCode != http.StatusBadRequest {
					t.Fatal(resp.Status)
				}
			}
			if n := reads(a); n != 2 {
				t.Errorf("%d reads of the keys, want that of the good login and one more", n)
			}
		})
	})
	t.Run("C11: a rotated key is found, and the withdrawn one forgotten", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.inBubble(func(t *testing.T) {
			a.browser().signIn(ada)
			time.Sleep(time.Minute)
			a.tenant.RotateKeys()
			a.tenant.RevokeOldKeys()
			a.browser().signIn(ada)
			a.browser().signIn(grace)
			if n := reads(a); n != 2 {
				t.Errorf("%d reads of the keys", n)
			}
			time.Sleep(2 * time.Hour)
			a.browser().signIn(ada)
			if n := reads(a); n != 3 {
				t.Errorf("%d reads of the keys after two hours", n)
			}
		})
	})
}
