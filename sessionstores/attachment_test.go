package sessionstores_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

func TestAttachmentStaysWithItsSession(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("ann", s.setAttachment("tokens 1"))
		assertEqual(t, "attachment", s.attachment(token), "tokens 1")

		s.do(token, s.setAttachment("tokens 2"), func(ctx context.Context) {
			got, err := sessionstores.Attachment(ctx, s.m)
			assertNoError(t, "Attachment", err)
			assertEqual(t, "in the request that sets it", string(got), "tokens 2")
		})
		assertEqual(t, "replaced attachment", s.attachment(token), "tokens 2")

		renewed := s.token(s.do(token, s.renew))
		assertEqual(t, "after RenewToken", s.attachment(renewed), "tokens 2")
		s.do(renewed, s.clear)
		assertEqual(t, "after Clear", s.attachment(renewed), "tokens 2")

		again := s.token(s.do(renewed, s.login("ann"), func(ctx context.Context) {
			got, err := sessionstores.Attachment(ctx, s.m)
			assertNoError(t, "Attachment", err)
			assertEqual(t, "in the request of another login", string(got), "")
		}))
		assertEqual(t, "after another login", s.attachment(again), "")
		s.do(again, s.setAttachment("tokens 3"))
		assertEqual(t, "of the other login", s.attachment(again), "tokens 3")
		s.do(again, s.setAttachment(""))
		assertEqual(t, "an empty attachment", s.attachment(again), "")
		assertEqual(t, "of an anonymous visitor", s.attachment(""), "")
	})
}

func TestAttachmentIsReadAndWrittenByItself(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann", s.setAttachment("tokens"))
	store.count()

	s.do(token, s.read)
	assertEqual(t, "reads of a request that does not ask for it", store.count("Get"), 1)
	assertEqual(t, "attachment", s.attachment(token), "tokens")
	assertEqual(t, "reads of a request that asks for it", store.count("Get"), 2)

	s.m.Codec = failingCodec{}
	s = newSite(t, s.m)
	res := s.do(token, s.setAttachment("more tokens"))
	assertEqual(t, "status with a codec that fails", res.StatusCode, http.StatusOK)
	s.assertNoCookie("a new attachment", res)
	assertEqual(t, "attachment", s.attachment(token), "more tokens")
}

// A failingCodec fails, so that a test finds out what is encoded and decoded.
type failingCodec struct{}

func (failingCodec) Encode(time.Time, map[string]any) ([]byte, error) {
	return nil, errors.New("encoded")
}

func (failingCodec) Decode([]byte) (time.Time, map[string]any, error) {
	return time.Time{}, nil, errors.New("decoded")
}

func TestAttachmentEndsWithItsSession(t *testing.T) {
	for name, end := range map[string]func(*site) act{
		"Destroy": func(s *site) act { return s.destroy },
		"Destroy and a new value": func(s *site) act {
			return all(s.destroy, s.put("flash", "Bye"))
		},
		"a login without one": func(s *site) act { return s.login("bob") },
		"SetAttachment and Destroy": func(s *site) act {
			return all(s.setAttachment("2"), s.destroy)
		},
		"a login and Destroy": func(s *site) act {
			return all(s.login("ann"), s.setAttachment("2"), s.destroy)
		},
		"RenewToken and Destroy": func(s *site) act { return all(s.renew, s.destroy) },
		"Destroy of a job": func(s *site) act {
			return func(ctx context.Context) { s.destroy(mustLoadToken(ctx, s)) }
		},
		"Destroy in Iterate": func(s *site) act {
			return func(ctx context.Context) {
				assertNoError(s.tb, "Iterate", s.m.Iterate(ctx, s.m.Destroy))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann", s.setAttachment("tokens"))
			late := s.pause(token)
			s.do(token, end(s))
			assertEqual(t, "attachments", store.attachments(), 0)

			late.do(s.setAttachment("refreshed tokens"))
			late.finish()
			assertEqual(t, "attachments after a late SetAttachment", store.attachments(), 0)
		})
	}
}

// mustLoadToken returns the context of a job for the session of a request.
func mustLoadToken(ctx context.Context, s *site) context.Context {
	loaded, err := s.m.Load(context.Background(), s.m.Token(ctx))
	assertNoError(s.tb, "Load", err)

	return loaded
}

