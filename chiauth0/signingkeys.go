package chiauth0

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// minRSABits is the least size of an RSA key (RFC 7518, section 3.3).
const minRSABits = 2048

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
