package chiauth0test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// A JWT is a token about to be signed, for the hooks of [Faults]. Its maps may be changed freely at the top level; nested
// values belong to the tenant.
type JWT struct {
	// Header is the JOSE header. Its alg decides how the token is signed: RS256 and PS256 with the tenant's key, HS256
	// with the client secret, "none" not at all; for another algorithm give a Key.
	Header map[string]any

	// Claims is the payload. Times are int64 seconds.
	Claims map[string]any

	// Key signs in place of the tenant's key or the client secret: a private key or a []byte.
	Key any
}

// sign serializes the token.
func (j *JWT) sign(own *rsa.PrivateKey, secret string) (string, error) {
	payload, err := json.Marshal(j.Claims)
	if err != nil {
		return "", fmt.Errorf("chiauth0test: claims that JSON cannot hold: %w", err)
	}
	alg, _ := j.Header["alg"].(string)
	if alg == "none" {
		header, err := json.Marshal(j.Header)
		if err != nil {
			return "", fmt.Errorf("chiauth0test: a header that JSON cannot hold: %w", err)
		}
		return base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload) + ".", nil
	}
	key := j.Key
	switch {
	case key != nil:
	case alg == string(jose.HS256):
		key = macKey(secret)
	default:
		key = own
	}
	extra := map[jose.HeaderKey]any{}
	for name, value := range j.Header {
		if name != "alg" {
			extra[jose.HeaderKey(name)] = value
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key},
		&jose.SignerOptions{ExtraHeaders: extra})
	if err != nil {
		return "", fmt.Errorf("chiauth0test: alg %q with a %T: %w", alg, key, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("chiauth0test: alg %q with a %T: %w", alg, key, err)
	}
	return signed.CompactSerialize()
}

// macKey is a client secret as the key of an HS256 signature. HMAC pads a short key with zeros anyway; go-jose insists on
// seeing them.
func macKey(secret string) []byte {
	return append([]byte(secret), bytes.Repeat([]byte{0}, max(0, 32-len(secret)))...)
}

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
