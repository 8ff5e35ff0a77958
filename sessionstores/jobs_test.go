package sessionstores_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
)

// ours are the worlds whose managers New has made.
func ours(t *testing.T, test func(*testing.T, *site, scs.IterableStore)) {
	stores := map[string]scs.IterableStore{"memstore": newMemstore(t), "a plain scs store": scsmemstore.NewWithCleanupInterval(0)}
	for name, store := range stores {
		t.Run(name, func(t *testing.T) { test(t, newSite(t, sessionstores.New(store.(scs.Store))), store) })
	}
}

func TestIterate(t *testing.T) {
	ours(t, func(t *testing.T, s *site, store scs.IterableStore) {
		ann, bob := s.signIn("ann", s.setRecord("ann's")), s.signIn("bob", s.setRecord("bob's"))
		var users []string
		s.noError(s.m.Iterate(t.Context(), func(ctx context.Context) error {
			users = append(users, s.m.GetString(ctx, "user"))
			return nil
		}))
		slices.Sort(users)
		if !slices.Equal(users, []string{"ann", "bob"}) {
			t.Errorf("S12: listed are %q", users)
		}

		s.noError(s.m.Iterate(t.Context(), func(ctx context.Context) error {
			s.m.Put(ctx, "cart", "a gift for "+s.m.GetString(ctx, "user"))
			_, _, err := s.m.Commit(ctx)
			return err
		}))
		if s.get(ann, "cart") != "a gift for ann" || s.get(bob, "cart") != "a gift for bob" || len(s.sessions(store)) != 2 {
			t.Errorf("S12: a Commit inside Iterate: %q, %q", s.get(ann, "cart"), s.get(bob, "cart"))
		}

		s.noError(s.m.Iterate(t.Context(), s.destroyIf("ann", nil)))
		if s.user(ann) != "" || s.user(bob) != "bob" {
			t.Errorf("S12: after Iterate and Destroy signed in are %q and %q", s.user(ann), s.user(bob))
		}

		// From a page, where the request has a session of its own.
		carl := s.signIn("carl")
		res := s.do(bob, s.put("cart", "tea"), func(ctx context.Context) {
			s.noError(s.m.Iterate(ctx, s.destroyIf("carl", nil)))
		})
		if s.user(carl) != "" || s.get(bob, "cart") != "tea" || s.cookie(res) != nil {
			t.Errorf("S12: a page that revokes: %q and %q", s.user(carl), s.get(bob, "cart"))
		}
		// Its own, too.
		s.do(bob, s.put("cart", "coffee"), func(ctx context.Context) { s.noError(s.m.Iterate(ctx, s.destroyIf("bob", nil))) })
		if s.user(bob) != "" {
			t.Error("S12: a page that revokes its own session")
		}
	})

	t.Run("S1, S12: a Commit inside Iterate brings nothing back", func(t *testing.T) {
		s := newSite(t, newManager(t))
		change := func(ctx context.Context) error {
			s.m.Put(ctx, "cart", "tea")
			_, _, err := s.m.Commit(ctx)
			return err
		}
		token := s.signIn("ann")
		s.do("", func(ctx context.Context) { s.noError(s.m.Iterate(ctx, change)) })
		if s.get(token, "cart") != "tea" {
			t.Error("a page that iterates cannot change a session")
		}
		s.noError(s.m.Iterate(t.Context(), func(ctx context.Context) error {
			s.do(token, s.destroy)
			return change(ctx)
		}))
		if s.user(token) != "" {
			t.Error("the session came back")
		}
	})

	t.Run("S12: a store that cannot list says so", func(t *testing.T) {
		s := newSite(t, sessionstores.New(newTimelessStore()))
		err := s.m.Iterate(t.Context(), func(context.Context) error { return nil })
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "timelessStore") {
			t.Errorf("error %v", err)
		}
	})

	t.Run("S12: a store that fails says so", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := newSite(t, newManager(t))
		if err := s.m.Iterate(ctx, func(context.Context) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// sessions returns the keys of the store, records left out.
func (s *site) sessions(store scs.IterableStore) []string {
	s.tb.Helper()
	all, err := store.All()
	s.noError(err)
	return slices.DeleteFunc(slices.Collect(maps.Keys(all)), func(key string) bool { return strings.HasPrefix(key, "record:") })
}

func TestDumpIsNobody(t *testing.T) {
	ours(t, func(t *testing.T, s *site, store scs.IterableStore) {
		token := s.signIn("ann", s.setRecord("tokens"))
		all, err := store.All()
		if err != nil || len(all) != 2 {
			t.Fatalf("%d entries, %v", len(all), err)
		}
		for key, data := range all {
			if strings.Contains(key+string(data), token) {
				t.Error("S12: the token is in the store")
			}
			for _, stolen := range []string{key, "listed:" + key, strings.TrimPrefix(key, "record:")} {
				s.do(stolen, func(ctx context.Context) {
					if user := s.m.GetString(ctx, "user"); user != "" {
						t.Errorf("S12: %q of a dump signs in %s", stolen, user)
					}
				})
				if user := s.user(stolen); user != "" {
					t.Errorf("S12: Load with %q of a dump signs in %s", stolen, user)
				}
				s.do("", func(ctx context.Context) {
					s.noError(s.m.MergeSession(ctx, stolen))
					if user := s.m.GetString(ctx, "user"); user != "" {
						t.Errorf("S12: MergeSession with %q of a dump signs in %s", stolen, user)
					}
				})
			}
		}
		if s.user(token) != "ann" {
			t.Error("the session ended")
		}
	})
}

func TestJobs(t *testing.T) {
	eachWorld(t, func(t *testing.T, _ world, s *site) {
		token := s.signIn("ann")
		ctx, err := s.m.Load(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		s.m.Put(ctx, "cart", "tea")
		if got, _, err := s.m.Commit(ctx); got != token || err != nil {
			t.Errorf("Commit: %q, %v", got, err)
		}
		if s.get(token, "cart") != "tea" {
			t.Error("what a job saved is not there")
		}

		ctx, err = s.m.Load(t.Context(), token)
		s.noError(err)
		s.renew(ctx)
		renewed, _, err := s.m.Commit(ctx)
		if err != nil || renewed == token || s.user(renewed) != "ann" || s.user(token) != "" {
			t.Errorf("RenewToken: %q, %v", renewed, err)
		}

		ctx, err = s.m.Load(t.Context(), renewed)
		s.noError(err)
		s.destroy(ctx)
		if s.user(renewed) != "" {
			t.Error("what a job destroyed is still there")
		}
	})

	// The three verbs without a context, as code that knows no CtxStore calls them.
	t.Run("a manager's store is a plain store", func(t *testing.T) {
		s := newSite(t, newManager(t))
		token := s.signIn("ann")
		data, found, err := s.m.Store.Find(token)
		if !found || err != nil {
			t.Fatalf("found %v, %v", found, err)
		}
		s.noError(s.m.Store.Delete(token))
		if s.user(token) != "" {
			t.Error("not deleted")
		}
		deadline, _, err := s.m.Codec.Decode(data)
		s.noError(err)
		s.noError(s.m.Store.Commit(token, data, deadline))
		if s.user(token) != "ann" {
			t.Error("not committed")
		}
	})
}

func TestMergeSession(t *testing.T) {
	eachWorld(t, func(t *testing.T, w world, s *site) {
		if w.foreign {
			return // scs's own MergeSession
		}
		lost, token := s.cookie(s.do("", s.put("cart", "tea"))).Value, s.signIn("ann")
		a := s.takeOff(lost)
		a.do(s.put("cart", "coffee"))
		s.do(token, func(ctx context.Context) { s.noError(s.m.MergeSession(ctx, lost)) })
		if res := a.land(); s.cookie(res) != nil || s.get(lost, "cart") != "" {
			t.Error("S1: the session that was merged came back")
		}
		if s.user(token) != "ann" || s.get(token, "cart") != "tea" {
			t.Errorf("merged: %q with %q", s.user(token), s.get(token, "cart"))
		}

		lost = s.cookie(s.do("", s.put("cart", "coffee"))).Value
		a = s.takeOff(token)
		a.do(func(ctx context.Context) { s.noError(s.m.MergeSession(ctx, lost)) })
		s.do(token, s.destroy)
		if a.land(); s.user(token) != "" {
			t.Error("S1: a session that was ended came back with what was merged into it")
		}
	})
}
