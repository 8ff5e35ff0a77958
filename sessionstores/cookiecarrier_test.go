package sessionstores_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

var cookieSecret = strings.Repeat("s", 32)

const cookieName = sessionstores.DefaultCookieName

func newCookieStore() *cookiestore.Store {
	store := cookiestore.New(cookieSecret)
	store.HeaderBytes = 16_000

	return store
}

func newRevocableStore(tb testing.TB) *cookiestore.Store {
	store := newCookieStore()
	store.Revocations = newMemstore(tb)

	return store
}

func newCookieSite(tb testing.TB, store scs.Store) *site {
	return newSite(tb, sessionstores.New(store))
}

// A browser keeps cookies by name, for one host and path.
type browser map[string]string

// visit sends one request and keeps the cookies of the response.
func (b browser) visit(s *site, acts ...act) *http.Response {
	res := b.send(s, acts...)
	b.receive(res)

	return res
}

// send sends one request. Its response has not arrived yet.
func (b browser) send(s *site, acts ...act) *http.Response {
	return b.serve(s, func(_ http.ResponseWriter, r *http.Request) {
		for _, act := range acts {
			act(r.Context())
		}
	})
}

func (b browser) serve(s *site, h http.HandlerFunc) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, name := range slices.Sorted(maps.Keys(b)) {
		r.AddCookie(&http.Cookie{Name: name, Value: b[name]})
	}
	w := httptest.NewRecorder()
	s.mw(h).ServeHTTP(w, r)

	return w.Result()
}

func (b browser) receive(res *http.Response) {
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b, c.Name)
		} else {
			b[c.Name] = c.Value
		}
	}
}

// value returns a value of the session. The response is lost.
func (b browser) value(s *site, key string) (value string) {
	b.send(s, func(ctx context.Context) { value = s.m.GetString(ctx, key) })
	return value
}

func (b browser) attachment(s *site) (data string) {
	b.send(s, func(ctx context.Context) {
		got, err := sessionstores.Attachment(ctx, s.m)
		assertNoError(s.tb, "Attachment", err)
		data = string(got)
	})

	return data
}

// names returns the names of the cookies.
func (b browser) names() string {
	return strings.Join(slices.Sorted(maps.Keys(b)), " ")
}

// signedIn returns a browser with a session.
func signedIn(s *site, acts ...act) browser {
	b := browser{}
	b.visit(s, append([]act{s.login("ann", "user 1")}, acts...)...)

	return b
}

func TestCookieSessionWithIdleTimeoutIsExtendedByReads(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	synctest.Test(t, func(t *testing.T) {
		b := signedIn(s)
		time.Sleep(23 * time.Hour)
		stolen := maps.Clone(b)
		b.visit(s, s.read)
		time.Sleep(2 * time.Hour)
		assertEqual(t, "user after a read within the idle timeout", b.value(s, "user"), "ann")
		assertEqual(t, "user of a copy from before", stolen.value(s, "user"), "")

		time.Sleep(20 * time.Hour)
		b.visit(s, s.put("cart", "tea"))
		assertEqual(t, "cookies after a write", b.names(), cookieName)
		for range 3 {
			time.Sleep(20 * time.Hour)
			b.visit(s, s.read)
		}
		assertEqual(t, "user after the absolute deadline", b.value(s, "user"), "")
	})
}

func TestReadOfACookieSessionDoesNotSendIt(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	synctest.Test(t, func(t *testing.T) {
		b := signedIn(s, s.setAttachment("tokens"))
		time.Sleep(3 * time.Hour)
		sent := make(map[string]int)
		for range 100 {
			for _, c := range b.visit(s, s.read).Cookies() {
				sent[c.Name]++
			}
		}
		want := map[string]int{cookieName + "_idle": 1}
		if !maps.Equal(sent, want) {
			t.Errorf("cookies that 100 reads have sent: got %v, want %v", sent, want)
		}
	})
}

func TestReadThatOverlapsDoesNotUndoWhatAnotherRequestDoes(t *testing.T) {
	for name, tt := range map[string]struct {
		act  func(*site) act
		want string
	}{
		"a login":   {func(s *site) act { return s.login("bob") }, "bob"},
		"a logout":  {func(s *site) act { return s.destroy }, ""},
		"a write":   {func(s *site) act { return s.put("user", "eve") }, "eve"},
		"a renewal": {func(s *site) act { return s.renew }, "ann"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCookieSite(t, newCookieStore())
			synctest.Test(t, func(t *testing.T) {
				b := signedIn(s)
				time.Sleep(3 * time.Hour) // so that a read sends the idle cookie
				late := b.send(s, s.read)
				b.visit(s, tt.act(s))
				b.receive(late)
				assertEqual(t, "user", b.value(s, "user"), tt.want)
			})
		})
	}
}

