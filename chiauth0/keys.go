package chiauth0

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	// keysFreshFor is how long the keys are used before they are fetched again. A withdrawn key is
	// trusted no longer than that.
	keysFreshFor = time.Hour

	// keysUsableFor is how long the keys are used while they cannot be fetched again.
	keysUsableFor = 24 * time.Hour

	// keysBackoff is the least time between two fetches while there are usable keys. Tokens with a
	// bad signature cause no more requests than that.
	keysBackoff = 10 * time.Second

	// minRSABits is the least size of an RSA key (RFC 7518, section 3.3).
	minRSABits = 2048
)

var (
	errUnknownKey  = errors.New("the signature matches none of the tenant's keys")
	errNoUsableKey = errors.New("the tenant's key set has no usable key")
	errBackingOff  = errors.New("the latest request failed, the next one waits")
)

// keySet holds the signing keys of the tenant. It is safe for concurrent use.
//
// go-oidc's RemoteKeySet fetches the keys again for each token that does not verify, and keeps a
// withdrawn key. keySet limits both.
type keySet struct {
	fetch func(context.Context) ([]byte, error)

	current   atomic.Pointer[signingKeys]
	lastFetch atomic.Int64 // Unix time in nanoseconds, 0 before the first fetch
	fetching  singleflight.Group
}

// signingKeys is one answer of the tenant's key endpoint.
type signingKeys struct {
	keys    []jose.JSONWebKey
	fetched time.Time
}

func (k *signingKeys) fresh() bool {
	return k != nil && time.Since(k.fetched) <= keysFreshFor
}

func (k *signingKeys) usable() bool {
	return k != nil && time.Since(k.fetched) < keysUsableFor
}

// signatureVerifier verifies signatures of one algorithm. It implements oidc.KeySet.
type signatureVerifier struct {
	keys *keySet

	alg string // the algorithm that is accepted

	// backoff is the least time between two fetches while there are no usable keys.
	backoff time.Duration

	// err is the error of the latest call. go-oidc turns it into text.
	err error
}

// VerifySignature implements oidc.KeySet. The error wraps ErrUnavailable if there are no keys to
// verify with.
func (v *signatureVerifier) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := v.keys.verify(ctx, jwt, v.alg, v.backoff)
	v.err = err
	return payload, err
}

// verify returns the payload of a JWT that is signed with alg and one of the tenant's keys.
func (s *keySet) verify(
	ctx context.Context, jwt, alg string, backoff time.Duration,
) ([]byte, error) {
	algs := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)}
	jws, err := jose.ParseSignedCompact(jwt, algs)
	if err != nil {
		return nil, err
	}

	keys := s.current.Load()
	if !keys.fresh() {
		if keys, err = s.refresh(ctx, keys, backoff); err != nil {
			return nil, err
		}
	}
	if payload, ok := keys.verify(jws, alg); ok {
		return payload, nil
	}

	// The tenant may have rotated its keys, with a new key ID or with a known one.
	rotated, err := s.refresh(ctx, keys, backoff)
	if err != nil {
		return nil, err
	}
	if rotated == keys {
		return nil, errUnknownKey
	}
	if payload, ok := rotated.verify(jws, alg); ok {
		return payload, nil
	}
	return nil, errUnknownKey
}

// verify tries each key that the token may be signed with.
func (k *signingKeys) verify(jws *jose.JSONWebSignature, alg string) ([]byte, bool) {
	id := jws.Signatures[0].Header.KeyID
	for i := range k.keys {
		key := &k.keys[i]
		if id != "" && key.KeyID != id {
			continue
		}
		if !canVerify(key, alg) {
			continue
		}
		payload, err := jws.Verify(key)
		if err == nil && checkSaltLength(jws, alg, key.Key) {
			return payload, true
		}
	}
	return nil, false
}

