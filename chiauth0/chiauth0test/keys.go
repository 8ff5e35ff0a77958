package chiauth0test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// RotateKeys creates a new signing key, which signs all tokens from now on. The earlier keys stay
// published, as after a rotation at Auth0.
func (t *Tenant) RotateKeys() { t.keys.rotate() }

// RevokeOldKeys withdraws all keys except the one that signs now.
func (t *Tenant) RevokeOldKeys() { t.keys.revokeOld() }

func (t *Tenant) jwks(w http.ResponseWriter, _ *http.Request) {
	var set jose.JSONWebKeySet
	for _, key := range t.keys.published() {
		set.Keys = append(set.Keys, jose.JSONWebKey{
			Key:       key.Public(),
			KeyID:     key.id,
			Algorithm: string(jose.RS256),
			Use:       "sig",
		})
	}
	writeJSON(w, http.StatusOK, set)
}

// A keyring holds a tenant's keys. The last one signs. The first is created at its first use.
type keyring struct {
	mu   sync.Mutex
	keys []signingKey
	old  []*rsa.PrivateKey // withdrawn; kept for release
}

type signingKey struct {
	*rsa.PrivateKey
	id string
}

func (k *keyring) current() signingKey {
	published := k.published()
	return published[len(published)-1]
}

func (k *keyring) published() []signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) == 0 {
		k.add()
	}
	return append([]signingKey(nil), k.keys...)
}

func (k *keyring) rotate() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) == 0 {
		k.add()
	}
	k.add()
}

func (k *keyring) add() {
	k.keys = append(k.keys, signingKey{PrivateKey: unusedKeys.take(), id: rand.Text()})
}

func (k *keyring) revokeOld() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.keys) > 1 {
		k.old = append(k.old, k.keys[0].PrivateKey)
		k.keys = k.keys[1:]
	}
}

// release returns the keys to the pool. The keyring must not be used afterwards.
func (k *keyring) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.keys {
		k.old = append(k.old, key.PrivateKey)
	}
	unusedKeys.put(k.old)
	k.keys, k.old = nil, nil
}

// unusedKeys is a pool of RSA keys for the process. Generating a key takes about 50 ms, and a test
// binary starts hundreds of tenants. A key belongs to one tenant at a time, under an ID that is
// used once. Two tenants therefore never accept each other's tokens.
var unusedKeys keyPool

type keyPool struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

func (p *keyPool) take() *rsa.PrivateKey {
	if key := p.pop(); key != nil {
		return key
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("chiauth0test: " + err.Error()) // crypto/rand does not fail, and 2048 is valid
	}
	return key
}

// pop returns nil if the pool is empty.
func (p *keyPool) pop() *rsa.PrivateKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.keys) - 1
	if last < 0 {
		return nil
	}
	key := p.keys[last]
	p.keys = p.keys[:last]
	return key
}

func (p *keyPool) put(keys []*rsa.PrivateKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, keys...)
}
