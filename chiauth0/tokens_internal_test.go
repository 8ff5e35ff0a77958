package chiauth0

import (
	"strings"
	"testing"
	"time"
)

func TestTokenRecordIsLossless(t *testing.T) {
	jwt := toBase64(`{"alg":"RS256","kid":"k"}`) + "." + toBase64(`{"sub":"auth0|1"}`) + "." + toBase64(strings.Repeat("\xff", 256))
	for name, want := range map[string]tokenRecord{
		"nothing":            {},
		"JWTs":               {IDToken: jwt, AccessToken: jwt, RefreshToken: "v1.opaque", Expiry: time.Unix(1_800_000_000, 0)},
		"opaque":             {AccessToken: "opaque", RefreshToken: "a.b.c"},
		"padding bits set":   {IDToken: "QR.QR.QR"}, // decodes, but is not how it would be encoded
		"not base64":         {IDToken: "a.b!.c"},
		"empty parts":        {IDToken: ".."},
		"four parts":         {IDToken: "YQ.YQ.YQ.YQ"},
		"an encrypted token": {AccessToken: "a.b.c.d.e"},
	} {
		got, err := decodeTokens(want.encode())
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
	if packed := len(tokenRecord{IDToken: jwt}.encode()); packed > len(jwt)*4/5 {
		t.Errorf("a JWT of %d characters is packed into %d bytes, want about three quarters", len(jwt), packed)
	}
}

func FuzzDecodeTokens(f *testing.F) {
	f.Add([]byte{})
	f.Add(tokenRecord{IDToken: "YQ.YQ.YQ", AccessToken: "opaque", Expiry: time.Unix(1, 0)}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		record, err := decodeTokens(b)
		if err != nil {
			return
		}
		if again, err := decodeTokens(record.encode()); err != nil || again != record {
			t.Fatalf("%+v became %+v, %v", record, again, err)
		}
	})
}