func TestAttachmentOverlapsOtherRequests(t *testing.T) {
	for _, order := range orders {
		t.Run("a write, "+order, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann", s.setAttachment("tokens 1"))
			s.overlap(order, token, s.put("cart", "tea"), s.setAttachment("tokens 2"))
			assertEqual(t, "attachment", s.attachment(token), "tokens 2")
			assertEqual(t, "attachments", store.attachments(), 1)
		})
		t.Run("a renewal, "+order, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann", s.setAttachment("tokens 1"))
			res, _ := s.overlap(order, token, s.renew, s.setAttachment("tokens 2"))
			assertEqual(t, "attachment", s.attachment(s.token(res)), "tokens 2")
		})
		t.Run("a first one and a logout, "+order, func(t *testing.T) {
			store := newSpyStore(t)
			s := newSite(t, sessionstores.New(store))
			token := s.signIn("ann")
			s.overlap(order, token, s.setAttachment("tokens"), s.destroy)
			s.assertUser("afterwards", token, "")
			if finishesAfter(order, 'B') {
				assertEqual(t, "attachments", store.attachments(), 0)
			}
		})
	}
}

func TestAttachmentThatCannotBeReadIsAnError(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann", s.setAttachment("tokens"))
	s.do(token, s.read, func(ctx context.Context) {
		store.failBefore("Get")
		_, err := sessionstores.Attachment(ctx, s.m)
		assertError(t, "Attachment", err, sessionstores.ErrUnavailable)
		assertError(t, "Attachment", err, errDown)
	})
	s.do(token, func(ctx context.Context) {
		_, err := sessionstores.Attachment(ctx, s.m)
		assertError(
			t,
			"Attachment of a session that cannot be read",
			err,
			sessionstores.ErrUnavailable,
		)
	})
}

func TestAttachmentLastsAsLongAsItsSession(t *testing.T) {
	for name, use := range map[string]func(*site) act{
		"reads":  func(s *site) act { return s.read },
		"writes": func(s *site) act { return s.put("cart", "tea") },
	} {
		for _, every := range []time.Duration{5 * time.Minute, 50 * time.Minute} {
			t.Run(name+" every "+every.String(), func(t *testing.T) {
				eachFixture(t, func(t *testing.T, _ fixture, base *site) {
					base.m.IdleTimeout, base.m.Lifetime = time.Hour, 9*time.Hour
					s := newSite(t, base.m)
					synctest.Test(t, func(t *testing.T) {
						token := s.signIn("ann", s.setAttachment("tokens"))
						for at := every; at < 9*time.Hour; at += every {
							time.Sleep(every)
							s.do(token, use(s))
						}
						time.Sleep(30 * time.Second)
						s.assertUser("afterwards", token, "ann")
						assertEqual(t, "attachment", s.attachment(token), "tokens")
					})
				})
			})
		}
	}

	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		synctest.Test(t, func(t *testing.T) {
			token := s.signIn("ann", s.setAttachment("tokens"))
			for range 5 {
				time.Sleep(20 * time.Hour)
				token = s.token(s.do(token, s.renew))
			}
			assertEqual(t, "attachment of a session that is renewed", s.attachment(token), "tokens")
		})
	})
}

func TestAttachmentExpiresWithTheIdleTimeout(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	synctest.Test(t, func(t *testing.T) {
		s.signIn("ann", s.setAttachment("tokens"))
		time.Sleep(24*time.Hour + time.Second)
		assertEqual(t, "entries in the store", store.size(), 0)
	})
}

func TestStoreHasNoTokens(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann", s.setAttachment("attached"))
	entries, _ := store.All()
	for key, data := range entries {
		if strings.Contains(key+string(data), token) {
			t.Errorf("entry %q: got the token of the session in it", key)
		}
		stolen := []string{key, "listed:" + key, strings.TrimPrefix(key, "attachment:")}
		for _, stolen := range stolen {
			s.assertUser("Load with "+stolen, stolen, "")
			s.do(stolen, func(ctx context.Context) {
				assertEqual(t, "user of a request with "+stolen, s.m.GetString(ctx, "user"), "")
				assertNoError(t, "MergeSession", s.m.MergeSession(ctx, stolen))
				assertEqual(t, "user merged from "+stolen, s.m.GetString(ctx, "user"), "")
			})
		}
	}
	s.assertUser("afterwards", token, "ann")
}

func TestSaveReportsThatTheAttachmentIsRevokedMeanwhile(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann", s.setAttachment("tokens 1"))
	store.setHooks(func(ctx context.Context, method, key string) error {
		if method != "Update" || !strings.HasPrefix(key, "attachment:") {
			return nil
		}
		_, err := store.Store.Revoke(ctx, key)
		return err
	}, nil)
	s.do(token, s.setAttachment("tokens 2"), func(ctx context.Context) {
		assertError(t, "Save", sessionstores.Save(ctx, s.m), sessionstores.ErrGone)
	})
}
