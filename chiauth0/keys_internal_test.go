package chiauth0

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A keyServer stands for the tenant's /.well-known/jwks.json.
type keyServer struct {
	mu      sync.Mutex
	set     jose.JSONWebKeySet
	err     error
	takes   time.Duration
	fetches int
}

func (k *keyServer) fetch(ctx context.Context) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fetches++
	select {
	case <-time.After(k.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if k.err != nil {
		return nil, k.err
	}
	return json.Marshal(k.set)
}

// A signer signs with one key of the tenant. The keys of ES256 are made quickly.
type signer struct {
	t   testing.TB
	key *ecdsa.PrivateKey
	id  string
}

func newSigner(t testing.TB, id string) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{t, key, id}
}

func (s signer) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.key.Public(), KeyID: s.id, Use: "sig", Algorithm: "ES256"}
}

func (s signer) sign() string {
	s.t.Helper()
	return signWith(s.t, jose.ES256, s.key, s.id)
}

func signWith(t testing.TB, alg jose.SignatureAlgorithm, key any, id string) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithHeader("kid", id)
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signing.Sign([]byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A keyTest is a keySet with the server that it fetches from.
type keyTest struct {
	t testing.TB
	*keySet
	alg    string
	server keyServer
}

func newKeyTest(t testing.TB, signers ...signer) *keyTest {
	k := &keyTest{t: t, alg: "ES256"}
	k.keySet = &keySet{fetch: k.server.fetch}
	k.publish(signers...)
	return k
}

func (k *keyTest) publish(signers ...signer) {
	k.server.set.Keys = nil
	for _, s := range signers {
		k.server.set.Keys = append(k.server.set.Keys, s.public())
	}
}

func (k *keyTest) verifies(s signer) bool {
	k.t.Helper()
	payload, err := k.verify(k.t.Context(), s.sign(), k.alg, 0)
	if err == nil && string(payload) != "payload" {
		k.t.Errorf("the payload is %q, want %q", payload, "payload")
	}
	return err == nil
}

func (k *keyTest) expect(s signer, verifies bool, fetches int) {
	k.t.Helper()
	if got := k.verifies(s); got != verifies || k.server.fetches != fetches {
		k.t.Errorf("a token of key %q: verifies %t after %d fetches, want %t after %d",
			s.id, got, k.server.fetches, verifies, fetches)
	}
}

// atOnce verifies tokens of s in 20 goroutines.
func (k *keyTest) atOnce(s signer, verifies bool, fetches int) {
	k.t.Helper()
	k.server.takes = time.Second
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got := k.verifies(s); got != verifies {
				k.t.Errorf("a token of key %q verifies: %t, want %t", s.id, got, verifies)
			}
		})
	}
	wg.Wait()
	if k.server.fetches != fetches {
		k.t.Errorf("%d fetches, want %d", k.server.fetches, fetches)
	}
}

