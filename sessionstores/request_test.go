package sessionstores_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

func TestRequestThatDoesNotAskReadsNothing(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann")
	store.count()

	res := s.serve(token, func(w http.ResponseWriter, r *http.Request) {
		_ = r.Context().Value("another key")
		w.Header().Set("Cache-Control", "public, max-age=60")
		_, _ = w.Write([]byte("page"))
	})
	assertEqual(t, "calls of the store", store.count(append(writes, "Get")...), 0)
	assertEqual(t, "Vary", res.Header.Get("Vary"), "")
	assertEqual(t, "Cache-Control", res.Header.Get("Cache-Control"), "public, max-age=60")
	s.assertNoCookie("a page without a session", res)
}

func TestRequestThatDoesNotAskDoesNotExtendTheSession(t *testing.T) {
	s := newSite(t, newManager(t))
	synctest.Test(t, func(*testing.T) {
		token := s.signIn("ann")
		for range 5 {
			time.Sleep(5 * time.Hour)
			s.do(token)
		}
		s.assertUser("after 25 hours of pages without a session", token, "")
	})
}

func TestStoreIsReadOnceInARequest(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann")
	store.count()

	s.do(token, func(ctx context.Context) {
		var readers sync.WaitGroup
		for range 10 {
			readers.Go(func() {
				assertEqual(t, "user", s.m.GetString(ctx, "user"), "ann")
				got, err := sessionstores.GetString(ctx, s.m, "user")
				assertNoError(t, "GetString", err)
				assertEqual(t, "user of GetString", got, "ann")
			})
		}
		readers.Wait()
	})
	assertEqual(t, "reads", store.count("Get"), 1)
}

func TestAnonymousRequestsDoNotReachTheStore(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	for name, act := range map[string]act{
		"a read": s.read, "a logout": s.destroy, "a read of the attachment": func(ctx context.Context) {
			_, err := sessionstores.Attachment(ctx, s.m)
			assertNoError(t, "Attachment", err)
		},
	} {
		s.do("", act)
		assertEqual(t, name+": calls", store.count(append(writes, "Get")...), 0)
	}
}

// A countingCodec counts what it decodes, and can be made to fail.
type countingCodec struct {
	scs.Codec
	decodes *atomic.Int64
	broken  *atomic.Bool
}

func newCountingCodec(codec scs.Codec) countingCodec {
	return countingCodec{codec, new(atomic.Int64), new(atomic.Bool)}
}

func (c countingCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	c.decodes.Add(1)
	if c.broken.Load() {
		return time.Time{}, nil, errors.New("the type has another name now")
	}

	return c.Codec.Decode(b)
}

// A fusedValue can be decoded while fuse is false.
type fusedValue struct{ Text string }

var fuse atomic.Bool

func (v fusedValue) GobEncode() ([]byte, error) { return []byte(v.Text), nil }

func (v *fusedValue) GobDecode(b []byte) error {
	fusedDecodes.Add(1)
	if fuse.Load() {
		return errors.New("the type has another name now")
	}
	v.Text = string(b)

	return nil
}

var fusedDecodes atomic.Int64

func init() { gob.Register(fusedValue{}) }

func TestGetStringDecodesNothing(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann", func(ctx context.Context) {
		s.m.Put(ctx, "cart", fusedValue{"tea"})
		s.m.Put(ctx, "number", 42)
	})

	fusedDecodes.Store(0)
	s.do(token, func(ctx context.Context) {
		for key, want := range map[string]string{"user": "ann", "number": "", "cart": "", "none": ""} {
			got, err := sessionstores.GetString(ctx, s.m, key)
			assertNoError(t, "GetString", err)
			assertEqual(t, "value of "+key, got, want)
		}
	})
	assertEqual(t, "decoded values", fusedDecodes.Load(), 0)

	s.do(token, s.read)
	assertEqual(t, "decoded values after a method of the manager", fusedDecodes.Load(), 1)
}

