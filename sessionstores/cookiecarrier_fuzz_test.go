package sessionstores

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func someCookieSession() session {
	return session{
		token:  strings.Repeat("t", tokenLen),
		expiry: time.UnixMilli(1_800_000_000_000),
		stored: somePayload.encode(),
		cookie: cookieSession{generations: "ONE TWO"},
	}
}

func TestCookieSessionIsDecodedAsItWasEncoded(t *testing.T) {
	want := someCookieSession()
	got, ok := decodeCookieSession(encodeCookieSession(&want))
	want.payload, _ = decodePayload(want.stored)
	want.key = keyOf(want.token)
	want.live = true
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %t, want %+v", got, ok, want)
	}
}

func TestOtherPlaintextIsNoCookieSession(t *testing.T) {
	good := someCookieSession()
	noToken, noPayload := good, good
	noToken.token = "short"
	noPayload.stored = []byte("garbage")
	for name, plaintext := range map[string][]byte{
		"nothing":     nil,
		"no token":    encodeCookieSession(&noToken),
		"no payload":  encodeCookieSession(&noPayload),
		"truncated":   encodeCookieSession(&good)[:100],
		"an idle one": {idleVersion, idleKey, 0x41, 'x'},
	} {
		if s, ok := decodeCookieSession(plaintext); ok {
			t.Errorf("%s: got %+v, want no session", name, s)
		}
	}
}

// What decodes as a cookie session is decoded again as it was encoded.
func FuzzCookieSession(f *testing.F) {
	seed := someCookieSession()
	f.Add(encodeCookieSession(&seed))
	f.Add([]byte{sessionCookieVersion})
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		s, ok := decodeCookieSession(plaintext)
		if !ok {
			return
		}
		again, ok := decodeCookieSession(encodeCookieSession(&s))
		s.expiry, again.expiry = s.expiry.UTC(), again.expiry.UTC()
		if !ok || !reflect.DeepEqual(again, s) {
			t.Errorf("got %+v, %t, want %+v", again, ok, s)
		}
		if n := len(s.generations(3)); n != 3 {
			t.Errorf("generations of 3 names: got %d", n)
		}
	})
}
