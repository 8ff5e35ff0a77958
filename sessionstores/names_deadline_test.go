package sessionstores_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A session that is given a later deadline is still found by its names when the first one has passed.
func TestNamesLiveAsLongAsTheSession(t *testing.T) {
	m := newManager(t) // outside of the bubble: scs.New leaves a goroutine behind
	m.IdleTimeout, m.Lifetime = 0, time.Hour
	s := newSite(t, m)
	synctest.Test(t, func(*testing.T) {
		token := s.signIn("ann", s.setNames("user 1"))
		s.do(token, func(ctx context.Context) { m.SetDeadline(ctx, time.Now().Add(48*time.Hour)) })
		time.Sleep(24 * time.Hour)
		if s.user(token) != "ann" {
			t.Fatal("the session is gone before its deadline")
		}
		s.endAll("user 1")
		if s.user(token) != "" {
			t.Error("EndAll has not found it")
		}
	})
}
