package chiauth0

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
)

func sealTransaction(t testing.TB, a *auth, tx transaction) (name, value string) {
	t.Helper()
	plaintext, err := encodeJSON(tx)
	if err != nil {
		t.Fatal(err)
	}
	name = a.transactionCookie(tx.ID)
	return name, a.transactions.SealString(plaintext, a.transactionBinding(name))
}

// withSecrets gives a Config keys that do not depend on issuer and client.
func withSecrets(c *Config) { c.Secrets = []string{strings.Repeat("s", 32)} }

// otherConfigs are Configs with the same secrets that must not open what another has sealed.
func otherConfigs(t testing.TB) map[string]*auth {
	t.Helper()
	others := map[string]*auth{}
	for name, change := range map[string]func(*Config){
		"another client":     func(c *Config) { c.ClientID = "other" },
		"another tenant":     func(c *Config) { c.Domain = "other.example" },
		"another mount path": func(c *Config) { c.MountPath = "/other" },
	} {
		others[name] = newTestAuth(t, func(c *Config) {
			withSecrets(c)
			change(c)
		})
	}
	others["another secret"] = newTestAuth(t, func(c *Config) {
		c.Secrets = []string{strings.Repeat("x", 32)}
	})
	return others
}

func TestSealedTransaction(t *testing.T) {
	t.Parallel()
	a := newTestAuth(t, withSecrets)
	tx := newTransaction("ABCDEFGHIJKLMNOP")
	tx.RedirectURI, tx.Organization, tx.ACRValues = "https://app.example/cb", "org_1", "mfa"
	tx.MaxAge = new(int64(0))
	name, value := sealTransaction(t, a, tx)
	if got, ok := a.openTransaction(name, value); !ok || !reflect.DeepEqual(got, tx) {
		t.Errorf("got %+v, want %+v", got, tx)
	}
	if _, ok := a.openTransaction(name+"x", value); ok {
		t.Error("a transaction opens under another name")
	}
	for who, other := range otherConfigs(t) {
		if _, ok := other.openTransaction(name, value); ok {
			t.Errorf("a transaction opens for %s", who)
		}
		if other.transactionCookie(tx.ID) == name && who != "another secret" {
			t.Errorf("the cookie has the same name for %s", who)
		}
	}
	if _, err := a.tokens.OpenString(value, a.transactionBinding(name)); err == nil {
		t.Error("a transaction opens as tokens")
	}
	if _, ok := newTestAuth(t, withSecrets).openTransaction(name, value); !ok {
		t.Error("a transaction does not open on another node")
	}
}

// The cookie's name has a part of the ID only. The whole ID decides.
func TestTransactionOfAnotherLoginWithTheSameName(t *testing.T) {
	t.Parallel()
	a := newTestAuth(t, nil)
	name, value := sealTransaction(t, a, newTransaction("ABCDEFGH-one"))
	r := httptest.NewRequest(http.MethodGet, "/auth0/callback", nil)
	r.AddCookie(&http.Cookie{Name: name, Value: value})
	if _, ok := a.findTransaction(r, "ABCDEFGH-one"); !ok {
		t.Error("the login's own transaction is not found")
	}
	if got, ok := a.findTransaction(r, "ABCDEFGH-two"); ok {
		t.Errorf("got %+v for another login, want none", got)
	}
}

func TestTokensAreBound(t *testing.T) {
	t.Parallel()
	a := newTestAuth(t, withSecrets)
	owner := userprovider.Identity{Issuer: "https://tenant.example/", Subject: "auth0|1"}
	sealed := a.tokens.Seal([]byte("tokens"), a.tokenBinding(owner))
	if _, err := a.tokens.Open(sealed, a.tokenBinding(owner)); err != nil {
		t.Fatal(err)
	}
	bindings := map[string][]byte{
		"another user": a.tokenBinding(userprovider.Identity{
			Issuer: owner.Issuer, Subject: "auth0|2",
		}),
		"another issuer": a.tokenBinding(userprovider.Identity{
			Issuer: "https://other.example/", Subject: owner.Subject,
		}),
	}
	for who, other := range otherConfigs(t) {
		if who != "another secret" {
			bindings[who] = other.tokenBinding(owner)
		}
	}
	for who, binding := range bindings {
		if _, err := a.tokens.Open(sealed, binding); err == nil {
			t.Errorf("the tokens open for %s", who)
		}
	}
}

// Whatever the browser sends, only what was sealed for this name opens.
func FuzzOpenTransaction(f *testing.F) {
	a := newTestAuth(f, nil)
	// A fixed one: the processes of the fuzzer have the same key and exchange what they sealed.
	tx := transaction{ID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Nonce: "N", Verifier: "V", Created: 1}
	name, value := sealTransaction(f, a, tx)
	f.Add(name, value, tx.ID)
	f.Add(name, value[:len(value)-1], tx.ID)
	f.Add(name, value+"A", tx.ID)
	f.Add(name, value+"=", tx.ID)
	f.Add("__Host-chiauth0_tx_", value, "")
	f.Add("chiauth0_tx_"+tx.ID[:8], value, tx.ID)
	f.Add(name, "", tx.ID)
	f.Fuzz(func(t *testing.T, cookie, sealed, id string) {
		got, ok := a.openTransaction(cookie, sealed)
		if ok && (cookie != name || got != tx) || !ok && cookie == name && sealed == value {
			t.Fatalf("openTransaction(%q, %q): got %+v, %t", cookie, sealed, got, ok)
		}
		r := httptest.NewRequest(http.MethodGet, "/auth0/callback", nil)
		r.AddCookie(&http.Cookie{Name: cookie, Value: sealed})
		if found, ok := a.findTransaction(r, id); ok && (id != tx.ID || found.Nonce != tx.Nonce) {
			t.Fatalf("findTransaction(%q=%q, %q): got %+v", cookie, sealed, id, found)
		}
		err := a.saveTransaction(httptest.NewRecorder(), r, newTransaction("X"), false)
		if err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkTransaction(b *testing.B) {
	a := newTestAuth(b, nil)
	tx := newTransaction("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	tx.RedirectURI = "https://app.example/auth0/callback"
	name, value := sealTransaction(b, a, tx)
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sealTransaction(b, a, tx)
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := a.openTransaction(name, value); !ok {
				b.Fatal("it does not open")
			}
		}
	})
}
