package chiauth0test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// RotateKeys makes a new signing key. Tokens are signed with it from now on; the earlier keys stay published, as when a
// key is rotated at Auth0.
func (t *Tenant) RotateKeys() { t.keys.rotate() }

// RevokeOldKeys withdraws every key but the one that signs now.
func (t *Tenant) RevokeOldKeys() { t.keys.revokeOld() }

func (t *Tenant) jwks(w http.ResponseWriter, _ *http.Request) {
	var set jose.JSONWebKeySet
	for _, key := range t.keys.published() {
		set.Keys = append(set.Keys, jose.JSONWebKey{
			Key: key.Public(), KeyID: key.id, Algorithm: string(jose.RS256), Use: "sig",
		})
	}
	writeJSON(w, http.StatusOK, set)
}

// A keyring holds a tenant's keys; the last one signs. The first is made when it is first needed.
type keyring struct {
	mu   sync.Mutex
	keys []signingKey
	old  []*rsa.PrivateKey // withdrawn; kept only to be released
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
	k.keys = append(k.keys, signingKey{PrivateKey: idle.take(), id: rand.Text()})
}

func (k *keyring) revokeOld() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.keys) > 1 {
		k.old = append(k.old, k.keys[0].PrivateKey)
		k.keys = k.keys[1:]
	}
}

// release gives the keys back for other tenants. This one must not be used afterwards.
func (k *keyring) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.keys {
		k.old = append(k.old, key.PrivateKey)
	}
	idle.give(k.old)
	k.keys, k.old = nil, nil
}

// idle lends RSA keys, because making one takes some 50 ms and a test binary starts hundreds of tenants. It is shared by
// the whole process, but nothing can be observed through it: a key belongs to one tenant at a time, under an id that is
// never used again, so that no two tenants ever accept each other's tokens.
var idle keyPool

type keyPool struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

func (p *keyPool) take() *rsa.PrivateKey {
	p.mu.Lock()
	if n := len(p.keys); n > 0 {
		defer p.mu.Unlock()
		key := p.keys[n-1]
		p.keys = p.keys[:n-1]
		return key
	}
	p.mu.Unlock()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("chiauth0test: " + err.Error()) // never: crypto/rand does not fail, and 2048 is a size it makes
	}
	return key
}

func (p *keyPool) give(keys []*rsa.PrivateKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, keys...)
}
