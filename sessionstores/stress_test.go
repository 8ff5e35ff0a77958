package sessionstores_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
)

const (
	stressRounds   = 50
	stressRequests = 100
)

// race lets requests with the token fly at the same time, of which the first does what is given, and the others read, write
// and renew.
func (s *site) race(token string, first act) (answers []*http.Response) {
	others := []act{s.read, s.put("cart", "tea"), s.renew}
	start := make(chan struct{})
	answers = make([]*http.Response, stressRequests)
	var loaded, landed sync.WaitGroup
	for i := range answers {
		a := others[i%len(others)]
		if i == 0 {
			a = first
		}
		loaded.Add(1)
		landed.Go(func() {
			answers[i] = s.do(token, func(ctx context.Context) {
				loaded.Done()
				<-start
				a(ctx)
			})
		})
	}
	loaded.Wait()
	close(start)
	landed.Wait()
	return answers
}

func TestLogoutStress(t *testing.T) {
	t.Parallel()
	s := newSite(t, newManager(t))
	for round := range stressRounds {
		token := s.signIn("ann")
		for _, res := range s.race(token, s.destroy) {
			if c := s.cookie(res); c != nil && s.user(c.Value) != "" {
				t.Fatalf("S1: round %d: a session came back", round)
			}
			if res.StatusCode != http.StatusOK {
				t.Fatalf("S1: round %d: status %d", round, res.StatusCode)
			}
		}
		if s.user(token) != "" {
			t.Fatalf("S1: round %d: the session came back", round)
		}
	}
	if err := s.m.Iterate(t.Context(), func(context.Context) error { return fmt.Errorf("a session is left") }); err != nil {
		t.Error(err)
	}
}

func TestLoginStress(t *testing.T) {
	t.Parallel()
	s := newSite(t, newManager(t))
	for round := range stressRounds {
		token := s.cookie(s.do("", s.put("cart", "tea"))).Value
		answers := s.race(token, s.login("ann"))
		login := s.cookie(answers[0])
		if login == nil || s.user(login.Value) != "ann" {
			t.Fatalf("S2: round %d: the login sends %v", round, login)
		}
		// What a renewal sent before the login has ended with it: of all cookies, one opens a session.
		for _, res := range answers[1:] {
			if c := s.cookie(res); c != nil && s.get(c.Value, "cart") != "" {
				t.Fatalf("C14: round %d: a session from before the login is left", round)
			}
		}
	}
}

// An act in a random place of a long row of overlapping requests never brings back what a logout has ended.
func TestManyOverlaps(t *testing.T) {
	s := newSite(t, newManager(t))
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		token := s.signIn("ann")
		flights := make([]*flight, 8)
		for i := range flights {
			flights[i] = s.takeOff(token)
		}
		logout := random.IntN(len(flights))
		acts := []act{s.renew, s.put("cart", "tea"), s.renew, s.read}
		var answers []*http.Response
		for _, i := range random.Perm(len(flights)) {
			if i == logout {
				flights[i].do(s.destroy)
				continue
			}
			flights[i].do(acts[i%len(acts)])
		}
		for _, i := range random.Perm(len(flights)) {
			answers = append(answers, flights[i].land())
		}
		for _, res := range answers {
			if c := s.cookie(res); c != nil && s.user(c.Value) != "" {
				t.Fatal("S1: the session came back")
			}
		}
	}
}
