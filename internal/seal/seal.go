// Package seal encrypts and authenticates small values that leave the process: a cookie in a
// browser, a record in Redis.
//
// A value is sealed for one purpose and bound to associated data (the cookie's name, the issuer,
// the client id), so that one taken from its place opens nowhere else. Keys are derived from
// secrets; several can be given, so that a secret can be replaced without signing everybody out.
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// MinSecret is the least number of bytes a configured secret has: the strength of the keys derived
// from it.
const MinSecret = 32

// ErrOpen says that a value was not sealed by one of the secrets for this purpose and associated
// data, or was changed. It says no more on purpose.
var ErrOpen = errors.New("seal: value does not open")

// A Sealer seals and opens values for one purpose. It is safe for concurrent use.
type Sealer struct {
	aeads []cipher.AEAD
}

// New derives one key per secret for the purpose, with HKDF-SHA256 (RFC 5869). The first secret
// seals, all of them open.
//
// The cipher is XChaCha20-Poly1305: its 24-byte nonces can be drawn at random for ever, where those
// of AES-GCM run into their birthday bound at 2³² values (NIST SP 800-38D, section 8.3).
func New(purpose string, secrets ...[]byte) (*Sealer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("seal: no secret")
	}
	s := &Sealer{aeads: make([]cipher.AEAD, len(secrets))}
	for i, secret := range secrets {
		if len(secret) == 0 {
			return nil, fmt.Errorf("seal: secret %d is empty", i+1)
		}
		key, err := hkdf.Key(
			sha256.New,
			secret,
			nil,
			"chiauth0 v1 "+purpose,
			chacha20poly1305.KeySize,
		)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		if s.aeads[i], err = chacha20poly1305.NewX(key); err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
	}
	return s, nil
}

// Seal encrypts plaintext and binds it to the associated data.
func (s *Sealer) Seal(plaintext, associated []byte) []byte {
	aead := s.aeads[0]
	sealed := make(
		[]byte,
		chacha20poly1305.NonceSizeX,
		chacha20poly1305.NonceSizeX+len(plaintext)+aead.Overhead(),
	)
	rand.Read(sealed) // never fails, see crypto/rand
	return aead.Seal(sealed, sealed, plaintext, associated)
}

// Open is the reverse of Seal: the plaintext, or ErrOpen.
func (s *Sealer) Open(sealed, associated []byte) ([]byte, error) {
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, ErrOpen
	}
	nonce, ciphertext := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	for _, aead := range s.aeads {
		if plaintext, err := aead.Open(nil, nonce, ciphertext, associated); err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrOpen
}

// SealString is Seal in the alphabet of a cookie's value (RFC 6265, section 4.1.1): base64url
// without padding.
func (s *Sealer) SealString(plaintext, associated []byte) string {
	return base64.RawURLEncoding.EncodeToString(s.Seal(plaintext, associated))
}

// OpenString is the reverse of SealString.
func (s *Sealer) OpenString(sealed string, associated []byte) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return nil, ErrOpen
	}
	return s.Open(b, associated)
}

// Associated joins the parts of what a value is bound to, each behind its length, so that no two
// lists of parts look alike.
func Associated(parts ...string) []byte {
	var b []byte
	for _, part := range parts {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}
