package chiauth0_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// fetchedKeys is how often the application has fetched the keys.
func (a *app) fetchedKeys() int { return len(a.tenant.Requests(keysPath)) }

// 20 logins with bad tokens, with known and unknown key IDs, fetch the keys once.
func TestBadTokensFetchTheKeysOnce(t *testing.T) {
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
			bad := signedBy(forger)
			if i%2 == 0 {
				bad = all(bad, header("kid", "unknown"))
			}
			a.tenant.Misbehave(chiauth0test.Faults{IDToken: bad})
			resp := a.browser().login("/auth0/login", ada)
			if resp.StatusCode != http.StatusBadRequest {
				t.Fatalf("got %s, want 400", resp.Status)
			}
		}
		if n := a.fetchedKeys(); n != 2 {
			t.Errorf("the keys were fetched %d times, want 2: for the good login, and once more", n)
		}
	})
}

// A new key is found at once, and a withdrawn key is refused.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(t *testing.T) {
		a.browser().signIn(ada)
		time.Sleep(time.Minute)
		a.tenant.RotateKeys()
		a.tenant.RevokeOldKeys()
		a.browser().signIn(ada)
		a.browser().signIn(grace)
		if n := a.fetchedKeys(); n != 2 {
			t.Errorf("the keys were fetched %d times, want 2", n)
		}

		time.Sleep(2 * time.Hour)
		a.browser().signIn(ada)
		if n := a.fetchedKeys(); n != 3 {
			t.Errorf("after two hours the keys were fetched %d times, want 3", n)
		}
	})
}
