package sessionstores

import (
	"testing"
	"time"
)

func TestFindStringReturnsStringsOnly(t *testing.T) {
	values := map[string]any{
		"": "empty key", "a": "text", "b": 1, "c": []byte("bytes"), "d": nil, "e": 1.5, "f": true,
		"g": time.Now(), "h": undecodable("gob"), "i": int32(1), "j": int64(1), "k": "",
	}
	b, err := Codec{}.Encode(time.Now(), values)
	if err != nil {
		t.Fatal(err)
	}
	for key := range values {
		want, isString := values[key].(string)
		got, ok := findString(b, key)
		if got != want || ok != isString {
			t.Errorf("%q: got %q, %t, want %q, %t", key, got, ok, want, isString)
		}
	}
	if got, ok := findString(b, "none"); ok {
		t.Errorf("a key that is not there: got %q", got)
	}
}

func TestFindStringAllocatesTheValueOnly(t *testing.T) {
	b, err := Codec{}.Encode(time.Now(), map[string]any{
		"a": 1, "b": []byte("bytes"), "c": time.Now(),
		"user": "a name of more than 32 bytes, on the heap",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := testing.AllocsPerRun(100, func() { findString(b, "user") })
	if got > 1 {
		t.Errorf("allocations: got %v, want at most 1", got)
	}
}

// FindString and Decode agree on what Decode accepts.
func FuzzFindString(f *testing.F) {
	b, err := Codec{}.Encode(time.Now(), map[string]any{"user": "ann", "n": 1, "at": time.Now()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, "user")
	f.Add([]byte("\x01\x01\x00\x00\x02\x01a\x0a\x03gob\x01b\x07\x03tea"), "b")
	f.Add([]byte("\x01\x01\x00\x00\xff\xff\xff\xff\x0f"), "b")
	f.Fuzz(func(t *testing.T, b []byte, key string) {
		got, ok := findString(b, key)
		_, values, err := Codec{}.Decode(b)
		if err != nil {
			return
		}
		if want, isString := values[key].(string); got != want || ok != isString {
			t.Errorf("%q: got %q, %t, want %q, %t", key, got, ok, want, isString)
		}
		for key := range values {
			want, isString := values[key].(string)
			if got, ok := findString(b, key); got != want || ok != isString {
				t.Errorf("%q: got %q, %t, want %q, %t", key, got, ok, want, isString)
			}
		}
	})
}
