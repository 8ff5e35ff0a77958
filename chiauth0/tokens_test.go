package chiauth0

import (
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/internal/fields"
)

var exampleJWT = toBase64(`{"alg":"RS256","kid":"k"}`) + "." +
	toBase64(`{"sub":"auth0|1"}`) + "." +
	toBase64(strings.Repeat("\xff", 256))

func TestTokensSurviveEncoding(t *testing.T) {
	for name, want := range map[string]tokenSet{
		"no tokens": {},
		"JWTs": {
			IDToken:      exampleJWT,
			AccessToken:  exampleJWT,
			RefreshToken: "v1.opaque",
			Expiry:       time.Unix(1_800_000_000, 0),
		},
		"a refresh token that is a JWT": {RefreshToken: exampleJWT},
		"opaque tokens":                 {AccessToken: "opaque", RefreshToken: "a.b.c"},
		"padding bits that are set":     {IDToken: "QR.QR.QR"}, // encoded again, it is different
		"what is not base64":            {IDToken: "a.b!.c"},
		"empty parts":                   {IDToken: ".."},
		"four parts":                    {IDToken: "YQ.YQ.YQ.YQ"},
		"an encrypted token":            {AccessToken: "a.b.c.d.e"},
	} {
		got, err := decodeTokens(want.encode())
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestJWTsAreStoredWithoutTheirBase64(t *testing.T) {
	tokens := tokenSet{IDToken: exampleJWT}
	got, most := len(tokens.encode()), len(exampleJWT)*4/5
	if got > most {
		t.Errorf("a JWT of %d characters: got %d bytes, want %d at most", len(exampleJWT), got, most)
	}
}

func TestTokensWithFieldsOfALaterReleaseAreRead(t *testing.T) {
	want := tokenSet{IDToken: exampleJWT, RefreshToken: "r"}
	got, err := decodeTokens(fields.Append(want.encode(), '~', "later"))
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func FuzzDecodeTokens(f *testing.F) {
	f.Add([]byte{})
	tokens := tokenSet{IDToken: "YQ.YQ.YQ", AccessToken: "opaque", Expiry: time.Unix(1, 0)}
	f.Add(tokens.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeTokens(b)
		if err != nil {
			return
		}

		again, err := decodeTokens(got.encode())
		if err != nil || again != got {
			t.Fatalf("%+v: got %+v, %v", got, again, err)
		}
	})
}
