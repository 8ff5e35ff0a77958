package chiauth0test

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// A JWT is a token before it is signed, for the hooks of [Faults] and [LogoutToken]. A hook may
// change the maps at the top level. It must not change nested values: they belong to the tenant.
type JWT struct {
	// Header is the JOSE header. Its alg decides how the token is signed: RS256 and PS256 with the
	// tenant's key, HS256 with the client secret, "none" not at all. Another alg requires a Key.
	Header map[string]any

	// Claims is the payload. Times are int64 seconds.
	Claims map[string]any

	// Key replaces the tenant's key or the client secret: a private key or a []byte.
	Key any
}

func newJWT(alg, typ string, claims map[string]any) *JWT {
	return &JWT{Header: map[string]any{"alg": alg, "typ": typ}, Claims: claims}
}

// sign applies a hook to a token and signs it with the tenant's current key.
func (t *Tenant) sign(token *JWT, client Client, edit func(*JWT)) (string, error) {
	key := t.keys.current()
	if token.Header["alg"] != "HS256" {
		token.Header["kid"] = key.id
	}
	if edit != nil {
		edit(token)
	}
	return token.serialize(key.PrivateKey, client.Secret)
}

func (j *JWT) serialize(tenantKey *rsa.PrivateKey, secret string) (string, error) {
	payload, err := json.Marshal(j.Claims)
	if err != nil {
		return "", fmt.Errorf("chiauth0test: claims are not JSON: %w", err)
	}
	alg, _ := j.Header["alg"].(string)
	if alg == "none" {
		return j.unsigned(payload)
	}

	key := j.Key
	if key == nil {
		key = tenantKey
		if alg == string(jose.HS256) {
			key = macKey(secret)
		}
	}
	extra := map[jose.HeaderKey]any{}
	for name, value := range j.Header {
		if name != "alg" {
			extra[jose.HeaderKey(name)] = value
		}
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key},
		&jose.SignerOptions{ExtraHeaders: extra})
	if err != nil {
		return "", fmt.Errorf("chiauth0test: alg %q with a key of type %T: %w", alg, key, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("chiauth0test: alg %q with a key of type %T: %w", alg, key, err)
	}
	return signed.CompactSerialize()
}

func (j *JWT) unsigned(payload []byte) (string, error) {
	header, err := json.Marshal(j.Header)
	if err != nil {
		return "", fmt.Errorf("chiauth0test: header is not JSON: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(header) + "." + encode(payload) + ".", nil
}

// macKey returns a client secret as the key of an HS256 signature. It appends the zeros that HMAC
// adds to a short key, because go-jose requires 32 bytes.
func macKey(secret string) []byte {
	return append([]byte(secret), bytes.Repeat([]byte{0}, max(0, 32-len(secret)))...)
}
