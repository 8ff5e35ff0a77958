package providertest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

var concurrencyFaults = []fault{
	{"looks first and creates later", []string{inSimultaneous}, func() func(*memory) *faulty {
		var mu sync.Mutex
		known, logins := map[string]string{}, 0
		return misreads(func(l *login) {
			mu.Lock()
			logins++
			mine, key := fmt.Sprint(l.Identity.Subject,
				logins), l.Identity.Issuer+l.Identity.Subject
			subject, ok := known[key]
			mu.Unlock()
			if !ok {
				time.Sleep(time.Millisecond) // in a bubble: until all other logins have looked
				subject = mine
				mu.Lock()
				known[key] = mine
				mu.Unlock()
			}
			l.Identity.Subject = subject
		})
	}()},
	{"mixes users up", []string{inBusy}, misreads(func(l *login) { l.Identity.Subject = "x" })},
	{"signs out when cancelled", []string{inCancelled}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			if ctx.Err() != nil {
				return user{}, userprovider.ErrNotFound
			}
			return m.FindUser(ctx, id)
		})},
	{"finds another when cancelled", []string{inCancelled}, finds(
		func(ctx context.Context, m *memory, id string) (user, error) {
			if ctx.Err() != nil {
				return user{}, nil
			}
			return m.FindUser(ctx, id)
		})},
	{"refuses the user when cancelled", []string{inCancelled}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if ctx.Err() != nil {
				return user{}, fmt.Errorf("%w: %w", userprovider.ErrRefused, ctx.Err())
			}
			return m.SyncUser(ctx, l)
		})},
	{"stores and reports failure when cancelled", []string{inCancelled}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			u, err := m.SyncUser(context.WithoutCancel(ctx), l)
			if ctx.Err() != nil {
				return user{}, ctx.Err()
			}
			return u, err
		})},
	{"makes another user when cancelled", []string{inCancelled}, syncs(
		func(ctx context.Context, m *memory, l login) (user, error) {
			if ctx.Err() != nil {
				l.Identity.Subject += " cancelled"
			}
			return m.SyncUser(context.WithoutCancel(ctx), l)
		})},
}
