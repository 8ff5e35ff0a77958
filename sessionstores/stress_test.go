package sessionstores_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/chiauth0/auth/sessionstores"
)

// stressTime is how long each stress test runs: a fifth of a second, or the duration in the
// environment variable CHIAUTH0_STRESS, such as 5m.
func stressTime(t *testing.T) time.Duration {
	value := os.Getenv("CHIAUTH0_STRESS")
	if value == "" {
		return 200 * time.Millisecond
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		t.Fatalf("CHIAUTH0_STRESS is %q, want a duration such as 5m", value)
	}

	return d
}

// stress runs rounds with random numbers until the time is up. The seed of a round that fails is
// in its name.
func stress(t *testing.T, round func(*testing.T, *rand.Rand)) {
	end := time.Now().Add(stressTime(t))
	for seed := rand.Uint64(); time.Now().Before(end) && !t.Failed(); seed++ {
		t.Run("seed "+strconv.FormatUint(seed, 10), func(t *testing.T) {
			round(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

// randomAct returns what one request of a stress test does.
func (s *site) randomAct(random *rand.Rand) act {
	acts := []act{
		s.read, s.put("a", "1"), s.put("b", "2"), s.renew, s.setAttachment("tokens"),
		all(s.renew, s.put("c", "3")), s.commit, s.clearCart,
	}

	return acts[random.IntN(len(acts))]
}

func (s *site) clearCart(ctx context.Context) { s.m.Remove(ctx, "a") }

// A tokenList collects the tokens that responses have carried.
type tokenList struct {
	mu     sync.Mutex
	tokens []string
}

func (l *tokenList) add(s *site, res *http.Response) (token string) {
	c := s.cookie(res)
	if c == nil || c.Value == "" {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens = append(l.tokens, c.Value)

	return c.Value
}

// endings are the ways in which a session of "user 1" ends.
func endings(s *site, token string) map[string]func(*tokenList) {
	loaded, err := s.m.Load(context.Background(), token)
	assertNoError(s.tb, "Load", err)

	return map[string]func(*tokenList){
		"a logout": func(l *tokenList) { l.add(s, s.do(token, s.destroy)) },
		"a logout with a new value": func(l *tokenList) {
			l.add(s, s.do(token, s.destroy, s.put("f", "1")))
		},
		"a login of another user": func(l *tokenList) {
			l.add(s, s.do(token, s.login("bob", "user 2")))
		},
		"RevokeAll": func(*tokenList) { s.revokeAll("user 1") },
		"a job":     func(*tokenList) { s.destroy(loaded) },
	}
}

// Requests in progress never bring back a session that has ended.
func TestRandomRequestsDoNotBringASessionBack(t *testing.T) {
	stores := map[string]func() scs.Store{
		"memstore":       func() scs.Store { return newMemstore(t) },
		"a slow Backend": func() scs.Store { return networkStore{newSpyStore(t), time.Minute} },
	}
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			base := newSite(t, sessionstores.New(store()))
			stress(t, func(t *testing.T, random *rand.Rand) {
				s := base.in(t)
				token := s.signInNamed("ann", []string{"user 1"}, s.setAttachment("tokens"))
				list := &tokenList{tokens: []string{token}}
				ends := endings(s, token)
				var requests sync.WaitGroup
				for range 10 {
					own := rand.New(rand.NewPCG(random.Uint64(), 0))
					requests.Go(func() { s.randomVisit(own, token, list) })
				}
				kind := random.IntN(5)
				for name, end := range ends {
					if kind--; kind < 0 {
						t.Log(name)
						requests.Go(func() { end(list) })
						break
					}
				}
				requests.Wait()

				for _, token := range list.tokens {
					if got := s.user(token); got == "ann" {
						t.Errorf("got the user %q after the session has ended", got)
					}
				}
			})
		})
	}
}

// randomVisit sends requests one after the other, as a browser with several tabs does.
func (s *site) randomVisit(random *rand.Rand, token string, list *tokenList) {
	for range 4 {
		first, second := s.randomAct(random), s.randomAct(random)
		res := s.do(token, first, second)
		assertEqual(s.tb, "status", res.StatusCode, http.StatusOK)
		if next := list.add(s, res); next != "" {
			token = next
		}
	}
}

// The same, with steps of requests in a random order. The calls of the store do not overlap, so
// that it holds for plain stores as well.
func TestStepsOfRequestsInARandomOrderDoNotBringASessionBack(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			base := newSite(t, f.manager(t))
			stress(t, func(t *testing.T, random *rand.Rand) {
				s := base.in(t)
				token := s.signIn("ann", s.setAttachment("tokens"))
				list := &tokenList{tokens: []string{token}}
				paused := make([]*pausedRequest, 6)
				for i := range paused {
					paused[i] = s.pause(token)
				}
				logout := random.IntN(len(paused))
				for _, i := range random.Perm(len(paused)) {
					if i == logout {
						paused[i].do(s.destroy)
					} else {
						paused[i].do(s.randomAct(random))
					}
				}
				for _, i := range random.Perm(len(paused)) {
					list.add(s, paused[i].finish())
				}
				for _, token := range list.tokens {
					s.assertUser("afterwards", token, "")
				}
			})
		})
	}
}

