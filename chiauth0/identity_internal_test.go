package chiauth0

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/chiauth0/auth/userprovider"
)

var fullIdentity = userprovider.Identity{
	Issuer: "https://tenant.eu.auth0.com/", Subject: "auth0|507f1f77bcf86cd799439020", Name: "Ada Lovelace", Nickname: "ada",
	Email: "ada@example.com", EmailVerified: true, Picture: "https://s.gravatar.com/avatar/0123456789abcdef?s=480",
	Groups: []string{"staff", "", "größe"}, OrgID: "org_1", OrgName: "ours", SessionID: "Zm9v",
	AuthTime: time.Unix(1_800_000_000, 0),
}

func TestIdentityIsLossless(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]userprovider.Identity{
		"nothing":                     {},
		"all of it":                   fullIdentity,
		"not verified":                {Email: "ada@example.com"},
		"a long name":                 {Name: strings.Repeat("ä", 10_000)},
		"a name that looks packed":    {Name: "1@@AAB"},
		"a name of any bytes":         {Name: "\x00\xff\x7f"},
		"many groups":                 {Groups: strings.Split(strings.Repeat("group ", 999), " ")},
		"a time before 1970":          {AuthTime: time.Unix(-1, 0)},
		"the last second that counts": {AuthTime: time.Unix(math.MaxInt64, 0)},
	} {
		encoded := encodeIdentity("client", "user", want)
		clientID, userID, got, err := decodeIdentity(encoded)
		if err != nil || clientID != "client" || userID != "user" || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, %q, %+v, %v", name, clientID, userID, got, err)
		}
		for _, broken := range []string{encoded[:len(encoded)-1], encoded + "@", "0" + encoded[1:], encoded[1:]} {
			if clientID, userID, got, err := decodeIdentity(broken); err == nil || clientID+userID != "" || !reflect.DeepEqual(got, userprovider.Identity{}) {
				t.Errorf("%s: %.20q… opens as %q, %q, %+v", name, broken, clientID, userID, got)
			}
		}
	}
	if _, _, _, err := decodeIdentity(""); err == nil {
		t.Error("nothing is an identity")
	}
	if encoded := encodeIdentity("client", "user", fullIdentity); !utf8.ValidString(encoded) {
		t.Errorf("%q is not text, which a session's codec may need", encoded)
	}
}

// Whatever a session holds, decoding it fails cleanly or gives what encodes to the same again.
func FuzzDecodeIdentity(f *testing.F) {
	f.Add("")
	f.Add("1")
	f.Add(encodeIdentity("", "", userprovider.Identity{}))
	f.Add(encodeIdentity("client", "user", fullIdentity))
	f.Add("1" + strings.Repeat("\x7f", 40))
	f.Fuzz(func(t *testing.T, encoded string) {
		clientID, userID, identity, err := decodeIdentity(encoded)
		if err != nil {
			if clientID+userID != "" || !reflect.DeepEqual(identity, userprovider.Identity{}) {
				t.Fatalf("%q fails and gives %q, %q, %+v", encoded, clientID, userID, identity)
			}
			return
		}
		client2, user2, again, err := decodeIdentity(encodeIdentity(clientID, userID, identity))
		if err != nil || client2 != clientID || user2 != userID || !reflect.DeepEqual(again, identity) {
			t.Fatalf("%q gives %q, %q, %+v and then %q, %q, %+v, %v", encoded, clientID, userID, identity, client2, user2, again, err)
		}
	})
}

func BenchmarkDecodeIdentity(b *testing.B) {
	encoded := encodeIdentity("client", "user", fullIdentity)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := decodeIdentity(encoded); err != nil {
			b.Fatal(err)
		}
	}
}
