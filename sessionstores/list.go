package sessionstores

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/sync/errgroup"

	"github.com/chiauth0/auth/internal/fields"
)

// A Listed is a session in the result of [List].
type Listed struct {
	// ID identifies the session. It is the key of the store, a hash of the token: it cannot be used
	// as a cookie. It changes when the session gets a new token.
	ID string

	// Created is when the session began, by a login with [Renew]. It is zero if an earlier release
	// has begun the session.
	Created time.Time

	// LastSeen is the last request that is known to have used the session. With an idle timeout,
	// the true time may be up to a tenth of the timeout later, and more near the end of the
	// session's lifetime. Without one, it is Created.
	LastSeen time.Time

	// Expires is when the session ends at the latest.
	Expires time.Time

	// UserAgent is the User-Agent of the login, cut at 256 bytes. It is text of a stranger.
	UserAgent string

	// Current says that ctx is of a request with this session.
	Current bool
}

// listConcurrency bounds how many sessions List reads at the same time.
const listConcurrency = 16

// List returns the sessions that are indexed under name, see [Renew]. The last used one comes
// first. It needs no request.
//
// The error wraps errors.ErrUnsupported for a cookie session and for a store without an index, see
// [Backend]. It wraps [ErrUnavailable] if the store did not answer.
func List(ctx context.Context, m *scs.SessionManager, name string) ([]Listed, error) {
	a := adapterOf(m)
	indexed, err := a.listable()
	if err != nil {
		return nil, err
	}
	current, err := currentKey(ctx, a)
	if err != nil {
		return nil, err
	}
	keys, err := indexed.Keys(ctx, nameKey(name))
	if err != nil {
		return nil, unavailable(err)
	}

	found := make([]*Listed, len(keys))
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(listConcurrency)
	for i, key := range keys {
		tasks.Go(func() error {
			data, expiry, ok, err := indexed.Get(ctx, key)
			if err == nil && ok {
				found[i] = a.listed(key, data, expiry)
			}
			return err
		})
	}
	if err := tasks.Wait(); err != nil {
		return nil, unavailable(err)
	}

	var list []Listed
	for _, l := range found {
		if l != nil {
			l.Current = l.ID == current
			list = append(list, *l)
		}
	}
	slices.SortFunc(list, func(x, y Listed) int {
		if c := y.LastSeen.Compare(x.LastSeen); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})

	return list, nil
}

// RevokeListed revokes the session with the ID, and its attachment, if it is indexed under name. It
// reports false, and revokes nothing, if the ID is not that of a session under this name: an ID
// that a form has sent cannot end a session of another user. Errors are those of [List].
func RevokeListed(
	ctx context.Context, m *scs.SessionManager, name, id string,
) (revoked bool, err error) {
	a := adapterOf(m)
	indexed, err := a.listable()
	if err != nil {
		return false, err
	}
	keys, err := indexed.Keys(ctx, nameKey(name))
	if err != nil {
		return false, unavailable(err)
	}
	if !slices.Contains(keys, id) {
		return false, nil
	}

	return true, a.revoke(ctx, id)
}

// RevokeOthers revokes the sessions that are indexed under name, also those that are being created,
// except the session of this request. Errors are those of [List]. After an error it may be called
// again.
func RevokeOthers(ctx context.Context, m *scs.SessionManager, name string) error {
	a := adapterOf(m)
	indexed, err := a.listable()
	if err != nil {
		return err
	}
	rs, err := requireRequest(ctx, m)
	if err != nil {
		return err
	}
	current, err := currentKey(rs, a)
	if err != nil {
		return err
	}

	// A session that gets a new token meanwhile is in the index under the new key before the old
	// key has a tombstone. So the index is read until it has no other key.
	seen := map[string]bool{current: true}
	for {
		keys, err := indexed.Keys(ctx, nameKey(name))
		if err != nil {
			return unavailable(err)
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return seen[key] })
		if len(keys) == 0 {
			return nil
		}

		tasks, ctx := errgroup.WithContext(ctx)
		tasks.SetLimit(listConcurrency)
		for _, key := range keys {
			seen[key] = true
			tasks.Go(func() error { return a.revokeUnlessTombstone(ctx, key) })
		}
		if err := tasks.Wait(); err != nil {
			return err
		}
	}
}

// revokeUnlessTombstone revokes a session, and an absent one that is being created. The successor
// of a tombstone has an index entry of its own, and may be the session of this request.
func (a *storeAdapter) revokeUnlessTombstone(ctx context.Context, key string) error {
	_, expiry, found, err := a.backend.Get(ctx, key)
	if err != nil {
		return unavailable(err)
	}
	if !found && !expiry.IsZero() {
		return nil
	}

	return a.revoke(ctx, key)
}

// listable returns the backend if its sessions can be listed.
func (a *storeAdapter) listable() (IndexedBackend, error) {
	if indexed, ok := a.indexed(); ok {
		return indexed, nil
	}

	return nil, unindexed(a.store)
}

// currentKey returns the key of the session of a request, or "" outside of one.
func currentKey(ctx context.Context, a *storeAdapter) (string, error) {
	rs := requestOf(ctx, a)
	if rs == nil {
		return "", nil
	}
	rs.fetch()
	if rs.loadErr != nil {
		return "", rs.loadErr
	}
	if !rs.session.live {
		return "", nil
	}

	return rs.session.key, nil
}

// listed returns what List says about a session, or nil if the data is no session.
func (a *storeAdapter) listed(key string, data []byte, expiry time.Time) *Listed {
	p, ok := decodePayload(data)
	if !ok {
		return nil
	}

	created, userAgent := decodeOrigin(p.origin)
	seen := created
	if idle := a.manager.IdleTimeout; idle > 0 {
		touched := expiry.Add(-idle) // at the latest touch; earlier near the deadline
		if touched.After(seen) {
			seen = touched
		}
	}

	return &Listed{
		ID: key, Created: created, LastSeen: seen, Expires: p.deadline, UserAgent: userAgent,
	}
}

const originVersion = 1

const (
	originCreated   = 'c'
	originUserAgent = 'u'
)

// maxUserAgent bounds the part of a User-Agent that is stored.
const maxUserAgent = 256

// origin describes the login that begins a session, for List. It is empty if the store cannot list
// sessions.
func (rs *requestSession) origin() []byte {
	if _, ok := rs.adapter.indexed(); !ok {
		return nil
	}

	b := []byte{originVersion}
	b = fields.AppendInt(b, originCreated, time.Now().UnixMilli())
	return fields.AppendNonEmpty(b, originUserAgent, cutText(rs.request.UserAgent(), maxUserAgent))
}

// decodeOrigin is the reverse of origin. What is not known is zero.
func decodeOrigin(b []byte) (created time.Time, userAgent string) {
	r, ok := fields.Read(b, originVersion)
	if !ok {
		return created, ""
	}

	for {
		id, value, more := r.Next()
		if !more {
			return created, userAgent
		}

		switch id {
		case originCreated:
			created = time.UnixMilli(fields.Int(value)).UTC()
		case originUserAgent:
			userAgent = string(value)
		}
	}
}

// cutText returns the first bytes of a text, as valid UTF-8.
func cutText(s string, limit int) string {
	return strings.ToValidUTF8(s[:min(len(s), limit)], "")
}