// canVerify reports whether a key is of the kind that alg needs.
func canVerify(key *jose.JSONWebKey, alg string) bool {
	if !algFits(key.Algorithm, alg) {
		return false
	}
	switch key.Key.(type) {
	case *rsa.PublicKey:
		return isRSA(alg)
	case *ecdsa.PublicKey:
		return strings.HasPrefix(alg, "ES")
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// algFits reports whether a key that is published for keyAlg may verify alg. Tenants that sign with
// PS256 publish RS256, so the algorithms of RSA are not told apart.
func algFits(keyAlg, alg string) bool {
	if keyAlg == "" || keyAlg == alg {
		return true
	}
	if keyAlg == "ES521" { // a common misspelling of ES512, after the curve P-521
		return alg == "ES512"
	}
	return isRSA(keyAlg) && isRSA(alg)
}

func isRSA(alg string) bool { return strings.HasPrefix(alg, "RS") || isPSS(alg) }
func isPSS(alg string) bool { return strings.HasPrefix(alg, "PS") }

// pssHashes are the hash functions of RSASSA-PSS (RFC 7518, section 3.5).
var pssHashes = map[string]crypto.Hash{
	"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512,
}

// checkSaltLength reports whether the salt of a PSS signature is as long as the hash (RFC 7518,
// section 3.5). go-jose accepts any length.
func checkSaltLength(jws *jose.JSONWebSignature, alg string, key any) bool {
	if !isPSS(alg) {
		return true
	}
	rsaKey, ok := key.(*rsa.PublicKey)
	if !ok {
		return false
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		return false
	}
	signed := compact[:strings.LastIndexByte(compact, '.')]
	digest := pssHashes[alg].New()
	digest.Write([]byte(signed))
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	err = rsa.VerifyPSS(
		rsaKey, pssHashes[alg], digest.Sum(nil), jws.Signatures[0].Signature, options,
	)
	return err == nil
}

// refresh fetches the keys again, in one request for all callers. It returns the old keys without
// a request while it is backing off, and after a failure as long as they are usable.
func (s *keySet) refresh(
	ctx context.Context, old *signingKeys, backoff time.Duration,
) (*signingKeys, error) {
	if old.usable() {
		backoff = keysBackoff
	}
	fetched := s.fetching.DoChan("", func() (any, error) {
		return s.fetchOnce(context.WithoutCancel(ctx), old, backoff)
	})

	var err error
	select {
	case result := <-fetched:
		if result.Err == nil {
			return result.Val.(*signingKeys), nil
		}
		err = result.Err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if old.usable() {
		return old, nil
	}
	return nil, fmt.Errorf("%w: signing keys: %w", ErrUnavailable, err)
}

// fetchOnce fetches the keys, unless another call has replaced the old ones, or the latest fetch
// is too recent. Only one call runs at a time.
func (s *keySet) fetchOnce(
	ctx context.Context, old *signingKeys, backoff time.Duration,
) (*signingKeys, error) {
	if current := s.current.Load(); current != old {
		return current, nil
	}
	if time.Since(time.Unix(0, s.lastFetch.Load())) < backoff {
		return nil, errBackingOff
	}
	s.lastFetch.Store(time.Now().UnixNano())

	ctx, cancel := context.WithTimeout(ctx, upstreamTimeout)
	defer cancel()
	body, err := s.fetch(ctx)
	if err != nil {
		return nil, err
	}
	keys := parseKeys(body)
	if len(keys) == 0 {
		return nil, errNoUsableKey
	}

	current := &signingKeys{keys: keys, fetched: time.Now()}
	s.current.Store(current)
	return current, nil
}

// parseKeys returns the keys of a key set (RFC 7517, section 5) that may verify signatures. Other
// keys are left out.
func parseKeys(body []byte) []jose.JSONWebKey {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		if key, ok := parseKey(raw); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// parseKey refuses keys of an unknown kind, symmetric and private keys, weak keys, and keys that
// are published for another purpose than verifying signatures (RFC 7517, sections 4.2 and 4.3).
func parseKey(raw []byte) (key jose.JSONWebKey, ok bool) {
	var purpose struct {
		Use        *string  `json:"use"`
		Operations []string `json:"key_ops"`
	}
	if err := json.Unmarshal(raw, &purpose); err != nil {
		return key, false
	}
	if purpose.Use != nil && *purpose.Use != "sig" {
		return key, false
	}
	if purpose.Operations != nil && !slices.Contains(purpose.Operations, "verify") {
		return key, false
	}

	if err := key.UnmarshalJSON(raw); err != nil {
		return key, false
	}
	if !key.Valid() || !key.IsPublic() {
		return key, false
	}
	if rsaKey, isRSA := key.Key.(*rsa.PublicKey); isRSA && rsaKey.N.BitLen() < minRSABits {
		return key, false
	}
	return key, true
}
