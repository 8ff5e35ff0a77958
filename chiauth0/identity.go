package chiauth0

import (
	"errors"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

// identityField is the session value that says who is signed in. It is one string of text, which no codec that a session may
// have can lose any of.
const identityField = "chiauth0.identity"

const identityVersion = '1'

var errIdentity = errors.New("chiauth0: malformed identity in the session")

// encodeIdentity packs what every request needs to know: the client it belongs to, the user's id and the identity. Gob or
// JSON in its place would cost more than the rest of the request together.
func encodeIdentity(clientID, userID string, i userprovider.Identity) string {
	b := []byte{identityVersion}
	for _, s := range []string{
		clientID, userID, i.Issuer, i.Subject, i.Name, i.Nickname, i.Email, i.Picture, i.OrgID, i.OrgName, i.SessionID,
	} {
		b = packString(b, s)
	}
	verified := byte('0')
	if i.EmailVerified {
		verified = '1'
	}
	b = append(b, verified)
	authTime := int64(0)
	if !i.AuthTime.IsZero() {
		authTime = i.AuthTime.Unix()
	}
	b = packInt(b, authTime)
	b = packUint(b, uint64(len(i.Groups)))
	for _, group := range i.Groups {
		b = packString(b, group)
	}
	return string(b)
}

// decodeIdentity is the reverse of encodeIdentity. Its strings are parts of the input.
func decodeIdentity(s string) (clientID, userID string, i userprovider.Identity, err error) {
	r := reader{rest: s}
	if r.byte() != identityVersion {
		return "", "", i, errIdentity
	}
	for _, s := range []*string{
		&clientID, &userID, &i.Issuer, &i.Subject, &i.Name, &i.Nickname, &i.Email, &i.Picture, &i.OrgID, &i.OrgName, &i.SessionID,
	} {
		*s = r.string()
	}
	i.EmailVerified = r.byte() == '1'
	if authTime := r.int(); authTime != 0 {
		i.AuthTime = time.Unix(authTime, 0)
	}
	if n := r.uint(); n > 0 && n <= uint64(len(r.rest)) { // each group has a length of at least one byte
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
