package chiauth0

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
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

// A signer signs as one key of the tenant's. ES256, because its keys are made in no time.
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
	options := (&jose.SignerOptions{}).WithHeader("kid", s.id)
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.key}, options)
	if err != nil {
		s.t.Fatal(err)
	}
	jws, err := signing.Sign([]byte("payload"))
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// A keyring is a keySet, where it reads from, and what the test expects of both.
type keyring struct {
	t testing.TB
	*keySet
	server keyServer
}

func newKeyring(t testing.TB, signers ...signer) *keyring {
	k := &keyring{t: t}
	k.keySet = &keySet{alg: "ES256", fetch: k.server.fetch}
	k.publish(signers...)
	return k
}

func (k *keyring) publish(signers ...signer) {
	k.server.set.Keys = nil
	for _, s := range signers {
		k.server.set.Keys = append(k.server.set.Keys, s.public())
	}
}

func (k *keyring) verifies(s signer) bool {
	k.t.Helper()
	payload, err := k.VerifySignature(k.t.Context(), s.sign())
	if err == nil && string(payload) != "payload" {
		k.t.Errorf("the payload is %q", payload)
	}
	return err == nil
}

func (k *keyring) expect(s signer, verifies bool, fetches int) {
	k.t.Helper()
	if got := k.verifies(s); got != verifies || k.server.fetches != fetches {
		k.t.Errorf("a token of %s verifies: %t after %d reads of the keys, want %t after %d", s.id, got, k.server.fetches, verifies, fetches)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	one, two, forger, impostor := newSigner(t, "1"), newSigner(t, "2"), newSigner(t, "x"), newSigner(t, "1")
	for name, test := range map[string]func(t *testing.T, k *keyring){
		"C11: good tokens read the keys once": func(_ *testing.T, k *keyring) {
			for range 5 {
				k.expect(one, true, 1)
			}
			time.Sleep(59 * time.Minute)
			k.expect(one, true, 1)
		},
		"C11: bad tokens, with an unknown or a known key id, read them at most once in 10 s together": func(_ *testing.T, k *keyring) {
			k.expect(one, true, 1)
			for range 20 {
				k.expect(forger, false, 1)
				k.expect(impostor, false, 1)
			}
			time.Sleep(keysInterval)
			for range 20 {
				k.expect(impostor, false, 2)
				k.expect(forger, false, 2)
			}
			time.Sleep(keysInterval - time.Millisecond)
			k.expect(forger, false, 2)
			time.Sleep(time.Millisecond)
			k.expect(forger, false, 3)
			k.expect(one, true, 3)
		},
		"C11: bad tokens at once read them once": func(t *testing.T, k *keyring) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.server.takes = time.Second
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if k.verifies(forger) {
						t.Error("a forged token verifies")
					}
				})
			}
			wg.Wait()
			if k.server.fetches != 2 {
				t.Errorf("%d reads of the keys", k.server.fetches)
			}
		},
		"C11: first tokens at once read them once": func(t *testing.T, k *keyring) {
			k.server.takes = time.Second
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if !k.verifies(one) {
						t.Error("a good token does not verify")
					}
				})
			}
			wg.Wait()
			if k.server.fetches != 1 {
				t.Errorf("%d reads of the keys", k.server.fetches)
			}
		},
		"C11: a new key is found at once, and the old one still serves": func(_ *testing.T, k *keyring) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.publish(one, two)
			k.expect(two, true, 2)
			k.expect(one, true, 2)
		},
		"C11: another key behind a known id is found": func(_ *testing.T, k *keyring) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.publish(impostor) // the tenant's own, this time
			k.expect(impostor, true, 2)
			k.expect(one, false, 2)
		},
		"C11: a withdrawn key is no longer trusted after an hour": func(_ *testing.T, k *keyring) {
			k.expect(one, true, 1)
			k.publish(two)
			time.Sleep(keysFresh)
			k.expect(one, true, 1)
			time.Sleep(time.Second)
			k.expect(one, false, 2)
			k.expect(two, true, 2)
		},
		"C11: a re-read that fails keeps the old ones for a day, and is tried every 10 s": func(_ *testing.T, k *keyring) {
			k.expect(one, true, 1)
			k.server.err = errors.New("no connection")
			time.Sleep(2 * time.Hour)
			k.expect(one, true, 2)
			k.expect(one, true, 2)
			k.expect(forger, false, 2)
			time.Sleep(keysInterval)
			k.expect(one, true, 3)
			time.Sleep(keysUsable - 3*time.Hour)
			k.expect(one, true, 4)
			time.Sleep(2 * time.Hour)
			k.expect(one, false, 5)
			k.expect(one, false, 6) // nothing at hand: each login tries
			k.server.err = nil
			k.expect(one, true, 7)
		},
		"C11: an empty key set is a failure, not an answer": func(_ *testing.T, k *keyring) {
			k.expect(one, true, 1)
			k.publish()
			time.Sleep(2 * time.Hour)
			k.expect(one, true, 2)
		},
		"C11: keys that cannot be had are not a forgery": func(t *testing.T, k *keyring) {
			k.server.err = errors.New("no connection")
			if _, err := k.VerifySignature(t.Context(), one.sign()); !errors.Is(err, ErrUnavailable) {
				t.Errorf("the error is %v", err)
			}
		},
		"C16: they are waited for 10 s": func(t *testing.T, k *keyring) {
			k.server.takes = time.Hour
			began := time.Now()
			if k.verifies(one) || time.Since(began) != upstreamTimeout {
				t.Errorf("it took %v", time.Since(began))
			}
		},
		"C17: one who gives up does not end the read of the others": func(t *testing.T, k *keyring) {
			k.server.takes = 5 * time.Second
			impatient, giveUp := context.WithTimeout(t.Context(), time.Second)
			defer giveUp()
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := k.VerifySignature(impatient, one.sign()); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the error is %v", err)
				}
			})
			synctest.Wait()
			k.expect(one, true, 1)
			wg.Wait()
		},
		"C7: a key serves those alone that name it, or none": func(_ *testing.T, k *keyring) {
			k.expect(signer{one.t, one.key, "other"}, false, 1)
			k.expect(signer{one.t, one.key, ""}, true, 1)
		},
		"C7: a key for encryption does not verify": func(_ *testing.T, k *keyring) {
			k.server.set.Keys[0].Use = "enc"
			k.expect(one, false, 1)
		},
		"C7: another algorithm than the pinned one does not verify": func(_ *testing.T, k *keyring) {
			k.alg = "RS256"
			k.expect(one, false, 0)
		},
		"C7: a key's own alg is not asked": func(_ *testing.T, k *keyring) {
			k.server.set.Keys[0].Algorithm = "ES384"
			k.expect(one, true, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, newKeyring(t, one)) })
		})
	}
}

