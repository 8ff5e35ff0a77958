package sessionstores_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

func (s *site) list(name string) []sessionstores.Listed {
	s.tb.Helper()
	list, err := sessionstores.List(context.Background(), s.m, name)
	assertNoError(s.tb, "List", err)

	return list
}

// revokeOthers is the act of a handler.
func (s *site) revokeOthers(name string) act {
	return func(ctx context.Context) {
		assertNoError(s.tb, "RevokeOthers", sessionstores.RevokeOthers(ctx, s.m, name))
	}
}

func TestListReturnsTheSessionsOfAName(t *testing.T) {
	outside := newSite(t, newManager(t)) // scs.New starts a goroutine
	synctest.Test(t, func(t *testing.T) {
		s := outside.in(t)
		began := time.Now()
		phone := s.signInNamed("ann", []string{"user 1", "sid 1"}, s.setAttachment("tokens"))
		time.Sleep(time.Minute)
		s.signInNamed("ann", []string{"user 1", "sid 2"})
		s.signInNamed("bob", []string{"user 2"})
		s.begin("cart", "tea")

		list := s.list("user 1")
		assertEqual(t, "sessions", len(list), 2)
		assertEqual(t, "the last used one comes first", list[1].Created, began.UTC())
		assertEqual(t, "expiry", list[1].Expires, began.Add(72*time.Hour).UTC())
		assertEqual(t, "last seen", list[1].LastSeen, began.UTC())
		assertEqual(t, "sessions of an unknown name", len(s.list("user 3")), 0)
		if slices.ContainsFunc(list, func(l sessionstores.Listed) bool { return l.ID == phone }) {
			t.Errorf("got the token %q as an ID, want another text", phone)
		}

		time.Sleep(10 * time.Hour)
		s.do(phone, s.read)
		list = s.list("user 1")
		assertEqual(t, "the session that was used", list[0].Created, began.UTC())
		assertEqual(t, "last seen after a request", list[0].LastSeen, time.Now().UTC())

		time.Sleep(23 * time.Hour)
		list = s.list("user 1")
		assertEqual(t, "sessions after the idle time-out of one", len(list), 1)

		s.do(phone, s.destroy)
		assertEqual(t, "sessions after a logout", len(s.list("user 1")), 0)
	})
}

// What is known about the login stays with the session, and changes with the next login.
func TestListedLoginStaysWithTheSession(t *testing.T) {
	s := newSite(t, newManager(t))
	login := func(token, userAgent string) string {
		r := s.request(token)
		r.Header.Set("User-Agent", userAgent)
		w := httptest.NewRecorder()
		s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s.login("ann", "user 1")(r.Context())
		})).ServeHTTP(w, r)
		return s.token(w.Result())
	}
	long := strings.Repeat("x", 255) + "é and more"
	for userAgent, want := range map[string]string{
		"browser/1": "browser/1", "": "", long: strings.Repeat("x", 255),
		"\xff\xfe": "", "<script>": "<script>",
	} {
		token := login("", userAgent)
		before := s.list("user 1")[0]
		assertEqual(t, "user agent", before.UserAgent, want)

		token = s.token(s.do(token, s.renew))
		s.do(token, s.put("cart", "tea"), s.setAttachment("1"))
		other := s.pause(token)
		s.do(token, s.put("a", "b"))
		other.do(s.put("c", "d"))
		other.finish()
		list := s.list("user 1")
		assertEqual(t, "sessions", len(list), 1)
		assertEqual(t, "user agent after writes", list[0].UserAgent, want)
		assertEqual(t, "creation after writes", list[0].Created, before.Created)

		token = login(token, "browser/2")
		list = s.list("user 1")
		assertEqual(t, "sessions after another login", len(list), 1)
		assertEqual(t, "user agent after another login", list[0].UserAgent, "browser/2")
		s.do(token, s.destroy)
	}
}

func TestListMarksTheSessionOfTheRequest(t *testing.T) {
	s := newSite(t, newManager(t))
	phone := s.signInNamed("ann", []string{"user 1"})
	s.signInNamed("ann", []string{"user 1"})
	for what, want := range map[string]int{phone: 1, "": 0, s.begin("cart", "tea"): 0} {
		s.do(what, func(ctx context.Context) {
			list, err := sessionstores.List(ctx, s.m, "user 1")
			assertNoError(t, "List", err)
			current := slices.DeleteFunc(list, func(l sessionstores.Listed) bool {
				return !l.Current
			})
			assertEqual(t, "sessions that are current", len(current), want)
		})
	}
}

