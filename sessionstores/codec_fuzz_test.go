package sessionstores_test

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// Any bytes decode or are an error. What decodes can be encoded, and decodes to the same then.
func FuzzCodecDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x01\x01\x00\x00\x00"))
	f.Add(mustEncode(f, codecDeadline, codecSession()))
	f.Fuzz(func(t *testing.T, in []byte) {
		pristine := bytes.Clone(in)
		deadline, values, err := sessionstores.Codec{}.Decode(in)
		if !bytes.Equal(in, pristine) {
			t.Fatal("Decode changed its input")
		}
		if err != nil {
			return
		}
		encoded := mustEncode(t, deadline, values)
		deadline, values, err = sessionstores.Codec{}.Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if again := mustEncode(t, deadline, values); !bytes.Equal(again, encoded) {
			t.Errorf("encoded %x, then %x", encoded, again)
		}
	})
}

// Decoding returns any session as it was encoded.
func FuzzCodecRoundTrip(f *testing.F) {
	f.Add(
		"user", "name", "Ann", []byte("identity"), int64(-1), 0.5, true,
		int64(1_800_000_000), uint32(1), int32(-3600),
	)
	f.Fuzz(func(
		t *testing.T, k1, k2, text string, data []byte, n int64, x float64, ok bool,
		sec int64, nsec uint32, zone int32,
	) {
		at := time.Unix(sec, int64(nsec)).In(time.FixedZone("", int(zone)))
		values := map[string]any{
			k1: text, k2: data, k1 + k2: n, "x": x, "ok": ok, "at": at,
			"int": int(n), "int32": int32(n),
		}
		encoded := mustEncode(t, at.UTC(), values)
		deadline, got, err := sessionstores.Codec{}.Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		sameSession(t, deadline, got, at.UTC(), values)
		if !bytes.Equal(encoded, mustEncode(t, at.UTC(), maps.Clone(values))) {
			t.Error("the same session encoded differently")
		}
	})
}