func TestKeySet(t *testing.T) {
	t.Parallel()
	one, two := newSigner(t, "1"), newSigner(t, "2")
	unknown, impostor := newSigner(t, "x"), newSigner(t, "1")
	for name, test := range map[string]func(t *testing.T, k *keyTest){
		"good tokens fetch the keys once an hour": func(_ *testing.T, k *keyTest) {
			for range 5 {
				k.expect(one, true, 1)
			}
			time.Sleep(59 * time.Minute)
			k.expect(one, true, 1)
			time.Sleep(2 * time.Minute)
			k.expect(one, true, 2)
		},
		"bad tokens with any key ID fetch the keys once in 10 s": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			for range 20 {
				k.expect(unknown, false, 1)
				k.expect(impostor, false, 1)
			}
			time.Sleep(keysBackoff)
			for range 20 {
				k.expect(impostor, false, 2)
				k.expect(unknown, false, 2)
			}
			time.Sleep(keysBackoff - time.Millisecond)
			k.expect(unknown, false, 2)
			time.Sleep(time.Millisecond)
			k.expect(unknown, false, 3)
			k.expect(one, true, 3)
		},
		"bad tokens at once fetch the keys once": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.atOnce(unknown, false, 2)
		},
		"first tokens at once fetch the keys once": func(_ *testing.T, k *keyTest) {
			k.atOnce(one, true, 1)
		},
		"a new key is found, and the old one is still accepted": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.publish(one, two)
			k.expect(two, true, 2)
			k.expect(one, true, 2)
		},
		"a new key with a known ID is found": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.publish(impostor)
			k.expect(impostor, true, 2)
			k.expect(one, false, 2)
		},
		"a withdrawn key is refused after an hour": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			k.publish(two)
			time.Sleep(keysFreshFor)
			k.expect(one, true, 1)
			time.Sleep(time.Second)
			k.expect(one, false, 2)
			k.expect(two, true, 2)
		},
		"old keys are used for a day while fetches fail": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			k.server.err = errors.New("no connection")
			time.Sleep(2 * time.Hour)
			k.expect(one, true, 2)
			k.expect(one, true, 2)
			k.expect(unknown, false, 2)
			time.Sleep(keysBackoff)
			k.expect(one, true, 3)
			time.Sleep(keysUsableFor - 3*time.Hour)
			k.expect(one, true, 4)
			time.Sleep(2 * time.Hour)
			k.expect(one, false, 5)
			k.server.err = nil
			k.expect(one, true, 6)
		},
		"an empty key set is a failure": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			k.publish()
			time.Sleep(2 * time.Hour)
			k.expect(one, true, 2)
		},
		"missing keys are ErrUnavailable": func(t *testing.T, k *keyTest) {
			k.server.err = errors.New("no connection")
			_, err := k.verify(t.Context(), one.sign(), k.alg, 0)
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("the error is %v, want ErrUnavailable", err)
			}
		},
		"a caller may back off while there are no keys": func(t *testing.T, k *keyTest) {
			k.server.err = errors.New("no connection")
			for range 20 {
				_, err := k.verify(t.Context(), one.sign(), k.alg, time.Second)
				if !errors.Is(err, ErrUnavailable) {
					t.Errorf("the error is %v, want ErrUnavailable", err)
				}
			}
			if k.server.fetches != 1 {
				t.Errorf("%d fetches within a second, want 1", k.server.fetches)
			}
		},
		"a fetch takes 10 s at most": func(t *testing.T, k *keyTest) {
			k.server.takes = time.Hour
			began := time.Now()
			verifies := k.verifies(one)
			if took := time.Since(began); verifies || took != upstreamTimeout {
				t.Errorf("verifies %t after %v, want false after %v",
					verifies, took, upstreamTimeout)
			}
		},
		"a cancelled caller does not end the fetch of the others": func(t *testing.T, k *keyTest) {
			k.server.takes = 5 * time.Second
			impatient, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := k.verify(impatient, one.sign(), k.alg, 0)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the error is %v, want context.DeadlineExceeded", err)
				}
			})
			synctest.Wait()
			k.expect(one, true, 1)
			wg.Wait()
		},
		"a key verifies tokens with its ID or without one": func(_ *testing.T, k *keyTest) {
			k.expect(signer{one.t, one.key, "other"}, false, 1)
			k.expect(signer{one.t, one.key, ""}, true, 1)
		},
		"a key for encryption does not verify": func(_ *testing.T, k *keyTest) {
			k.server.set.Keys[0].Use = "enc"
			k.expect(one, false, 1)
		},
		"another algorithm does not verify": func(_ *testing.T, k *keyTest) {
			k.alg = "RS256"
			k.expect(one, false, 0)
		},
		"a key without an algorithm verifies": func(_ *testing.T, k *keyTest) {
			k.server.set.Keys[0].Algorithm = ""
			k.expect(one, true, 1)
		},
		"a key for another curve does not verify": func(_ *testing.T, k *keyTest) {
			k.server.set.Keys[0].Algorithm = "ES384"
			k.expect(one, false, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, newKeyTest(t, one)) })
		})
	}
}

// Two tokens that are verified with the same old keys share one fetch, although the first fetch
// has ended when the second is asked for.
func TestRefreshAfterRefresh(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"after a success": nil,
		"after a failure": errors.New("no connection"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := newKeyTest(t, newSigner(t, "1"))
				if _, err := k.refresh(t.Context(), nil, 0); err != nil {
					t.Fatal(err)
				}
				old := k.current.Load()
				time.Sleep(time.Minute)
				k.server.err = err
				for range 2 {
					if _, err := k.refresh(t.Context(), old, 0); err != nil {
						t.Errorf("refresh with usable keys: %v", err)
					}
				}
				if k.server.fetches != 2 {
					t.Errorf("%d fetches, want 2: the first, and one for both", k.server.fetches)
				}
			})
		})
	}
}

// Two first tokens share one fetch as well.
func TestFirstRefreshAfterFirstRefresh(t *testing.T) {
	t.Parallel()
	k := newKeyTest(t, newSigner(t, "1"))
	for range 2 {
		if _, err := k.refresh(t.Context(), nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	if k.server.fetches != 1 {
		t.Errorf("%d fetches, want 1", k.server.fetches)
	}
}

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