// What a tenant publishes cannot break anything, and no key is used that could not be the tenant's public one.
func FuzzParseKeys(f *testing.F) {
	one := newSigner(f, "1")
	private := jose.JSONWebKey{Key: one.key, KeyID: "1"}
	symmetric := jose.JSONWebKey{Key: []byte("a secret that everybody can read"), KeyID: "1"}
	for _, keys := range [][]jose.JSONWebKey{{one.public()}, {private}, {symmetric}, {symmetric, private, one.public()}} {
		body, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, one.sign())
	}
	for _, body := range []string{
		"", "null", "[]", "{}", `{"keys":null}`, `{"keys":[null]}`, `{"keys":[{}]}`, `{"keys":{}}`, `{"keys":[{"kty":"RSA"}]}`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, `{"keys":[{"kty":"RSA","n":"","e":""}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`,
		`{"keys":[{"kty":"unknown","kid":1}]}`,
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
			set := &keySet{alg: alg, fetch: func(context.Context) ([]byte, error) { return body, nil }}
			if _, err := set.VerifySignature(t.Context(), token); err == nil && len(keys) == 0 {
				t.Fatalf("%q verifies with no key", token)
			}
		}
	})
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	one := newSigner(t, "1")
	body, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: one.key, KeyID: "private"}, {Key: []byte("a secret that everybody can read"), KeyID: "symmetric"}, one.public(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	body = append([]byte(`{"keys":[{"kty":"from the future"},null,1,`), body[len(`{"keys":[`):]...)
	if keys := parseKeys(body); len(keys) != 1 || keys[0].KeyID != "1" {
		t.Errorf("%d keys of %s: want the public one alone", len(keys), body)
	}
}
