package sessionstores_test

import (
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
		"a read":   s.read,
		"a logout": s.destroy,
		"a read of the attachment": func(ctx context.Context) {
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

var codecs = map[string]scs.Codec{
	"Codec":    sessionstores.Codec{},
	"GobCodec": scs.GobCodec{},
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
		values := map[string]string{"user": "ann", "number": "", "cart": "", "none": ""}
		for key, want := range values {
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
	for name, codec := range codecs {
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

func TestUnknownTokenIsAnonymous(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		chosen := "an-attacker-chose-this-one-43-bytes-long-AB"
		s.assertNoCookie("a read", s.do(chosen, s.read))
		s.assertNoCookie("a logout", s.do(chosen, s.destroy))
		acts := map[string]act{"a write": s.put("cart", "tea"), "a login": s.login("ann")}
		for name, act := range acts {
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
