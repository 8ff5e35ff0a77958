package chiauth0

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/chiauth0/auth/internal/fields"
	"github.com/chiauth0/auth/userprovider"
)

// identityField is the session value that says who is signed in. It is a string of text, so that it
// survives every codec that a session may have.
const identityField = "chiauth0.identity"

// identityVersion changes when a release cannot read what earlier ones have written. A new field
// does not need a new version: readers skip fields that they do not use.
const identityVersion = '2'

// signedIn is what a session says about the user.
type signedIn struct {
	clientID string
	mount    string
	userID   string
	ceiling  time.Time // when the tenant's session ends; zero if it is not known
	identity userprovider.Identity
}

const (
	identityClient        = 'c'
	identityMount         = 'm'
	identityUser          = 'u'
	identityIssuer        = 'i'
	identitySubject       = 's'
	identityName          = 'n'
	identityNickname      = 'k'
	identityEmail         = 'e'
	identityEmailVerified = 'v'
	identityPicture       = 'p'
	identityOrgID         = 'o'
	identityOrgName       = 'r'
	identitySessionID     = 'd'
	identityAuthTime      = 't'
	identityGroup         = 'g'
	identityACR           = 'a'
	identityAMR           = 'f'
	identityPermission    = 'w'
	identityCeiling       = 'y'
	identityClaim         = 'x' // a record of its own
)

const (
	claimName  = 'n'
	claimValue = 'v'
)

func encodeIdentity(s *signedIn) string {
	i := &s.identity
	b := make([]byte, 0, 512)
	b = append(b, identityVersion)
	b = fields.AppendNonEmpty(b, identityClient, s.clientID)
	b = fields.AppendNonEmpty(b, identityMount, s.mount)
	b = fields.AppendNonEmpty(b, identityUser, s.userID)
	b = fields.AppendNonEmpty(b, identityIssuer, i.Issuer)
	b = fields.AppendNonEmpty(b, identitySubject, i.Subject)
	b = fields.AppendNonEmpty(b, identityName, i.Name)
	b = fields.AppendNonEmpty(b, identityNickname, i.Nickname)
	b = fields.AppendNonEmpty(b, identityEmail, i.Email)
	b = fields.AppendNonEmpty(b, identityPicture, i.Picture)
	b = fields.AppendNonEmpty(b, identityOrgID, i.OrgID)
	b = fields.AppendNonEmpty(b, identityOrgName, i.OrgName)
	b = fields.AppendNonEmpty(b, identitySessionID, i.SessionID)
	if i.EmailVerified {
		b = fields.Append(b, identityEmailVerified, "")
	}
	if !i.AuthTime.IsZero() {
		b = fields.AppendInt(b, identityAuthTime, i.AuthTime.Unix())
	}
	if !s.ceiling.IsZero() {
		b = fields.AppendInt(b, identityCeiling, s.ceiling.Unix())
	}
	for _, group := range i.Groups {
		b = fields.Append(b, identityGroup, group)
	}
	b = fields.AppendNonEmpty(b, identityACR, i.ACR)
	for _, method := range i.AMR {
		b = fields.Append(b, identityAMR, method)
	}
	for _, permission := range i.Permissions {
		b = fields.Append(b, identityPermission, permission)
	}
	for _, name := range slices.Sorted(maps.Keys(i.Claims)) {
		claim := fields.Append([]byte{identityVersion}, claimName, name)
		claim = fields.Append(claim, claimValue, string(i.Claims[name]))
		b = fields.Append(b, identityClaim, claim)
	}

	return string(b)
}

// decodeIdentity is the reverse of encodeIdentity. The strings are parts of the input. ok is false
// for what encodeIdentity has not written.
func decodeIdentity(encoded string) (s signedIn, ok bool) {
	r, ok := fields.Read(encoded, identityVersion)
	if !ok {
		return s, false
	}

	i := &s.identity
	for {
		id, value, more := r.Next()
		if !more {
			break
		}

		switch id {
		case identityClient:
			s.clientID = value
		case identityMount:
			s.mount = value
		case identityUser:
			s.userID = value
		case identityIssuer:
			i.Issuer = value
		case identitySubject:
			i.Subject = value
		case identityName:
			i.Name = value
		case identityNickname:
			i.Nickname = value
		case identityEmail:
			i.Email = value
		case identityEmailVerified:
			i.EmailVerified = true
		case identityPicture:
			i.Picture = value
		case identityOrgID:
			i.OrgID = value
		case identityOrgName:
			i.OrgName = value
		case identitySessionID:
			i.SessionID = value
		case identityAuthTime:
			i.AuthTime = time.Unix(fields.Int(value), 0)
		case identityCeiling:
			s.ceiling = time.Unix(fields.Int(value), 0)
		case identityGroup:
			i.Groups = append(i.Groups, value)
		case identityACR:
			i.ACR = value
		case identityAMR:
			i.AMR = append(i.AMR, value)
		case identityPermission:
			i.Permissions = append(i.Permissions, value)
		case identityClaim:
			if !decodeClaim(i, value) {
				return signedIn{}, false
			}
		}
	}
	if r.Malformed() {
		return signedIn{}, false
	}

	return s, true
}

// decodeClaim adds a session claim to the identity.
func decodeClaim(i *userprovider.Identity, encoded string) bool {
	r, ok := fields.Read(encoded, identityVersion)
	if !ok {
		return false
	}

	var name, claim string
	for {
		id, value, more := r.Next()
		if !more {
			break
		}

		switch id {
		case claimName:
			name = value
		case claimValue:
			claim = value
		}
	}
	if i.Claims == nil {
		i.Claims = make(map[string]json.RawMessage)
	}
	i.Claims[name] = json.RawMessage(claim)

	return !r.Malformed()
}
