package sessionstores

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"
)

// A BrowserStore keeps sessions in the browser instead of on the server: cookiestore is one. [New] takes it like any other
// store, and the middleware hands it the request's cookies and sends those it makes. As an scs.Store it can do nothing; its
// three verbs return an error that says so.
//
// A store with a list of revocations has a method Revoker() Revoker as well. All methods are safe for concurrent use.
type BrowserStore interface {
	scs.Store

	// Open returns the plaintext of the cookie called name, or of its parts, among a request's Cookie headers. ok is false
	// if there is none, if it was changed, or if several different ones open.
	Open(cookieHeaders []string, name string) (plaintext []byte, ok bool)

	// Seal returns the cookies that carry the plaintext; their names begin with name. Each is small enough for browsers
	// together with its attributes, which take overhead bytes. The error says that it is too large, and how large.
	Seal(name string, plaintext []byte, overhead int) ([]BrowserCookie, error)

	// Names returns the names, among those in a request's Cookie headers, that Seal may have used for the cookie called
	// name: those which are not set anew have to be taken away.
	Names(cookieHeaders []string, name string) []string
}

// A Revoker is a [BrowserStore] with a list of what has been ended, on a store that all nodes share. Without one, a copy of
// a session's cookie is good until it expires, whoever has it.
type Revoker interface {
	// Revoke puts a key onto the list, until expiry.
	Revoke(ctx context.Context, key string, expiry time.Time) error

	// Revoked reports whether one of the keys was put onto the list at the given time or later.
	Revoked(ctx context.Context, since time.Time, keys ...string) (bool, error)
}

// A BrowserCookie is a cookie without its attributes.
type BrowserCookie struct{ Name, Value string }
