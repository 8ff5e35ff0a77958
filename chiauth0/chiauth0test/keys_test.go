package chiauth0test_test

import (
	"crypto/rsa"
	"testing"
)

func (a *app) wantKeys(want int) {
	a.t.Helper()
	if got := len(a.keys().Keys); got != want {
		a.t.Errorf("%d keys are published, want %d", got, want)
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	t.Run("the old key verifies until it is revoked", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		before := a.tokens(nil)["id_token"]
		a.tenant.RotateKeys()
		after := a.tokens(nil)["id_token"]
		a.wantKeys(2)
		for name, token := range map[string]any{"old": before, "new": after} {
			if _, err := a.verify(token); err != nil {
				t.Errorf("%s key: %v", name, err)
			}
		}
		a.tenant.RevokeOldKeys()
		a.wantKeys(1)
		if _, err := a.verify(before); err == nil {
			t.Error("the revoked key verifies")
		}
		if _, err := a.verify(after); err != nil {
			t.Errorf("the new key: %v", err)
		}
	})
	t.Run("before the first use", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.RotateKeys()
		a.wantKeys(2)
	})
}

// The second round gets the keys of the first, under new IDs.
func TestTenantsDoNotShareKeys(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for range 2 {
		t.Run("round", func(t *testing.T) {
			a, b := newApp(t), newApp(t)
			first, second := a.keys().Keys[0], b.keys().Keys[0]
			if key, isRSA := first.Key.(*rsa.PublicKey); !isRSA || key.Equal(second.Key) {
				t.Error("two tenants share a key")
			}
			for _, id := range []string{first.KeyID, second.KeyID} {
				if ids[id] {
					t.Errorf("the key ID %s is used twice", id)
				}
				ids[id] = true
			}
		})
	}
}
