package chiauth0test_test

import (
	"crypto/rsa"
	"testing"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	t.Run("C11: a rotated key verifies until it is revoked", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		before := a.tokens(nil)["id_token"]
		a.tenant.RotateKeys()
		after := a.tokens(nil)["id_token"]
		if n := len(a.keys().Keys); n != 2 {
			t.Errorf("%d keys", n)
		}
		for name, token := range map[string]any{"before": before, "after": after} {
			if _, err := a.verify(token); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		a.tenant.RevokeOldKeys()
		if n := len(a.keys().Keys); n != 1 {
			t.Errorf("%d keys", n)
		}
		if _, err := a.verify(before); err == nil {
			t.Error("the revoked key is good")
		}
		if _, err := a.verify(after); err != nil {
			t.Errorf("the new key: %v", err)
		}
	})
	t.Run("rotating before the first use", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.tenant.RotateKeys()
		if n := len(a.keys().Keys); n != 2 {
			t.Errorf("%d keys", n)
		}
	})
	t.Run("no two tenants share a key, nor an id one after the other", func(t *testing.T) {
		t.Parallel()
		ids := map[string]bool{}
		for range 2 { // the second round gets the first round's keys, under new names
			t.Run("round", func(t *testing.T) {
				a, b := newApp(t), newApp(t)
				first, second := a.keys().Keys[0], b.keys().Keys[0]
				if key, ok := first.Key.(*rsa.PublicKey); !ok || key.Equal(second.Key) {
					t.Error("two tenants share a key")
				}
				for _, id := range []string{first.KeyID, second.KeyID} {
					if ids[id] {
						t.Errorf("key id %s again", id)
					}
					ids[id] = true
				}
			})
		}
	})
}
