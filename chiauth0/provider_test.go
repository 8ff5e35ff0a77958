package chiauth0_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func TestDiscoveryFails(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(t *testing.T) {
		b := a.browser()
		a.tenant.Misbehave(chiauth0test.Faults{Intercept: unavailableAnswer})
		resp := b.get("/auth0/login?next_url=/account")
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("got %s and Retry-After %q, want 503 with Retry-After",
				resp.Status, resp.Header.Get("Retry-After"))
		}
		if n := len(resp.Cookies()); n != 0 {
			t.Errorf("%d cookies are set, want none", n)
		}
		for _, want := range []string{
			"login service cannot be reached", `href="/auth0/login?next_url=%2Faccount"`,
		} {
			if !strings.Contains(resp.body, want) {
				t.Errorf("the page lacks %q: %s", want, resp.body)
			}
		}
		if !strings.Contains(a.log.String(), "answered 500") {
			t.Errorf("the log lacks the answer of the tenant: %s", a.log)
		}
	})
}

func unavailableAnswer(w http.ResponseWriter, _ *http.Request) bool {
	w.WriteHeader(http.StatusInternalServerError)
	return true
}

// A failed discovery is not repeated for a second, and then it is.
func TestDiscoveryBacksOff(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(t *testing.T) {
		discoveries := func() int { return len(a.tenant.Requests(discoveryPath)) }
		expect := func(status, requests int) {
			t.Helper()
			resp := a.browser().get("/auth0/login")
			if got := discoveries(); resp.StatusCode != status || got != requests {
				t.Errorf("got %s after %d discoveries, want %d after %d",
					resp.Status, got, status, requests)
			}
		}
		a.tenant.Misbehave(chiauth0test.Faults{Intercept: unavailableAnswer})
		for range 20 {
			expect(http.StatusServiceUnavailable, 1)
		}
		time.Sleep(time.Second - time.Millisecond)
		expect(http.StatusServiceUnavailable, 1)
		time.Sleep(time.Millisecond)
		expect(http.StatusServiceUnavailable, 2)

		a.tenant.Misbehave(chiauth0test.Faults{})
		time.Sleep(time.Second)
		for range 3 {
			expect(http.StatusFound, 3)
		}
	})
}

// Concurrent logins share one discovery. It goes on when the first browser gives up.
func TestDiscoveryIsShared(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.inBubble(func(t *testing.T) {
		answer := make(chan struct{})
		a.tenant.Misbehave(chiauth0test.Faults{
			Intercept: func(http.ResponseWriter, *http.Request) bool {
				<-answer
				return false
			},
		})
		impatient, giveUp := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := a.browser().try(impatient, http.MethodGet, "/auth0/login"); err == nil {
				t.Error("the browser that gave up has an answer")
			}
		})
		synctest.Wait() // the first browser causes the request
		for range 10 {
			wg.Go(func() { a.browser().begin("/auth0/login") })
		}
		synctest.Wait()
		giveUp()
		synctest.Wait()
		close(answer)
		wg.Wait()
		if n := len(a.tenant.Requests("")); n != 1 {
			t.Errorf("%d requests for 11 concurrent logins, want 1", n)
		}
	})
}
