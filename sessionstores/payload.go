package sessionstores

import (
	"strings"
	"time"

	"github.com/chiauth0/auth/internal/fields"
)

// A payload is what is stored for a session: what this package keeps about it, and the values as
// the manager's codec has encoded them. The first part can be read when the values cannot, and
// without decoding them.
type payload struct {
	deadline   time.Time // the absolute expiry; milliseconds
	persistent bool      // the cookie outlives the browser: Cookie.Persist or RememberMe
	attachment []byte    // the ID of the attachment; empty if there is none
	names      []byte    // keys of the names that the session is indexed under, separated by spaces
	origin     []byte    // of a session that can be listed, see origin; decoded by List alone
	values     []byte
}

// payloadVersion is no byte that a stock scs codec begins with, so that a session of another
// middleware is not taken for one of this package.
const payloadVersion = 0xc1

const (
	payloadDeadline   = 'd'
	payloadPersistent = 'p'
	payloadAttachment = 'a'
	payloadNames      = 'n'
	payloadOrigin     = 'o'
	payloadValues     = 'v'
)

func (p *payload) encode() []byte {
	b := make([]byte, 0, 64+len(p.names)+len(p.origin)+len(p.values))
	b = append(b, payloadVersion)
	b = fields.AppendInt(b, payloadDeadline, p.deadline.UnixMilli())
	if p.persistent {
		b = fields.Append(b, payloadPersistent, "")
	}
	b = fields.AppendNonEmpty(b, payloadAttachment, p.attachment)
	b = fields.AppendNonEmpty(b, payloadNames, p.names)
	b = fields.AppendNonEmpty(b, payloadOrigin, p.origin)

	return fields.Append(b, payloadValues, p.values)
}

// decodePayload is the reverse of encode. The result shares memory with b. ok is false if b is no
// payload.
func decodePayload(b []byte) (p payload, ok bool) {
	r, ok := fields.Read(b, payloadVersion)
	if !ok {
		return p, false
	}

	for {
		id, value, ok := r.Next()
		if !ok {
			return p, !r.Malformed() && p.values != nil
		}

		switch id {
		case payloadDeadline:
			p.deadline = time.UnixMilli(fields.Int(value)).UTC()
		case payloadPersistent:
			p.persistent = true
		case payloadAttachment:
			p.attachment = value
		case payloadNames:
			p.names = value
		case payloadOrigin:
			p.origin = value
		case payloadValues:
			p.values = value
		}
	}
}

// nameKeys returns the keys of the names that the session is indexed under.
func (p *payload) nameKeys() []string {
	return strings.Fields(string(p.names))
}
