package chiauth0

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

// identityField is the session value that says who is signed in. It is one []byte, so that whatever codec the session
// has, it cannot lose any of it.
const identityField = "chiauth0.identity"

const identityVersion = 1

var errIdentity = errors.New("chiauth0: malformed identity in the session")

// encodeIdentity writes what every request needs to know: the client it belongs to, the user's id and the identity. Each
// string stands behind its length. Gob or JSON in its place would cost more than the rest of the request together.
func encodeIdentity(clientID, userID string, i userprovider.Identity) []byte {
	b := []byte{identityVersion}
	for _, s := range []string{
		clientID, userID, i.Issuer, i.Subject, i.Name, i.Nickname, i.Email, i.Picture, i.OrgID, i.OrgName, i.SessionID,
	} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	verified := byte(0)
	if i.EmailVerified {
		verified = 1
	}
	b = append(b, verified)
	authTime := int64(0)
	if !i.AuthTime.IsZero() {
		authTime = i.AuthTime.Unix()
	}
	b = binary.AppendVarint(b, authTime)
	b = binary.AppendUvarint(b, uint64(len(i.Groups)))
	for _, group := range i.Groups {
		b = binary.AppendUvarint(b, uint64(len(group)))
		b = append(b, group...)
	}
	return b
}

// decodeIdentity is the reverse of encodeIdentity. The strings share one copy of the input.
func decodeIdentity(b []byte) (clientID, userID string, i userprovider.Identity, err error) {
	if len(b) == 0 || b[0] != identityVersion {
		return "", "", i, errIdentity
	}
	r := reader{rest: string(b[1:])}
	for _, s := range []*string{
		&clientID, &userID, &i.Issuer, &i.Subject, &i.Name, &i.Nickname, &i.Email, &i.Picture, &i.OrgID, &i.OrgName, &i.SessionID,
	} {
		*s = r.string()
	}
	i.EmailVerified = r.byte() == 1
	if authTime := r.varint(); authTime != 0 {
		i.AuthTime = time.Unix(authTime, 0)
	}
	if n := r.uvarint(); n > 0 && n <= uint64(len(r.rest)) { // each group has a length of at least one byte
		i.Groups = make([]string, n)
		for j := range i.Groups {
			i.Groups[j] = r.string()
		}
	} else if n > 0 {
		r.bad = true
	}
	if r.bad || r.rest != "" {
		return "", "", userprovider.Identity{}, errIdentity
	}
	return clientID, userID, i, nil
}

// reader takes values off the front of a string. After the first one that is not there it is bad, and gives zeros.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) byte() byte {
	if r.rest == "" {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	var n uint64
	for shift := 0; shift < 64 && !r.bad; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.bad = true
	return 0
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) string() string {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}
