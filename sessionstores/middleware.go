package sessionstores

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
)

// Middleware serves the manager's session to the handlers behind it. Use it instead of the
// manager's LoadAndSave. Applications that use chiauth0.LoadUser, its guards or its Router have it
// already. Mounting it twice has no effect.
//
// The session is read when a handler first asks for it. A request that does not ask costs no read
// of the store, gets no Vary header and does not extend the session.
//
// The session is saved once, before the first byte of the response. Until then, the manager's
// Commit, Destroy and RenewToken have no effect on the store. Afterwards they return [ErrTooLate],
// and other changes are not saved. [Save] saves earlier.
//
// These are the differences to LoadAndSave:
//
//   - A request that was in progress while its session was revoked, or given a new token, saves
//     nothing and sends no cookie, see [ErrGone].
//   - Two requests that change different values of a session at the same time both keep their
//     change. If they change the same value, the last one wins.
//   - With an idle timeout, a request that only reads extends the session when a tenth of the
//     timeout has passed, and does not write its data.
//   - Flush, ReadFrom and Hijack save the session, too.
//   - A session that cannot be decoded is an anonymous one. A session that cannot be read is
//     anonymous and cannot be changed, see [LoadError]. If the session cannot be saved, the
//     manager's ErrorFunc writes the response, and what the handler writes is discarded.
//   - A handler that panics saves nothing, except that a Destroy is carried out.
//   - If the client has disconnected, or an http.TimeoutHandler has answered, a new token cannot
//     reach the browser. The session keeps its token then.
//   - A response with a session cookie is not publicly cacheable.
//
// A handler that takes over the connection with Hijack writes the response headers itself, and
// Set-Cookie has to be among them: with gorilla/websocket, call Upgrade(w, r, w.Header()). Because
// this cannot be checked, RenewToken has no effect then. Libraries that call WriteHeader(101)
// first, such as coder/websocket, need no such care.
//
// Middleware panics if no browser would keep the session cookie. A manager that scs.New has made
// works as well; Middleware then wraps its Store.
func Middleware(m *scs.SessionManager) func(http.Handler) http.Handler {
	checkCookie(&m.Cookie)
	l := &loader{manager: m, adapter: adapterOf(m)}
	if m.HashTokenInStore { // the adapter hashes, in the same way
		m.HashTokenInStore = false
	}
	l.scsKey = contextKeyOf(m)

	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.serve(w, r, next)
		})
	}
}

// A loader is what one Middleware has. reader and writer are copies of the manager, made at the
// first request. They share its session data. A session that is loaded with an idle timeout would
// count as modified.
type loader struct {
	manager *scs.SessionManager
	adapter *storeAdapter
	scsKey  any

	once           sync.Once
	reader, writer scs.SessionManager
}

func (l *loader) copyManager() {
	if l.manager.HashTokenInStore { // it was set after Middleware
		l.manager.HashTokenInStore = false
	}
	l.reader = *l.manager
	l.reader.IdleTimeout = 0
	l.reader.Codec = reportingCodec{l.manager.Codec, l.adapter}
	l.writer = *l.manager
}

// A reportingCodec logs which values of a session cannot be decoded.
type reportingCodec struct {
	scs.Codec
	adapter *storeAdapter
}

func (c reportingCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	deadline, values, err := c.Codec.Decode(b)
	for key, value := range values {
		if _, bad := value.(undecodable); bad {
			c.adapter.logger().Warn("session value not decoded, it is kept as it is: "+
				"its type was renamed, or is not given to gob.Register", "key", key)
		}
	}

	return deadline, values, err
}

// contextKeyOf returns the key under which a manager keeps its session in a context. scs does not
// export it. Load asks the context for it first.
func contextKeyOf(m *scs.SessionManager) any {
	recorder := &keyRecorder{Context: context.Background()}
	_, _ = m.Load(recorder, "") // reads nothing

	return recorder.key
}

type keyRecorder struct {
	context.Context
	key any
}

func (c *keyRecorder) Value(key any) any {
	if c.key == nil {
		c.key = key
	}

	return nil
}

// checkCookie panics for settings with which no session would come back.
func checkCookie(c *scs.SessionCookie) {
	fail := func(format string, args ...any) {
		panic("sessionstores: " + fmt.Sprintf(format, args...))
	}

	if err := (&http.Cookie{Name: c.Name}).Valid(); err != nil {
		fail("Cookie.Name is %q, which browsers do not keep: %v", c.Name, err)
	}
	if c.Domain != "" {
		if err := (&http.Cookie{Name: c.Name, Domain: c.Domain}).Valid(); err != nil {
			fail("Cookie.Domain is %q, which browsers do not keep: "+
				"write a host name such as app.example", c.Domain)
		}
	}

	hostPrefix := strings.HasPrefix(c.Name, "__Host-")
	switch {
	case c.SameSite == http.SameSiteStrictMode:
		fail("Cookie.SameSite is Strict: " +
			"the browser leaves the cookie out when a login returns; use Lax")
	case c.SameSite == http.SameSiteNoneMode && !c.Secure:
		fail("Cookie.SameSite is None, which browsers keep only with Secure: " +
			"set Cookie.Secure, or use Lax")
	case c.Partitioned && !c.Secure:
		fail("Cookie.Partitioned is set, which browsers keep only with Secure: set Cookie.Secure")
	case hostPrefix && (!c.Secure || c.Domain != "" || c.Path != "/"):
		fail("Cookie.Name is %q: the prefix needs Secure, the Path / and no Domain", c.Name)
	case strings.HasPrefix(c.Name, "__Secure-") && !c.Secure:
		fail("Cookie.Name is %q: the prefix needs Secure", c.Name)
	}
}

func (l *loader) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	l.once.Do(l.copyManager)

	parent := r.Context()
	if requestOf(parent, l.adapter) != nil {
		next.ServeHTTP(w, r) // mounted twice
		return
	}
	if err := l.checkParent(parent); err != nil {
		l.reader.ErrorFunc(w, r, err)
		return
	}

	rs := &requestSession{
		ResponseWriter: w,
		Context:        parent,
		adapter:        l.adapter,
		loader:         l,
		cookies:        r.Header["Cookie"],
	}
	rs.outer, _ = parent.Value(requestKey{}).(*requestSession)
	rs.request = r.WithContext(rs)

	returned := false
	defer func() {
		if !returned {
			rs.abort()
		}
	}()
	next.ServeHTTP(rs, rs.request)
	returned = true

	rs.begin()
}

// checkParent finds other middleware in front of this one that would save the same session, or use
// the same cookie.
func (l *loader) checkParent(parent context.Context) error {
	if parent.Value(l.scsKey) != nil {
		return fmt.Errorf("%w: scs's LoadAndSave serves the session of this manager already: "+
			"remove it, sessionstores.Middleware or chiauth0.LoadUser takes its place",
			ErrMisused)
	}

	outer, _ := parent.Value(requestKey{}).(*requestSession)
	for ; outer != nil; outer = outer.outer {
		if outer.loader.writer.Cookie.Name == l.writer.Cookie.Name {
			return fmt.Errorf("%w: two session managers in this request use the cookie %q: "+
				"set Cookie.Name of one of them", ErrMisused, l.writer.Cookie.Name)
		}
	}

	return nil
}