func TestRevokeListedRevokesASessionOfTheName(t *testing.T) {
	spy := newSpyStore(t)
	s := newSite(t, newManagerOn(spy))
	ann := s.signInNamed("ann", []string{"user 1"}, s.setAttachment("tokens"))
	bob := s.signInNamed("bob", []string{"user 2"})
	revoke := func(name, id string, want bool) {
		t.Helper()
		got, err := sessionstores.RevokeListed(t.Context(), s.m, name, id)
		assertNoError(t, "RevokeListed", err)
		assertEqual(t, "revoked", got, want)
	}

	anns, bobs := s.list("user 1")[0].ID, s.list("user 2")[0].ID
	revoke("user 1", bobs, false)
	revoke("user 1", "", false)
	revoke("user 1", ann, false) // the token
	assertEqual(t, "after the IDs of others", s.users(ann, bob), "ann bob")

	revoke("user 1", anns, true)
	assertEqual(t, "after the ID", s.users(ann, bob), "- bob")
	assertEqual(t, "attachments left", spy.attachments(), 0)
}

// An ID that was listed before the session got a new token leads to the session.
func TestRevokeListedFollowsARenewal(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signInNamed("ann", []string{"user 1"})
	id := s.list("user 1")[0].ID
	token = s.token(s.do(token, s.renew))
	_, err := sessionstores.RevokeListed(t.Context(), s.m, "user 1", id)
	assertNoError(t, "RevokeListed", err)
	assertEqual(t, "the renewed session", s.users(token), "-")
}

func TestRevokeOthersKeepsTheSessionOfTheRequest(t *testing.T) {
	s := newSite(t, newManager(t))
	phone := s.signInNamed("ann", []string{"user 1"})
	phone = s.token(s.do(phone, s.renew))
	desk := s.signInNamed("ann", []string{"user 1"})
	desk = s.token(s.do(desk, s.renew))
	bob := s.signInNamed("bob", []string{"user 2"})
	s.do(phone, s.revokeOthers("user 1"))
	assertEqual(t, "signed in", s.users(phone, desk, bob), "ann - bob")

	err := sessionstores.RevokeOthers(t.Context(), s.m, "user 1")
	assertError(t, "outside of a request", err, sessionstores.ErrMisused)
}

// A login that is in progress is in the index already.
func TestRevokeOthersRevokesALoginInProgress(t *testing.T) {
	spy := newSpyStore(t)
	s := newSite(t, newManagerOn(spy))
	phone := s.signInNamed("ann", []string{"user 1"})
	var done atomic.Bool
	spy.setHooks(func(_ context.Context, method, _ string) error {
		if method == "Create" && done.CompareAndSwap(false, true) {
			s.do(phone, s.revokeOthers("user 1"))
		}
		return nil
	}, nil)
	s.do("", s.login("ann", "user 1"))
	spy.setHooks(nil, nil)
	assertEqual(t, "the hook has run", done.Load(), true)
	assertEqual(t, "sessions", len(s.list("user 1")), 1)
	assertEqual(t, "signed in", s.users(phone), "ann")
}

// A session gets a new token after its index was read and before it is revoked.
func TestRevokeOthersRevokesASessionThatIsRenewedMeanwhile(t *testing.T) {
	spy := newSpyStore(t)
	s := newSite(t, newManagerOn(spy))
	phone := s.signInNamed("ann", []string{"user 1"})
	desk := s.signInNamed("ann", []string{"user 1"})
	var done atomic.Bool
	spy.setHooks(nil, func(_ context.Context, method, _ string) error {
		if method == "Keys" && done.CompareAndSwap(false, true) {
			desk = s.token(s.do(desk, s.renew))
		}
		return nil
	})
	s.do(phone, s.revokeOthers("user 1"))
	spy.setHooks(nil, nil)
	assertEqual(t, "the hook has run", done.Load(), true)
	assertEqual(t, "signed in", s.users(phone, desk), "ann -")
}

func TestListReportsAStoreThatCannotList(t *testing.T) {
	spy := newSpyStore(t)
	for name, test := range map[string]struct {
		fail    string
		options func(*spyStore) *site
		want    error
	}{
		"a plain store": {"", func(spy *spyStore) *site {
			return newSite(t, newManagerOn(contextStore{spy}))
		}, errors.ErrUnsupported},
		"an index that is down": {"Keys", nil, sessionstores.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, newManagerOn(spy))
			if test.options != nil {
				s = test.options(spy)
			}
			spy.failBefore(test.fail)
			_, err := sessionstores.List(t.Context(), s.m, "user 1")
			assertError(t, "List", err, test.want)
			_, err = sessionstores.RevokeListed(t.Context(), s.m, "user 1", "id")
			assertError(t, "RevokeListed", err, test.want)
			s.do("", func(ctx context.Context) {
				err := sessionstores.RevokeOthers(ctx, s.m, "user 1")
				assertError(t, "RevokeOthers", err, test.want)
			})
		})
	}
}

// Sessions that a request reads cost what they did: one read, no index.
func TestListCostsOtherRequestsNothing(t *testing.T) {
	spy := newSpyStore(t)
	s := newSite(t, newManagerOn(spy))
	token := s.signInNamed("ann", []string{"user 1"})
	spy.count()
	s.do(token, s.read)
	assertEqual(t, "calls of the store", spy.count(append(writes, "Get", "Keys")...), 1)
}
