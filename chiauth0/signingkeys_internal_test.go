package chiauth0

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// Tenants that sign with PS256 publish their keys for RS256.
func TestRSAKeyVerifiesBothPaddings(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	k := newKeyTest(t)
	k.server.set.Keys = []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256"}}
	for _, alg := range []jose.SignatureAlgorithm{"RS256", "PS256", "PS384", "PS512"} {
		if _, err := k.verify(t.Context(), signWith(t, alg, key, "1"), string(alg), 0); err != nil {
			t.Errorf("a token that is signed with %s: %v", alg, err)
		}
	}
}

// RFC 7518, section 3.5, fixes the length of the salt.
func TestOtherSaltLengthIsRefused(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	k := newKeyTest(t)
	k.server.set.Keys = []jose.JSONWebKey{{Key: key.Public(), KeyID: "1"}}
	signed := signWith(t, jose.PS256, key, "1")
	signed = signed[:strings.LastIndexByte(signed, '.')]
	digest := sha256.Sum256([]byte(signed))
	for length, want := range map[int]bool{32: true, 1: false, 20: false, 64: false} {
		options := &rsa.PSSOptions{SaltLength: length}
		signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], options)
		if err != nil {
			t.Fatal(err)
		}
		token := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
		if _, err := k.verify(t.Context(), token, "PS256", 0); (err == nil) != want {
			t.Errorf("salt of %d bytes: %v, want accepted: %t", length, err, want)
		}
	}
}

// Content of a key set cannot break the program, and only public keys are used.
func FuzzParseKeys(f *testing.F) {
	one := newSigner(f, "1")
	private := jose.JSONWebKey{Key: one.key, KeyID: "1"}
	symmetric := jose.JSONWebKey{Key: []byte("a secret that is published here"), KeyID: "1"}
	for _, keys := range [][]jose.JSONWebKey{
		{one.public()}, {private}, {symmetric}, {symmetric, private, one.public()},
	} {
		body, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, one.sign())
	}
	for _, body := range []string{
		"", "null", "[]", "{}", `{"keys":null}`, `{"keys":[null]}`, `{"keys":[{}]}`, `{"keys":{}}`,
		`{"keys":[{"kty":"RSA"}]}`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`,
		`{"keys":[{"kty":"RSA","n":"","e":""}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`,
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`,
		`{"keys":[{"kty":"unknown","kid":1}]}`,
		`{"keys":[{"key_ops":"verify"}]}`,
	} {
		f.Add([]byte(body), one.sign())
	}
	f.Fuzz(func(t *testing.T, body []byte, token string) {
		keys := parseKeys(body)
		for i := range keys {
			if !keys[i].IsPublic() || !keys[i].Valid() {
				t.Fatalf("key %d of %q is a %T", i, body, keys[i].Key)
			}
		}
		for _, alg := range signingAlgs {
			set := &keySet{fetch: func(context.Context) ([]byte, error) { return body, nil }}
			if _, err := set.verify(t.Context(), token, alg, 0); err == nil && len(keys) == 0 {
				t.Fatalf("%q verifies without a key", token)
			}
		}
	})
}

func TestParseKeysLeavesOut(t *testing.T) {
	t.Parallel()
	one := newSigner(t, "1")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	public := func(extra string) string {
		body, err := one.public().MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(string(body), `"use":"sig"`, extra, 1)
	}
	encode := func(key any) string {
		body, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: "x"})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	for name, test := range map[string]struct {
		key      string
		accepted bool
	}{
		"a public key":                  {public(`"use":"sig"`), true},
		"a key without a purpose":       {public(`"name":"one"`), true},
		"a key for verifying":           {public(`"key_ops":["verify"]`), true},
		"a key for several operations":  {public(`"key_ops":["sign","verify"]`), true},
		"a key for encryption":          {public(`"use":"enc"`), false},
		"an empty use":                  {public(`"use":""`), false},
		"a use in upper case":           {public(`"use":"SIG"`), false},
		"key_ops without verify":        {public(`"key_ops":["encrypt"]`), false},
		"key_ops for signing":           {public(`"key_ops":["sign"]`), false},
		"empty key_ops":                 {public(`"key_ops":[]`), false},
		"key_ops that are a string":     {public(`"key_ops":"verify"`), false},
		"use and key_ops that disagree": {public(`"use":"sig","key_ops":["deriveKey"]`), false},
		"a private key":                 {encode(one.key), false},
		"a symmetric key": {
			encode([]byte("a secret that is published here")), false,
		},
		"an RSA key of 1024 bits":        {encode(short.Public()), false},
		"a key of an unknown kind":       {`{"kty":"from the future"}`, false},
		"an element that is no object":   {`1`, false},
		"an element that is null":        {`null`, false},
		"a point that is not on a curve": {`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			keys := parseKeys([]byte(`{"keys":[` + test.key + `]}`))
			if accepted := len(keys) == 1; accepted != test.accepted {
				t.Errorf("accepted %t, want %t: %s", accepted, test.accepted, test.key)
			}
		})
	}

	two := newSigner(t, "2")
	set := `{"keys":[` + encode(one.key) + `,` + public(`"use":"sig"`) + `]}`
	keys := parseKeys([]byte(set))
	if len(keys) != 1 || keys[0].KeyID != one.id {
		t.Errorf("%d keys of a set with one good key, want 1", len(keys))
	}
	if _, ok := (&signingKeys{keys: keys}).verify(mustParse(t, two.sign()), "ES256"); ok {
		t.Error("a token of another key verifies")
	}
}

func mustParse(t *testing.T, token string) *jose.JSONWebSignature {
	t.Helper()
	jws, err := jose.ParseSignedCompact(token, anyAlg)
	if err != nil {
		t.Fatal(err)
	}
	return jws
}
