package cookiestore_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// FuzzOpen: whatever the Cookie header says, what opens is what was sealed.
func FuzzOpen(f *testing.F) {
	store := newStore()
	large := bytes.Repeat([]byte("large"), 1200)
	header := func(name string, plaintext []byte) string {
		cookies, err := store.Seal(name, plaintext, 100)
		if err != nil {
			f.Fatal(err)
		}
		var pairs []string
		for _, c := range cookies {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
		return strings.Join(pairs, "; ")
	}
	f.Add(header("s", []byte("small")))
	f.Add(header("s", large))
	f.Add(header("s", []byte("small")) + "; " + header("s", large))
	f.Add(header("other", []byte("small")))
	f.Add("s=1.; s.1=x; s.10=y; s=; ;;=; s")
	f.Fuzz(func(t *testing.T, header string) {
		plaintext, ok := store.Open([]string{header}, "s")
		if ok && string(plaintext) != "small" && !bytes.Equal(plaintext, large) {
			t.Fatalf("%q opened to %q", header, plaintext)
		}
		for _, name := range store.Names([]string{header}, "s") {
			if name != "s" && !strings.HasPrefix(name, "s.") {
				t.Fatalf("%q is none of ours", name)
			}
		}
	})
}

// FuzzSeal: what is split into cookies is joined again, as net/http would carry it.
func FuzzSeal(f *testing.F) {
	store := newStore()
	f.Add([]byte("small"), 100)
	f.Add(bytes.Repeat([]byte("l"), 11_000), 100)
	f.Add([]byte{}, 4080)
	f.Fuzz(func(t *testing.T, plaintext []byte, overhead int) {
		if overhead < 0 || overhead > 1<<20 {
			return
		}
		cookies, err := store.Seal("s", plaintext, overhead)
		if err != nil {
			return
		}
		r := &http.Request{Header: http.Header{}}
		for _, c := range cookies {
			if size := len(c.Name) + 1 + len(c.Value) + overhead; size > 4096 {
				t.Fatalf("a cookie of %d bytes", size)
			}
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		got, ok := store.Open(r.Header["Cookie"], "s")
		if !ok || !bytes.Equal(got, plaintext) {
			t.Fatalf("%d bytes in %d cookies came back as %d bytes, %t", len(plaintext), len(cookies), len(got), ok)
		}
	})
}
