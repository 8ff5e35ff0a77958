package chiauth0

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/chiauth0/auth/internal/fields"
	"github.com/chiauth0/auth/userprovider"
)

var fullIdentity = userprovider.Identity{
	Issuer:        "https://tenant.eu.auth0.com/",
	Subject:       "auth0|507f1f77bcf86cd799439020",
	Name:          "Ada Lovelace",
	Nickname:      "ada",
	Email:         "ada@example.com",
	EmailVerified: true,
	Picture:       "https://s.gravatar.com/avatar/0123456789abcdef?s=480",
	Groups:        []string{"staff", "", "größe"},
	OrgID:         "org_1",
	OrgName:       "ours",
	SessionID:     "Zm9v",
	AuthTime:      time.Unix(1_800_000_000, 0),
	ACR:           "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
	AMR:           []string{"pwd", "mfa"},
	Permissions:   []string{"read:reports", "write:reports"},
	Claims: map[string]json.RawMessage{
		"https://app.example/plan": json.RawMessage(`"gold"`),
		"/address/country":         json.RawMessage(`{"code":"DE"}`),
	},
}

func session(i userprovider.Identity) *signedIn {
	return &signedIn{clientID: "client", mount: "/auth0", userID: "user", identity: i}
}

func TestIdentitySurvivesEncoding(t *testing.T) {
	t.Parallel()

	for name, identity := range map[string]userprovider.Identity{
		"an empty identity":            {},
		"a full identity":              fullIdentity,
		"an e-mail that is unverified": {Email: "ada@example.com"},
		"a long name":                  {Name: strings.Repeat("ä", 10_000)},
		"a name of any bytes":          {Name: "\x00\xff\x7f"},
		"many groups":                  {Groups: strings.Split(strings.Repeat("group ", 999), " ")},
		"a time before 1970":           {AuthTime: time.Unix(-1, 0)},
		"the last time there is":       {AuthTime: time.Unix(math.MaxInt64, 0)},
	} {
		want := session(identity)
		got, ok := decodeIdentity(encodeIdentity(want))
		if !ok || !reflect.DeepEqual(&got, want) {
			t.Errorf("%s: got %+v, ok %t, want %+v", name, got, ok, want)
		}
	}
}

// The test fails when a field is added to Identity and not stored.
func TestEveryFieldOfIdentityIsStored(t *testing.T) {
	t.Parallel()

	full := reflect.ValueOf(fullIdentity)
	for n := range full.NumField() {
		name := full.Type().Field(n).Name
		if full.Field(n).IsZero() {
			t.Errorf("%s: set it in the identity of this test", name)
			continue
		}

		var one userprovider.Identity
		reflect.ValueOf(&one).Elem().Field(n).Set(full.Field(n))
		got, _ := decodeIdentity(encodeIdentity(session(one)))
		if !reflect.DeepEqual(got.identity, one) {
			t.Errorf("%s: got %+v, want %+v", name, got.identity, one)
		}
	}
}

func TestIdentityWithFieldsOfALaterReleaseIsRead(t *testing.T) {
	t.Parallel()

	encoded := string(fields.Append([]byte(encodeIdentity(session(fullIdentity))), '~', "later"))
	got, ok := decodeIdentity(encoded)
	if !ok || !reflect.DeepEqual(got.identity, fullIdentity) {
		t.Errorf("got %+v, ok %t, want %+v", got.identity, ok, fullIdentity)
	}
}

func TestDamagedIdentityIsAnonymous(t *testing.T) {
	t.Parallel()

	encoded := encodeIdentity(session(fullIdentity))
	for _, damaged := range []string{
		"",
		encoded[:len(encoded)-1],
		encoded + "@",
		"0" + encoded[1:],
		encoded[1:],
	} {
		got, ok := decodeIdentity(damaged)
		if ok || !reflect.DeepEqual(got, signedIn{}) {
			t.Errorf("%.20q…: got %+v, ok %t, want nothing", damaged, got, ok)
		}
	}
}

// Some codecs of sessions keep text only.
func TestEncodedIdentityIsText(t *testing.T) {
	t.Parallel()

	if encoded := encodeIdentity(session(fullIdentity)); !utf8.ValidString(encoded) {
		t.Errorf("got %q, which is not UTF-8", encoded)
	}
}

func FuzzDecodeIdentity(f *testing.F) {
	f.Add("")
	f.Add("2")
	f.Add(encodeIdentity(&signedIn{}))
	f.Add(encodeIdentity(session(fullIdentity)))
	f.Add("2" + strings.Repeat("\x7f", 40))
	f.Fuzz(func(t *testing.T, encoded string) {
		got, ok := decodeIdentity(encoded)
		if !ok {
			if !reflect.DeepEqual(got, signedIn{}) {
				t.Fatalf("%q: got %+v with ok=false, want nothing", encoded, got)
			}
			return
		}

		again, ok := decodeIdentity(encodeIdentity(&got))
		if !ok || !reflect.DeepEqual(again, got) {
			t.Fatalf("%q: got %+v and then %+v, ok %t", encoded, got, again, ok)
		}
	})
}

func BenchmarkDecodeIdentity(b *testing.B) {
	encoded := encodeIdentity(session(fullIdentity))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := decodeIdentity(encoded); !ok {
			b.Fatal("the identity is damaged")
		}
	}
}