func TestGetStringSeesWhatTheHandlerHasPut(t *testing.T) {
	for name, codec := range map[string]scs.Codec{"Codec": sessionstores.Codec{}, "GobCodec": scs.GobCodec{}} {
		m := newManager(t)
		m.Codec = codec
		s := newSite(t, m)
		token := s.signIn("ann")
		s.do(token, func(ctx context.Context) {
			got, _ := sessionstores.GetString(ctx, m, "user")
			assertEqual(t, name+": before", got, "ann")

			m.Put(ctx, "user", "bob")
			got, _ = sessionstores.GetString(ctx, m, "user")
			assertEqual(t, name+": after a Put", got, "bob")

			s.destroy(ctx)
			got, _ = sessionstores.GetString(ctx, m, "user")
			assertEqual(t, name+": after Destroy", got, "")
		})
	}
}

func TestValueThatCannotBeDecodedIsKeptBesideOthers(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		s.m.Codec = sessionstores.Codec{}
		s = newSite(t, s.m)
		defer fuse.Store(false)
		token := s.signIn("ann", func(ctx context.Context) { s.m.Put(ctx, "cart", fusedValue{"tea"}) })

		fuse.Store(true)
		s.do(token, func(ctx context.Context) {
			assertEqual(t, "user", s.m.GetString(ctx, "user"), "ann")
			assertEqual(t, "value that cannot be decoded", s.m.GetString(ctx, "cart"), "")
			s.m.Put(ctx, "color", "green")
		})
		renewed := s.token(s.do(token, s.renew))

		fuse.Store(false)
		s.do(renewed, func(ctx context.Context) {
			assertEqual(t, "color", s.m.GetString(ctx, "color"), "green")
			assertEqual(t, "value that can be decoded again", s.m.Get(ctx, "cart"), any(fusedValue{"tea"}))
		})
	})
}

// undecodable returns a site whose sessions can be made impossible to decode.
func undecodable(t *testing.T, m *scs.SessionManager, codec scs.Codec) (*site, countingCodec) {
	t.Helper()
	counting := newCountingCodec(codec)
	m.Codec = counting

	return newSite(t, m), counting
}

func TestSessionThatCannotBeDecodedIsAnonymous(t *testing.T) {
	for name, codec := range map[string]scs.Codec{"Codec": sessionstores.Codec{}, "GobCodec": scs.GobCodec{}} {
		t.Run(name, func(t *testing.T) {
			s, counting := undecodable(t, newManager(t), codec)
			token := s.signIn("ann")

			counting.broken.Store(true)
			res := s.do(token, func(ctx context.Context) {
				assertEqual(t, "user", s.m.GetString(ctx, "user"), "")
				assertNoError(t, "LoadError", sessionstores.LoadError(ctx, s.m))
			})
			assertEqual(t, "status", res.StatusCode, http.StatusOK)
			s.assertNoCookie("a read", res)

			counting.broken.Store(false)
			s.assertUser("at a node that decodes it", token, "ann")
		})
	}
}

func TestSessionThatCannotBeDecodedIsRevoked(t *testing.T) {
	for name, acts := range map[string]func(*site) []act{
		"by a logout":              func(s *site) []act { return []act{s.destroy} },
		"by a logout with a value": func(s *site) []act { return []act{s.destroy, s.put("flash", "Bye")} },
		"by a login":               func(s *site) []act { return []act{s.login("bob")} },
		"by a write":               func(s *site) []act { return []act{s.put("cart", "tea")} },
	} {
		t.Run(name, func(t *testing.T) {
			s, counting := undecodable(t, newManager(t), scs.GobCodec{})
			token := s.signIn("ann")

			counting.broken.Store(true)
			res := s.do(token, acts(s)...)
			c := s.cookie(res)
			if c == nil || c.Value == token {
				t.Errorf("session cookie: got %v, want another one or none", c)
			}

			counting.broken.Store(false)
			s.assertUser("the old token", token, "")
		})
	}
}