func TestIdleCookieOfAnotherSessionIsIgnored(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	synctest.Test(t, func(t *testing.T) {
		b, other := signedIn(s), signedIn(s)
		time.Sleep(20 * time.Hour)
		other.visit(s, s.read)
		b[cookieName+"_idle"] = other[cookieName+"_idle"]
		time.Sleep(5 * time.Hour)
		assertEqual(t, "user of the idle cookie", other.value(s, "user"), "ann")
		assertEqual(t, "user of the other session", b.value(s, "user"), "")
	})
}

func TestAttachmentOfACookieSession(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	b := signedIn(s, s.setAttachment("tokens 1"))
	assertEqual(t, "attachment", b.attachment(s), "tokens 1")

	b.visit(s, s.setAttachment("tokens 2"))
	assertEqual(t, "replaced attachment", b.attachment(s), "tokens 2")
	b.visit(s, s.renew)
	assertEqual(t, "attachment after a renewal", b.attachment(s), "tokens 2")
	b.visit(s, func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(400*time.Hour)) })
	assertEqual(t, "attachment after a later deadline", b.attachment(s), "tokens 2")

	b.visit(s, s.setAttachment(""))
	assertEqual(t, "empty attachment", b.attachment(s), "")
	assertEqual(t, "cookies with an empty attachment", b.names(), cookieName)
	assertEqual(t, "user", b.value(s, "user"), "ann")

	b.visit(s, s.setAttachment("tokens 3"))
	b.visit(s, s.login("bob"))
	assertEqual(t, "attachment after a login", b.attachment(s), "")
	b.visit(s, s.setAttachment("tokens 4"))
	b.visit(s, s.destroy)
	assertEqual(t, "cookies after a logout", b.names(), "")
}

func TestAttachmentOfAnotherCookieSessionIsNotRead(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	b := signedIn(s, s.setAttachment("tokens"))
	thief := signedIn(s, s.setAttachment("other"))
	thief[cookieName+"_attachment"] = b[cookieName+"_attachment"]
	assertEqual(t, "attachment of another session", thief.attachment(s), "")
}

func TestNewAttachmentDoesNotSendTheSession(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	for name, logout := range map[string]act{"a logout": s.destroy, "a login": s.login("bob")} {
		b := signedIn(s, s.setAttachment("tokens"))
		late := b.send(s, s.setAttachment("refreshed tokens"))
		b.visit(s, logout)
		b.receive(late)
		if got := b.value(s, "user"); got == "ann" {
			t.Errorf("after %s: got the user %q again, want it not brought back", name, got)
		}
		assertEqual(t, "attachment after "+name, b.attachment(s), "")
	}
}

func TestDeadlineInThePastEndsACookieSession(t *testing.T) {
	s := newCookieSite(t, newRevocableStore(t))
	b := signedIn(s, s.setAttachment("tokens"))
	stolen := maps.Clone(b)
	b.visit(s, func(ctx context.Context) { s.m.SetDeadline(ctx, time.Now().Add(-time.Minute)) })
	assertEqual(t, "cookies", b.names(), "")
	assertEqual(t, "user of a copy", stolen.value(s, "user"), "")
}

func TestCookieSessionLastsAtMost400Days(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	s.m.IdleTimeout = 0
	s = newSite(t, s.m)
	synctest.Test(t, func(t *testing.T) {
		b := signedIn(s, func(ctx context.Context) {
			s.m.SetDeadline(ctx, time.Now().Add(1000*24*time.Hour))
		})
		time.Sleep(399 * 24 * time.Hour)
		assertEqual(t, "user after 399 days", b.value(s, "user"), "ann")
		time.Sleep(2 * 24 * time.Hour)
		assertEqual(t, "user after 401 days", b.value(s, "user"), "")
	})
}

func TestCookieSessionThatCannotBeDecodedIsRevoked(t *testing.T) {
	for name, act := range map[string]func(*site) act{
		"by a logout": func(s *site) act { return s.destroy },
		"by a login":  func(s *site) act { return s.login("bob") },
	} {
		m := sessionstores.New(newRevocableStore(t))
		s, counting := undecodable(t, m, scs.GobCodec{})
		b := signedIn(s)
		stolen := maps.Clone(b)
		counting.broken.Store(true)
		b.visit(s, act(s))
		counting.broken.Store(false)
		assertEqual(t, "user of a copy, revoked "+name, stolen.value(s, "user"), "")
	}
}

func TestPanicRevokesADestroyedCookieSession(t *testing.T) {
	s := newCookieSite(t, newRevocableStore(t))
	b := signedIn(s)
	func() {
		defer func() { _ = recover() }()
		b.serve(s, func(_ http.ResponseWriter, r *http.Request) {
			s.destroy(r.Context())
			panic("oops")
		})
	}()
	assertEqual(t, "user", b.value(s, "user"), "")
}
