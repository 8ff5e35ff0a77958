package chiauth0test

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"

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
