package chiauth0

import (
	"encoding/base64"
	"strings"

	"github.com/chiauth0/auth/internal/fields"
)

// appendToken stores the three parts of a JWT as the bytes that they encode. In a cookie they are
// going to be encoded in base64 again, and would not fit otherwise.
func appendToken(b []byte, id byte, token string) []byte {
	parts, ok := unpackJWT(token)
	if !ok {
		return fields.AppendNonEmpty(b, id, token)
	}

	packed := []byte{tokensVersion}
	for _, part := range parts {
		packed = fields.Append(packed, id, part)
	}

	return fields.Append(b, id-'a'+'A', packed)
}

// unpackJWT returns the decoded parts of a JWT. ok is false if encoding them again does not give
// the same token.
func unpackJWT(token string) (parts []string, ok bool) {
	parts = strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}

	for i, part := range parts {
		decoded, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || toBase64(string(decoded)) != part {
			return nil, false
		}
		parts[i] = string(decoded)
	}

	return parts, true
}

// packJWT is the reverse of unpackJWT, for what appendToken has stored.
func packJWT(stored string) (token string, ok bool) {
	r, ok := fields.Read([]byte(stored), tokensVersion)
	if !ok {
		return "", false
	}

	jwt := make([]byte, 0, base64.RawURLEncoding.EncodedLen(len(stored)))
	parts := 0
	for {
		_, part, more := r.Next()
		if !more {
			break
		}
		if parts > 0 {
			jwt = append(jwt, '.')
		}
		jwt = base64.RawURLEncoding.AppendEncode(jwt, part)
		parts++
	}

	return string(jwt), parts == 3 && !r.Malformed()
}

func toBase64(part string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(part))
}
