// Package cookiestore keeps sessions in encrypted cookies. Nothing is kept on a server.
//
//	cfg.Sessions = sessionstores.New(cookiestore.New(os.Getenv("AUTH0_SECRET")))
//
// Every node that has the secret reads every session. The limits:
//
//   - A session has room for about 3 KB, the tokens of Auth0 included, see [Store.HeaderBytes]. If
//     the tokens do not fit, they are left out and a warning is logged. A session that does not fit
//     without them is an error.
//   - Of two requests that change the session at the same time, the last one wins. A request that
//     changes the session while another one logs out can bring the session back. Requests that only
//     read do neither.
//   - A copy of the cookies can be used until the session expires, also after a logout, unless
//     [Store.Revocations] is set.
//
// The browser sends at most 7.5 KB of cookies in one request, the session's and others, so that
// servers and proxies with a limit of 8 KB accept it.
package cookiestore

import (
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/sessionstores"
)

// DefaultHeaderBytes is the size of the buffer that nginx has for the header of a response by
// default (proxy_buffer_size). To a longer header it answers 502.
const DefaultHeaderBytes = 4096

// A Store encrypts sessions with XChaCha20-Poly1305, under keys that it derives from its secrets.
// It is safe for concurrent use. Set its fields before it is given to [sessionstores.New].
type Store struct {
	// Revocations is a store for the sessions that are revoked before they expire: by a logout, or
	// by [sessionstores.RevokeAll]. It is any scs store that all nodes share, such as a redisstore.
	// Each request that reads a session asks it for up to four keys at the same time. Nil means
	// that copies of a session's cookies stay valid after a logout.
	Revocations scs.Store

	// HeaderBytes is how long the header of a response may get, with the cookies of the session in
	// it. The default is [DefaultHeaderBytes]. Raise it if all proxies in front of the application
	// have larger buffers: with nginx, proxy_buffer_size.
	HeaderBytes int

	sealer *seal.Sealer
}

// New returns a store. The first secret encrypts, and all of them decrypt. To replace a secret, put
// the new one in front; remove the old one when the sessions that it has encrypted may end. Each
// secret has at least 32 bytes; `openssl rand -hex 32` makes one. New panics if there is none, or a
// shorter one.
func New(secrets ...string) *Store {
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		if len(secret) < seal.MinSecret {
			panic(fmt.Sprintf(
				"cookiestore: secret %d (AUTH0_SECRET) has %d bytes, at least %d are needed: "+
					"make one with `openssl rand -hex 32`", i+1, len(secret), seal.MinSecret))
		}
		keys[i] = []byte(secret)
	}

	sealer, err := seal.New("session cookie", keys...)
	if err != nil {
		panic("cookiestore: no secret (AUTH0_SECRET): make one with `openssl rand -hex 32`")
	}

	return &Store{sealer: sealer}
}

// SealCookie is for package sessionstores. It encrypts the value of a cookie and binds it to the
// cookie's name.
func (s *Store) SealCookie(name string, plaintext []byte) string {
	return s.sealer.SealString(plaintext, []byte(name))
}

// OpenCookie is for package sessionstores. It is the reverse of SealCookie. ok is false for a value
// that was changed, or encrypted for another cookie or with another secret.
func (s *Store) OpenCookie(name, value string) (plaintext []byte, ok bool) {
	plaintext, err := s.sealer.OpenString(value, []byte(name))
	return plaintext, err == nil
}

// RevocationStore is for package sessionstores. It returns Revocations.
func (s *Store) RevocationStore() scs.Store {
	return s.Revocations
}

// HeaderLimit is for package sessionstores. It returns HeaderBytes or its default.
func (s *Store) HeaderLimit() int {
	if s.HeaderBytes <= 0 {
		return DefaultHeaderBytes
	}

	return s.HeaderBytes
}

var errNoMiddleware = fmt.Errorf(
	"cookiestore: %w: make the manager with sessionstores.New and serve requests through "+
		"sessionstores.Middleware or chiauth0.LoadUser; scs's LoadAndSave cannot read a session "+
		"from its cookies",
	sessionstores.ErrMisused,
)

// Find returns an error. A cookie session cannot be found by its token.
func (s *Store) Find(string) ([]byte, bool, error) {
	return nil, false, errNoMiddleware
}

// Commit returns an error, as Find does.
func (s *Store) Commit(string, []byte, time.Time) error {
	return errNoMiddleware
}

// Delete returns an error, as Find does.
func (s *Store) Delete(string) error {
	return errNoMiddleware
}
