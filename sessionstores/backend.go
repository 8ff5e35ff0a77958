package sessionstores

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"
)

// A Backend is a server-side store that can keep every promise of this package. memstore is one. Any other scs.Store can
// be given to [New] as well; what it cannot do is then done with a read before the write, and the window between the two
// stays open (see [New]).
//
// Keys are opaque strings and data opaque bytes. found is false for a key that is absent or past its expiry; an err says
// that the store could not tell. An expiry that is already past never creates or keeps an entry: the write removes what
// is there and reports found=false (a key without a lifetime would live for ever). All methods are safe for concurrent
// use. A method ReadTimeout() time.Duration on it says how long one read may take (a second otherwise); zero says that no
// read ever waits. No method keeps or changes the data slice it was given, or lets the caller change what is stored.
type Backend interface {
	scs.CtxStore

	// Get is FindCtx that also says when the session expires, so that its idle time is moved on only when that is due. For a
	// session that has been removed, renewed or ended, and for as long as that is remembered, found is false and expiry is
	// not zero: a request that was sent before a login, and comes after it, must not begin a session of its own whose
	// cookie replaces the login's; and a logout that finds its session in the middle of a renewal still has to end it.
	Get(ctx context.Context, key string) (data []byte, expiry time.Time, found bool, err error)

	// Update overwrites the data and expiry of a session that is still there, and creates nothing: a logout that came
	// first stays a logout.
	Update(ctx context.Context, key string, data []byte, expiry time.Time) (found bool, err error)

	// Touch moves the expiry of a session that is still there, and never its data: it cannot undo a concurrent write.
	Touch(ctx context.Context, key string, expiry time.Time) (found bool, err error)

	// Remove is DeleteCtx that also says whether the session was still there, and remembers that it was. At most one of
	// several concurrent calls is told found=true.
	Remove(ctx context.Context, key string) (found bool, err error)

	// Renew stores data under newKey as the successor of oldKey, which the caller has removed. found is false, and
	// nothing is stored, when oldKey has been ended since (see End): a logout that overlaps a renewal wins.
	Renew(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (found bool, err error)

	// End removes a session for good: key itself, the sessions that succeeded it, and those that are about to (their
	// Renew finds nothing). What it has to remember for this may be forgotten after [EndWindow].
	End(ctx context.Context, key string) error
}

// EndWindow is how long a [Backend] remembers that a session was renewed or ended, at least: longer than any request
// should be in flight.
const EndWindow = 5 * time.Minute
