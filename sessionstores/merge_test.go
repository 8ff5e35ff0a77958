package sessionstores_test

import (
	"context"
	"encoding/gob"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

func init() { gob.Register(time.Time{}) }

func TestRequestsThatChangeDifferentValuesBothKeepThem(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, base *site) {
		for codecName, codec := range codecs {
			base.m.Codec = codec
			s := newSite(t, base.m)
			for _, order := range orders {
				token := s.signIn("ann")
				resA, resB := s.overlap(order, token, s.put("one", "1"), s.put("two", "2"))
				got := s.user(token) + s.get(token, "one") + s.get(token, "two")
				assertEqual(t, codecName+", "+order+": values", got, "ann12")
				s.assertNoCookie(order, resA)
				s.assertNoCookie(order, resB)
			}
		}
	})
}

func TestLastWriteOfAValueWins(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		for _, order := range orders {
			token := s.signIn("ann", s.put("value", "0"))
			s.overlap(order, token, s.put("value", "a"), s.put("value", "b"))
			want := "b"
			if finishesAfter(order, 'B') {
				want = "a"
			}
			assertEqual(t, order+": value", s.get(token, "value"), want)
		}
	})
}

func TestPoppedValueDoesNotComeBack(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		for _, order := range orders {
			token := s.signIn("ann", s.put("once", "code"))
			var popped string
			s.overlap(order, token, s.put("other", "1"), s.pop("once", &popped))
			assertEqual(t, order+": popped value", popped, "code")
			assertEqual(t, order+": value afterwards", s.get(token, "once"), "")
			assertEqual(t, order+": other value", s.get(token, "other"), "1")
		}
	})
}

func TestClearedSessionKeepsWhatAnotherRequestPuts(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann", s.put("cart", "tea"))
	s.overlap("aAbB", token, s.put("other", "1"), s.clear)
	assertEqual(t, "values", s.user(token)+s.get(token, "cart")+s.get(token, "other"), "1")
}

func TestRenewalKeepsWhatAnotherRequestPuts(t *testing.T) {
	eachFixture(t, func(t *testing.T, _ fixture, s *site) {
		token := s.signIn("ann")
		_, res := s.overlap("abAB", token, s.put("cart", "tea"), all(s.renew, s.put("two", "2")))
		renewed := s.token(res)
		got := s.user(renewed) + s.get(renewed, "cart") + s.get(renewed, "two")
		assertEqual(t, "values", got, "anntea2")
	})
}

func TestDeadlinesAreMerged(t *testing.T) {
	m := newManager(t)
	m.IdleTimeout, m.Lifetime = 0, time.Hour
	s := newSite(t, m)
	synctest.Test(t, func(t *testing.T) {
		later := func(ctx context.Context) { m.SetDeadline(ctx, time.Now().Add(48*time.Hour)) }
		token := s.signIn("ann", s.setAttachment("tokens"))
		s.overlap("baBA", token, s.put("cart", "tea"), later)
		assertEqual(t, "cart", s.get(token, "cart"), "tea")
		time.Sleep(40 * time.Hour)
		s.assertUser("after 40 of 48 hours", token, "ann")
		assertEqual(t, "attachment", s.attachment(token), "tokens")
		time.Sleep(9 * time.Hour)
		s.assertUser("after 49 hours", token, "")

		sooner := func(ctx context.Context) { m.SetDeadline(ctx, time.Now().Add(time.Minute)) }
		token = s.signIn("ann")
		s.overlap("baBA", token, s.put("cart", "tea"), sooner)
		time.Sleep(2 * time.Minute)
		s.assertUser("after a deadline that was moved forward", token, "")
	})
}

func TestManyRequestsThatChangeASessionAtTheSameTime(t *testing.T) {
	s := newSite(t, newManager(t))
	token := s.signIn("ann")
	const requests = 50
	var loaded, finished sync.WaitGroup
	start := make(chan bool)
	loaded.Add(requests)
	for i := range requests {
		finished.Go(func() {
			res := s.do(token, s.read, func(ctx context.Context) {
				loaded.Done()
				<-start
				s.m.Put(ctx, strconv.Itoa(i), "kept")
			})
			assertEqual(t, "status", res.StatusCode, http.StatusOK)
		})
	}
	loaded.Wait()
	close(start)
	finished.Wait()
	for i := range requests {
		assertEqual(t, fmt.Sprintf("value of request %d", i), s.get(token, strconv.Itoa(i)), "kept")
	}
}

func TestConflictsWithoutEndAreAnOutage(t *testing.T) {
	store := newSpyStore(t)
	s := newSite(t, sessionstores.New(store))
	token := s.signIn("ann")
	n := 0
	store.setHooks(func(ctx context.Context, method, key string) error {
		if method != "Update" {
			return nil
		}
		n++
		data, expiry, _, _ := store.Store.Get(ctx, key)
		changed := slices.Concat(data, []byte{'x', 0x41, byte(n)}) // a field of a later release
		return store.Store.CommitCtx(ctx, key, changed, expiry)
	}, nil)
	res := s.do(token, s.put("cart", "tea"))
	assertEqual(t, "status", res.StatusCode, http.StatusServiceUnavailable)
	if n < 10 {
		t.Errorf("attempts: got %d, want at least 10", n)
	}
}
