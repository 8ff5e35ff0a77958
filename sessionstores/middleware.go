package sessionstores

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// Middleware loads the manager's session for each request and saves it before the first byte of the answer. Use it in
// place of the manager's own LoadAndSave, with or without the rest of chiauth0; applications that use chiauth0.LoadUser
// or one of its guards have it already, and mounting it twice is a no-op.
//
// What it does that LoadAndSave does not:
//
//   - A request that was in flight while its session was ended, or given a new token, neither brings it back nor
//     overwrites the browser's cookie; see [ErrGone].
//   - With an idle timeout, a request that only reads writes to the store once per tenth of that time, and never data.
//   - Flush, ReadFrom and Hijack before the first write still save, and still carry the cookie.
//   - A session that cannot be decoded is an anonymous one. A store that cannot be read leaves an anonymous session that
//     cannot be changed, and the cookie as it is; see [Err]. A store that cannot be written makes the manager's ErrorFunc
//     answer, and what the handler writes after that is dropped.
//   - A cancelled request is saved all the same. A handler that panics saves nothing.
//   - An answer with a session cookie is never publicly cacheable.
//
// What a handler changes in the session after the first byte of its answer is not saved.
//
// with, if given, adds to the context that the handlers see, in the copy of the request that is made anyway; nil means that
// there is nothing to add.
func Middleware(m *scs.SessionManager, with ...func(context.Context) context.Context) func(http.Handler) http.Handler {
	l := newLoader(m, with)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.serve(w, r, next) })
	}
}

// loader is what one Middleware knows. reader and writer are copies of the manager that share its session data: a session
// loaded with an idle timeout would count as modified at once, one committed without it would not expire.
type loader struct {
	manager        *scs.SessionManager
	reader, writer scs.SessionManager
	keeper         *keeper
	with           []func(context.Context) context.Context
}

func newLoader(m *scs.SessionManager, with []func(context.Context) context.Context) *loader {
	if m.Cookie.SameSite == http.SameSiteStrictMode {
		panic("sessionstores: Cookie.SameSite is Strict: the browser would leave the cookie out when the login returns; use Lax")
	}
	if err := (&http.Cookie{Name: m.Cookie.Name}).Valid(); err != nil {
		panic(fmt.Sprintf("sessionstores: Cookie.Name is %q, which no browser would keep: %v", m.Cookie.Name, err))
	}
	l := &loader{manager: m, reader: *m, writer: *m, with: with}
	l.keeper = keeperOf(m)
	if l.keeper.hash && m.HashTokenInStore {
		panic("sessionstores: HashTokenInStore is set on a manager of New, which hashes tokens already: leave it out, " +
			"or Iterate would find sessions that Destroy cannot end")
	}
	l.reader.Store, l.writer.Store = l.keeper, l.keeper
	l.reader.IdleTimeout = 0
	return l
}

func (l *loader) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	parent := r.Context()
	if st := find(parent, l.manager); st != nil && st.loader.reader.Cookie == l.reader.Cookie {
		for _, with := range l.with {
			if ctx := with(r.Context()); ctx != nil {
				r = r.WithContext(ctx)
			}
		}
		next.ServeHTTP(w, r)
		return
	}
	st := &state{ResponseWriter: w, Context: parent, loader: l, cookies: r.Header["Cookie"]}
	st.outer, _ = parent.Value(stateKey{}).(*state)
	ctx, twice := st.load(st.requestToken())
	if twice {
		l.reader.ErrorFunc(w, r, fmt.Errorf("%w: the session of this manager is loaded already, by scs's LoadAndSave, or by a "+
			"sessionstores.Middleware with other cookie settings (with chiauth0, use chiauth0.LoadUser); take that out", ErrMisused))
		return
	}
	for _, with := range l.with {
		if more := with(ctx); more != nil {
			ctx = more
		}
	}
	varyByCookie(w.Header())
	st.request = r.WithContext(ctx)
	next.ServeHTTP(st, st.request)
	st.begin()
}

// load puts the session of token into the context. twice says that there was one already.
func (st *state) load(token string) (loaded context.Context, twice bool) {
	m := &st.loader.reader
	st.loading = true
	loaded, err := m.Load(st, token)
	st.loading = false
	switch {
	case err == nil && loaded == st:
		return nil, true
	case st.storeErr != nil:
		slog.ErrorContext(st, "session not read", "err", st.storeErr)
	case err != nil:
		slog.WarnContext(st, "session not decoded, going on without it", "err", err)
	case st.key == "": // no token, or one that the store does not know
		st.carryNothing()
		return loaded, false
	default:
		if st.now, st.deadline = time.Now(), m.Deadline(loaded); st.now.Before(st.deadline) {
			st.token = token
			return loaded, false
		}
		// Past its absolute deadline. The store forgets it by itself, but for what a plain one keeps too long.
		if err := st.loader.keeper.forget(st, st.key); err != nil {
			slog.WarnContext(st, "session past its deadline not deleted", "err", err)
		}
	}
	st.key = ""
	st.carryNothing()
	loaded, _ = m.Load(st, "") // reads nothing, cannot fail
	return loaded, false
}

func (st *state) requestToken() string {
	if b, ok := st.loader.keeper.backend.(*browser); ok {
		return b.open(st)
	}
	return cookieToken(st.cookies, st.loader.reader.Cookie.Name)
}

var cookieOnly = []string{"Cookie"}

// varyByCookie keeps caches from giving one visitor's page to another.
func varyByCookie(h http.Header) {
	if len(h["Vary"]) == 0 {
		h["Vary"] = cookieOnly[:1:1] // without room: whoever adds to it gets a copy
		return
	}
	h.Add("Vary", "Cookie")
}
