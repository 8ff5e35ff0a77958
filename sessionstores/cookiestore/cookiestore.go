// Package cookiestore keeps sessions in the browser: encrypted, and without a server to keep them on.
//
//	cfg.Sessions = sessionstores.New(cookiestore.New(os.Getenv("AUTH0_SECRET")))
//
// Every node that has the secret can read every session, and none has to be asked. What it costs:
//
//   - A session has room for some 6 KB, Auth0's tokens among them. When they do not fit, the tokens are left out first, and
//     logged; a session that is too large by itself is an error.
//   - A request that changes the session while another one does takes part of the other's change back, and one that
//     overlaps a logout can bring the session back. Requests that only read never do.
//   - A copy of the cookie is good until it expires, whoever has it, and after a logout too, unless there is a list of
//     revocations: see [Store.Revocations].
package cookiestore

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/sessionstores"
)

// A Store seals sessions into cookies, with XChaCha20-Poly1305 under keys derived from its secrets. It is safe for
// concurrent use. Its fields must be set before it is given to [sessionstores.New].
type Store struct {
	// Revocations, when set, lists the sessions that have been ended before their time: by a logout, or by
	// [sessionstores.EndAll]. It is any scs store that all nodes share, such as a redisstore. Each request with a session
	// asks it once, for four keys at most, at the same time; nothing is written to it but for an ending, and that for as
	// long as the session would have lived.
	Revocations scs.Store

	sealer *seal.Sealer
}

var _ sessionstores.BrowserStore = (*Store)(nil)

// New returns a store whose sessions are sealed by the first secret, and opened by all of them: to replace one, put the new
// one in front, and take the old one away when the sessions it sealed may end. Each is at least 32 bytes; `openssl rand
// -hex 32` makes one. New panics if there is none, or a shorter one.
func New(secrets ...string) *Store {
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		if len(secret) < seal.MinSecret {
			panic(fmt.Sprintf("cookiestore: secret %d (AUTH0_SECRET) has %d bytes, it needs %d: make one with `openssl rand -hex 32`",
				i+1, len(secret), seal.MinSecret))
		}
		keys[i] = []byte(secret)
	}
	sealer, err := seal.New("session cookie", keys...)
	if err != nil {
		panic("cookiestore: no secret (AUTH0_SECRET): make one with `openssl rand -hex 32`")
	}
	return &Store{sealer: sealer}
}

// Open implements [sessionstores.BrowserStore].
func (s *Store) Open(cookieHeaders []string, name string) (plaintext []byte, ok bool) {
	var found parts
	found.scan(cookieHeaders, name)
	bound := []byte(name)
	for value := range found.joined() {
		opened, err := s.sealer.OpenString(value, bound)
		if err != nil {
			continue
		}
		if ok && string(opened) != string(plaintext) {
			// A cookie of the same name from another path or domain. Either may be the attacker's own.
			slog.Warn("two different sessions in one request, taking neither", "cookie", name)
			return nil, false
		}
		plaintext, ok = opened, true
	}
	return plaintext, ok
}

// Seal implements [sessionstores.BrowserStore].
func (s *Store) Seal(name string, plaintext []byte, overhead int) ([]sessionstores.BrowserCookie, error) {
	return split(name, s.sealer.SealString(plaintext, []byte(name)), overhead)
}

// Names implements [sessionstores.BrowserStore].
func (s *Store) Names(cookieHeaders []string, name string) []string {
	return partNames(cookieHeaders, name)
}

// ReadTimeout tells package sessionstores how long a read may take: without a list of revocations, no read waits.
func (s *Store) ReadTimeout() time.Duration {
	if s.Revocations == nil {
		return 0
	}
	return time.Second
}

var errNoMiddleware = fmt.Errorf("cookiestore: %w: make the manager with sessionstores.New and serve requests through "+
	"sessionstores.Middleware or chiauth0.LoadUser; scs's own LoadAndSave has no way to a session in the browser",
	sessionstores.ErrMisused)

// Find returns an error: a session in the browser cannot be found by its token.
func (s *Store) Find(string) ([]byte, bool, error) { return nil, false, errNoMiddleware }

// Commit returns an error, as Find does.
func (s *Store) Commit(string, []byte, time.Time) error { return errNoMiddleware }

// Delete returns an error, as Find does.
func (s *Store) Delete(string) error { return errNoMiddleware }
