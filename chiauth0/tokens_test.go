package chiauth0

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/internal/fields"
)

var exampleJWT = toBase64(`{"alg":"RS256","kid":"k"}`) + "." +
	toBase64(`{"sub":"auth0|1"}`) + "." +
	toBase64(strings.Repeat("\xff", 256))

func access(token string) []accessToken {
	return []accessToken{{token: token, issued: time.Unix(1, 0)}}
}

func TestTokensSurviveEncoding(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]tokenSet{
		"no tokens": {},
		"all of them": {
			idToken:      exampleJWT,
			refreshToken: "v1.opaque",
			access: []accessToken{
				{
					audience: "https://api.example",
					scope:    "read write",
					token:    exampleJWT,
					issued:   time.Unix(1_800_000_000, 0),
					expiry:   time.Unix(1_800_000_060, 0),
				},
				{token: "opaque", issued: time.Unix(1_800_000_000, 0)},
			},
			lock: refreshLock{owner: "x", until: time.UnixMilli(1_800_000_000_123)},
		},
		"a refresh token that is a JWT": {refreshToken: exampleJWT},
		"a dotted refresh token":        {refreshToken: "a.b.c"},
		"padding bits that are set":     {idToken: "QR.QR.QR"}, // encoded again, it is different
		"what is not base64":            {idToken: "a.b!.c"},
		"empty parts":                   {idToken: ".."},
		"four parts":                    {idToken: "YQ.YQ.YQ.YQ"},
		"an encrypted token":            {access: access("a.b.c.d.e")},
	} {
		got, err := decodeTokens(want.encode())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestJWTsAreStoredWithoutTheirBase64(t *testing.T) {
	t.Parallel()

	tokens := tokenSet{idToken: exampleJWT}
	got, most := len(tokens.encode()), len(exampleJWT)*4/5
	if got > most {
		t.Errorf("a JWT of %d characters: got %d bytes, want %d at most",
			len(exampleJWT), got, most)
	}
}

func TestTokensWithFieldsOfALaterReleaseAreRead(t *testing.T) {
	t.Parallel()

	want := tokenSet{idToken: exampleJWT, refreshToken: "r"}
	got, err := decodeTokens(fields.Append(want.encode(), '~', "later"))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func FuzzDecodeTokens(f *testing.F) {
	f.Add([]byte{})
	tokens := tokenSet{idToken: "YQ.YQ.YQ", access: access("opaque")}
	f.Add(tokens.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeTokens(b)
		if err != nil {
			return
		}

		again, err := decodeTokens(got.encode())
		if err != nil || len(again.access) != len(got.access) || again.idToken != got.idToken {
			t.Fatalf("%+v: got %+v, %v", got, again, err)
		}
	})
}