// Requests at the same time never undo a login: one of the tokens signs the user in, and no other
// token leads to the session from before.
func TestRandomRequestsDoNotUndoALogin(t *testing.T) {
	base := newSite(t, newManager(t))
	stress(t, func(t *testing.T, random *rand.Rand) {
		s := base.in(t)
		token := s.begin("cart", "tea")
		list := &tokenList{tokens: []string{token}}
		var requests sync.WaitGroup
		for range 10 {
			own := rand.New(rand.NewPCG(random.Uint64(), 0))
			requests.Go(func() { s.randomVisit(own, token, list) })
		}
		var login string
		requests.Go(func() { login = s.token(s.do(token, s.login("ann", "user 1"))) })
		requests.Wait()

		s.assertUser("with the token of the login", login, "ann")
		for _, token := range list.tokens {
			assertEqual(t, "cart of a token from before", s.get(token, "cart"), "")
		}
	})
}

// Requests that change different values at the same time keep all of them.
func TestRandomRequestsKeepTheChangesOfEachOther(t *testing.T) {
	base := newSite(t, newManager(t))
	stress(t, func(t *testing.T, random *rand.Rand) {
		s := base.in(t)
		token := s.signIn("ann", s.put("once", "code"))
		var mu sync.Mutex
		popped := 0
		var requests sync.WaitGroup
		for i := range 8 {
			extra := random.IntN(3)
			requests.Go(func() {
				s.do(token, s.put(fmt.Sprint("key", i), "kept"), func(ctx context.Context) {
					if extra > 0 || s.m.PopString(ctx, "once") == "" {
						return
					}
					mu.Lock()
					popped++
					mu.Unlock()
				})
			})
		}
		requests.Wait()
		for i := range 8 {
			assertEqual(t, "value", s.get(token, fmt.Sprint("key", i)), "kept")
		}
		if popped > 0 {
			assertEqual(t, "popped value afterwards", s.get(token, "once"), "")
		}
	})
}

// A plain store has a window between a read and a write, see New. Requests at the same time still
// end without errors and data races.
func TestRandomRequestsOnAPlainStore(t *testing.T) {
	base := newSite(t, sessionstores.New(scsmemstore.NewWithCleanupInterval(0)))
	stress(t, func(t *testing.T, random *rand.Rand) {
		s := base.in(t)
		token := s.signIn("ann", s.setAttachment("tokens"))
		list := &tokenList{}
		var requests sync.WaitGroup
		for range 10 {
			own := rand.New(rand.NewPCG(random.Uint64(), 0))
			requests.Go(func() { s.randomVisit(own, token, list) })
		}
		requests.Wait()
	})
}
