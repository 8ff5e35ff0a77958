package fields_test

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chiauth0/auth/internal/fields"
)

type field struct {
	id    byte
	value string
}

func read(t *testing.T, record string) (all []field, malformed bool) {
	t.Helper()
	r, ok := fields.Read(record, '1')
	if !ok {
		t.Fatalf("Read(%q) reports another version", record)
	}

	for {
		id, value, ok := r.Next()
		if !ok {
			return all, r.Malformed()
		}
		all = append(all, field{id, value})
	}
}

func TestFieldsComeBackInOrder(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	b := []byte{'1'}
	b = fields.Append(b, 'a', "one")
	b = fields.Append(b, 'b', []byte{0, 255})
	b = fields.Append(b, 'a', "")
	b = fields.AppendNonEmpty(b, 'c', "")
	b = fields.Append(b, 'd', long)

	got, malformed := read(t, string(b))
	want := []field{{'a', "one"}, {'b', "\x00\xff"}, {'a', ""}, {'d', long}}
	if malformed || len(got) != len(want) {
		t.Fatalf("got %d fields, malformed %t, want %d fields", len(got), malformed, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("field %d: got %.20q, want %.20q", i, got[i], want[i])
		}
	}
}

func TestNumbersComeBack(t *testing.T) {
	for _, want := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		got, malformed := read(t, string(fields.AppendInt([]byte{'1'}, 'n', want)))
		if malformed || len(got) != 1 {
			t.Fatalf("%d: got %v, malformed %t", want, got, malformed)
		}
		if n := fields.Int(got[0].value); n != want {
			t.Errorf("got %d, want %d", n, want)
		}
	}
	if n := fields.Int("one"); n != 0 {
		t.Errorf("Int of text: got %d, want 0", n)
	}
}

func TestAnotherVersionIsReported(t *testing.T) {
	for _, record := range []string{"", "2", "2a@"} {
		if _, ok := fields.Read(record, '1'); ok {
			t.Errorf("Read(%q): got version 1", record)
		}
	}
}

func TestTextStaysText(t *testing.T) {
	b := fields.Append([]byte{'1'}, 'a', strings.Repeat("ü", 100))
	b = fields.AppendInt(b, 'b', math.MaxInt64)
	if !utf8.Valid(b) {
		t.Errorf("got %q, which is not UTF-8", b)
	}
}

func TestDamagedRecordsAreMalformed(t *testing.T) {
	whole := string(fields.Append([]byte{'1'}, 'a', strings.Repeat("x", 40)))
	for _, record := range []string{
		"1a",         // no length
		"1a\x10",     // a length below the alphabet
		"1a\x80",     // and above it
		"1a`",        // a length that does not end
		"1a```````@", // a length that is too long
		whole[:len(whole)-1],
	} {
		if _, malformed := read(t, record); !malformed {
			t.Errorf("%q: got a good record", record)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("1aCxyz"))
	f.Add([]byte("1a`@"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := fields.Read(b, '1')
		if !ok {
			return
		}

		again := []byte{'1'}
		for {
			id, value, ok := r.Next()
			if !ok {
				break
			}
			again = fields.Append(again, id, value)
		}
		if !r.Malformed() && len(again) > len(b) {
			t.Errorf("got %d bytes from %d", len(again), len(b))
		}
	})
}
