package redisstore

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

func FuzzSession(f *testing.F) {
	now := time.UnixMilli(1_700_000_000_000).UTC()
	f.Add([]byte(nil))
	f.Add([]byte("\x00S1234567"))
	f.Add([]byte("\x00E"))
	f.Add(appendSession(nil, now))
	f.Add(appendSession([]byte("data"), now.Add(time.Hour)))
	f.Add(appendSession([]byte("data"), time.Unix(1<<40, 0)))
	f.Fuzz(func(t *testing.T, value []byte) {
		data, expiry, found := session(value, now)
		if !found {
			ended := bytes.HasPrefix(value, []byte(endedKind)) || bytes.HasPrefix(value, []byte(renewedKind))
			if data != nil || expiry.IsZero() == ended {
				t.Fatalf("not found, and yet %q until %v", data, expiry)
			}
			return
		}
		if !expiry.After(now) {
			t.Fatalf("expired at %v, and found at %v", expiry, now)
		}
		if again := appendSession(data, expiry); !bytes.Equal(again, value) {
			t.Fatalf("%q was read as what is written %q", value, again)
		}
	})
}

func FuzzSuccessors(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("\x03key\x00\x05other"))
	f.Add([]byte("\x05key"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01key"))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, ok := successors(b)
		if !ok {
			return
		}
		var again []byte
		for _, key := range keys {
			again = appendSuccessor(again, key)
		}
		if back, ok := successors(again); !ok || !slices.Equal(back, keys) {
			t.Fatalf("%q: %q, and again %q", b, keys, back)
		}
	})
}

func TestSessionExpires(t *testing.T) {
	now := time.Now()
	for after, want := range map[time.Duration]bool{-time.Second: false, 0: false, time.Second: true, 1000 * time.Hour: true} {
		if _, _, found := session(appendSession([]byte("data"), now.Add(after)), now); found != want {
			t.Errorf("expires after %v: found %v, want %v", after, found, want)
		}
	}
}