func TestStoredBytesThatAreNoSession(t *testing.T) {
	spoils := map[string]func([]byte) []byte{
		"garbage":            func([]byte) []byte { return []byte("garbage") },
		"nothing":            func([]byte) []byte { return []byte{} },
		"a truncated record": func(data []byte) []byte { return data[:len(data)/2] },
	}
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann")
			entries, _ := store.All()
			for key, data := range entries {
				spoiled := spoil(data)
				if bytes.Equal(spoiled, data) {
					t.Fatal("the session is not spoiled")
				}
				assertNoError(t, "Commit", store.Commit(key, spoiled, time.Now().Add(time.Hour)))
			}

			res := s.do(token, s.read)
			assertEqual(t, "status of a read", res.StatusCode, http.StatusOK)
			s.assertUser("a login", s.token(s.do(token, s.login("bob"))), "bob")
			assertEqual(t, "sessions after the login", store.size(), 1)

			for key := range entries {
				assertNoError(t, "Commit", store.Commit(key, []byte("garbage"), time.Now().Add(time.Hour)))
			}
			s.assertCookieDeleted("a logout", s.do(token, s.destroy))
			assertEqual(t, "sessions after the logout", store.size(), 1)
		})
	}
}

func TestUnknownTokenIsAnonymous(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		chosen := "an-attacker-chose-this-one-43-bytes-long-AB"
		s.assertNoCookie("a read", s.do(chosen, s.read))
		s.assertNoCookie("a logout", s.do(chosen, s.destroy))
		for name, act := range map[string]act{"a write": s.put("cart", "tea"), "a login": s.login("ann")} {
			if token := s.token(s.do(chosen, act)); token == chosen {
				t.Errorf("%s: got the token that the attacker has chosen, want another one", name)
			}
		}
		s.assertUser("the token that the attacker has chosen", chosen, "")
	})
}

func TestFunctionsOutsideOfARequestNameTheMiddleware(t *testing.T) {
	s, other := newSite(t, newManager(t)), newManager(t)
	var inRequest context.Context
	s.do("", func(ctx context.Context) { inRequest = ctx })
	loaded, err := other.Load(t.Context(), "")
	assertNoError(t, "Load", err)

	for name, ctx := range map[string]context.Context{
		"outside of a request":            t.Context(),
		"in a request of another manager": inRequest,
		"in a session of the manager":     loaded,
	} {
		_, attachmentErr := sessionstores.Attachment(ctx, other)
		_, stringErr := sessionstores.GetString(ctx, other, "user")
		for call, err := range map[string]error{
			"LoadError":     sessionstores.LoadError(ctx, other),
			"Renew":         sessionstores.Renew(ctx, other),
			"SetAttachment": sessionstores.SetAttachment(ctx, other, nil),
			"Save":          sessionstores.Save(ctx, other),
			"Attachment":    attachmentErr,
			"GetString":     stringErr,
		} {
			assertError(t, call+" "+name, err, sessionstores.ErrMisused)
			if err != nil && !strings.Contains(err.Error(), "sessionstores.Middleware") {
				t.Errorf("%s %s: got %q, want sessionstores.Middleware named", call, name, err)
			}
		}
	}
}

func TestCopyOfAManagerFindsItsSession(t *testing.T) {
	s := newSite(t, newManager(t))
	twin := *s.m
	s.do("", func(ctx context.Context) {
		assertNoError(t, "LoadError", sessionstores.LoadError(ctx, &twin))
		assertNoError(t, "SetAttachment", sessionstores.SetAttachment(ctx, &twin, []byte("tokens")))
		got, err := sessionstores.Attachment(ctx, s.m)
		assertNoError(t, "Attachment", err)
		assertEqual(t, "attachment", string(got), "tokens")
	})
}
