package chiauth0

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"sync"
	"testing"
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
