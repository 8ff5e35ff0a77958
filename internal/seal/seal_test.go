package seal_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chiauth0/auth/internal/seal"
)

var (
	oldSecret = bytes.Repeat([]byte("o"), seal.MinSecret)
	newSecret = bytes.Repeat([]byte("n"), seal.MinSecret)
	bound     = seal.Associated("__Host-session", "https://tenant.eu.auth0.com/", "client")
)

func mustNew(t testing.TB, purpose string, secrets ...[]byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(purpose, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	s := mustNew(t, "test", oldSecret)
	for _, plaintext := range [][]byte{nil, {}, []byte("x"), bytes.Repeat([]byte{0}, 5000)} {
		got, err := s.Open(s.Seal(plaintext, bound), bound)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("Open(Seal(%d bytes)) = %d bytes, %v", len(plaintext), len(got), err)
		}
		got, err = s.OpenString(s.SealString(plaintext, bound), bound)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf(
				"OpenString(SealString(%d bytes)) = %d bytes, %v",
				len(plaintext),
				len(got),
				err,
			)
		}
	}
}

// A secret in front seals, the old one still opens; once it is taken away, what it sealed is closed
// (K2).
func TestRotation(t *testing.T) {
	before, during, after := mustNew(
		t,
		"test",
		oldSecret,
	), mustNew(
		t,
		"test",
		newSecret,
		oldSecret,
	), mustNew(
		t,
		"test",
		newSecret,
	)
	sealed := before.Seal([]byte("v"), bound)
	if _, err := during.Open(sealed, bound); err != nil {
		t.Errorf("with the old secret in second place: %v", err)
	}
	if _, err := after.Open(sealed, bound); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("with the old secret gone: err = %v, want ErrOpen", err)
	}
	if _, err := after.Open(during.Seal([]byte("v"), bound), bound); err != nil {
		t.Errorf("the first secret does not seal: %v", err)
	}
}

// What was sealed for one purpose, name, issuer or client opens for no other.
func TestBinding(t *testing.T) {
	s := mustNew(t, "test", oldSecret)
	sealed := s.Seal([]byte("v"), bound)
	if _, err := mustNew(t, "other", oldSecret).Open(sealed, bound); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("another purpose: err = %v, want ErrOpen", err)
	}
	for _, parts := range [][]string{
		{"__Host-sessio", "nhttps://tenant.eu.auth0.com/", "client"},
		{"__Host-session", "https://tenant.eu.auth0.com/", "other"},
		{"__Host-session", "https://tenant.eu.auth0.com/client"},
		nil,
	} {
		if _, err := s.Open(sealed, seal.Associated(parts...)); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("bound to %q: err = %v, want ErrOpen", parts, err)
		}
	}
}

func TestEveryBitCounts(t *testing.T) {
	s := mustNew(t, "test", oldSecret)
	sealed := s.Seal([]byte("identity"), bound)
	for i := range sealed {
		changed := slices.Clone(sealed)
		changed[i] ^= 1
		if _, err := s.Open(changed, bound); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("byte %d changed: err = %v, want ErrOpen", i, err)
		}
		if _, err := s.Open(sealed[:i], bound); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("cut to %d bytes: err = %v, want ErrOpen", i, err)
		}
	}
}

func TestNew(t *testing.T) {
	if _, err := seal.New("test"); err == nil {
		t.Error("no secret: no error")
	}
	if _, err := seal.New("test", oldSecret, nil); err == nil ||
		!strings.Contains(err.Error(), "2") {
		t.Errorf("an empty second secret: err = %v, want one that names it", err)
	}
}

func FuzzOpenString(f *testing.F) {
	s := mustNew(f, "test", newSecret, oldSecret)
	f.Add(s.SealString([]byte("identity"), bound))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, sealed string) {
		plaintext, err := s.OpenString(sealed, bound)
		if err == nil && string(plaintext) != "identity" {
			t.Fatalf("%q opened to %q", sealed, plaintext)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s, plaintext := mustNew(b, "test", oldSecret), bytes.Repeat([]byte("i"), 312)
	b.ReportAllocs()
	for b.Loop() {
		s.Seal(plaintext, bound)
	}
}

func BenchmarkOpen(b *testing.B) {
	s := mustNew(b, "test", oldSecret)
	sealed := s.Seal(bytes.Repeat([]byte("i"), 312), bound)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(sealed, bound); err != nil {
			b.Fatal(err)
		}
	}
}
