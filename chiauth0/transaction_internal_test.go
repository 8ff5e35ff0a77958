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
	plaintext, err := tx.encode()
	if err != nil {
		t.Fatal(err)
	}
	name = a.transactionCookie(tx.State)
	return name, a.transactions.SealString(plaintext, a.transactionBinding(name))
}

func TestSealedTransaction(t *testing.T) {
	t.Parallel()
	// With secrets of its own, the keys are not of issuer and client already.
	secrets := func(c *Config) { c.Secrets = []string{strings.Repeat("s", 32)} }
	a := newTestAuth(t, secrets)
	tx := newTransaction()
	tx.ReturnTo, tx.RedirectURI, tx.Organization, tx.ACRValues = "/a?b&c<d>#e", "https://app.example/cb", "org_1", "mfa"
	tx.MaxAge = new(int64(0))
	name, value := sealTransaction(t, a, tx)
	if got, ok := a.openTransaction(name, value); !ok || !reflect.DeepEqual(got, tx) {
		t.Errorf("opened %+v, want %+v", got, tx)
	}
	for _, test := range []struct {
		name string
		auth *auth
		as   string
	}{
		{"L5: under another name", a, name + "x"},
		{"C19: of another client", newTestAuth(t, func(c *Config) { secrets(c); c.ClientID = "other" }), name},
		{"C19: of another tenant", newTestAuth(t, func(c *Config) { secrets(c); c.Domain = "other.example" }), name},
		{"F5: under another secret", newTestAuth(t, func(c *Config) { c.Secrets = []string{strings.Repeat("x", 32)} }), name},
	} {
		if _, ok := test.auth.openTransaction(test.as, value); ok {
			t.Errorf("%s: a transaction opens", test.name)
		}
	}
	if _, err := a.tokens.OpenString(value, a.transactionBinding(name)); err == nil {
		t.Error("C19: a transaction opens as tokens")
	}
	same := newTestAuth(t, secrets)
	if _, ok := same.openTransaction(name, value); !ok {
		t.Error("F5: another node does not open it")
	}
}

func TestTokensAreBound(t *testing.T) {
	t.Parallel()
	secrets := func(c *Config) { c.Secrets = []string{strings.Repeat("s", 32)} }
	a := newTestAuth(t, secrets)
	owner := userprovider.Identity{Issuer: "https://tenant.example/", Subject: "auth0|1"}
	sealed := a.tokens.Seal([]byte("tokens"), a.tokenBinding(owner))
	if _, err := a.tokens.Open(sealed, a.tokenBinding(owner)); err != nil {
		t.Fatal(err)
	}
	for name, binding := range map[string][]byte{
		"another user":   a.tokenBinding(userprovider.Identity{Issuer: owner.Issuer, Subject: "auth0|2"}),
		"another issuer": a.tokenBinding(userprovider.Identity{Issuer: "https://other.example/", Subject: owner.Subject}),
		"another client": newTestAuth(t, func(c *Config) { secrets(c); c.ClientID = "other" }).tokenBinding(owner),
	} {
		if _, err := a.tokens.Open(sealed, binding); err == nil {
			t.Errorf("C19: %s can open the tokens", name)
		}
	}
}

// Whatever the browser sends, only what was sealed for this name opens.
func FuzzOpenTransaction(f *testing.F) {
	a := newTestAuth(f, nil)
	// Not a new one: the fuzzer's processes have the same key, and hand each other what they sealed.
	tx := transaction{State: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Nonce: "NONCE", Verifier: "VERIFIER", Created: 1}
	name, value := sealTransaction(f, a, tx)
	f.Add(name, value, tx.State)
	f.Add(name, value[:len(value)-1], tx.State)
	f.Add(name, value+"A", tx.State)
	f.Add(name, value+"=", tx.State)
	f.Add("__Host-chiauth0_tx_", value, "")
	f.Add("chiauth0_tx_"+tx.State[:8], value, tx.State)
	f.Add(name, "", tx.State)
	f.Fuzz(func(t *testing.T, cookie, sealed, state string) {
		got, ok := a.openTransaction(cookie, sealed)
		if ok && (cookie != name || got != tx) || !ok && cookie == name && sealed == value {
			t.Fatalf("openTransaction(%q, %q) = %+v, %t", cookie, sealed, got, ok)
		}
		r := httptest.NewRequest(http.MethodGet, "/auth0/callback", nil)
		r.AddCookie(&http.Cookie{Name: cookie, Value: sealed})
		if found, ok := a.findTransaction(r, state); ok && (state != tx.State || found.Nonce != tx.Nonce) {
			t.Fatalf("findTransaction(%q=%q, %q) finds %+v", cookie, sealed, state, found)
		}
		w := httptest.NewRecorder()
		if err := a.saveTransaction(w, r, newTransaction()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestUsedStates(t *testing.T) {
	t.Parallel()
	var used usedStates
	states := make([]string, 2*maxUsed+1)
	for i := range states {
		states[i] = newTransaction().State
		if !used.use(states[i]) {
			t.Fatalf("C6: state %d counts as used", i)
		}
		if used.use(states[i]) {
			t.Fatalf("C6: state %d can be used twice", i)
		}
		if len(used.known) > maxUsed || len(used.order) > maxUsed {
			t.Fatalf("C6: %d states are remembered, want at most %d", len(used.known), maxUsed)
		}
	}
	for _, state := range states[len(states)-maxUsed:] {
		if used.use(state) {
			t.Fatal("C6: one of the latest states is forgotten")
		}
	}
}

func BenchmarkTransaction(b *testing.B) {
	a := newTestAuth(b, nil)
	tx := newTransaction()
	tx.RedirectURI, tx.ReturnTo = "https://app.example/auth0/callback", "/account?tab=2"
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
