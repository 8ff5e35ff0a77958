package sessionstores

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
)

const (
	rememberField = "__rememberMe" // scs's own, see its RememberMe
	touchedField  = "__touched"    // when a plain store's session was last written: unix seconds
)

// save writes what the request changed, and the cookie if the browser needs another one. It is called once, before the
// first byte of the answer.
func (st *state) save() error {
	m := &st.loader.writer
	ctx := st.request.Context()
	for _, line := range st.Header()["Set-Cookie"] {
		if strings.HasPrefix(line, m.Cookie.Name+"=") {
			return fmt.Errorf("%w: somebody else has set the cookie %q; take out scs's LoadAndSave if it runs inside of "+
				"sessionstores.Middleware, or give the other manager a cookie name of its own", ErrMisused, m.Cookie.Name)
		}
	}
	status := m.Status(ctx)
	if status == scs.Unmodified {
		return st.touch(ctx)
	}
	switch {
	case st.storeErr != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, st.storeErr)
	case status == scs.Destroyed:
		return st.end(ctx)
	case st.key != "" && m.Token(ctx) == "": // destroyed, and written to since
		if err := st.endStored(ctx); err != nil {
			return err
		}
		st.mu.Lock()
		st.fresh = true // what was written is no successor of what was destroyed
		st.mu.Unlock()
	}
	err := st.commit(ctx)
	if errors.Is(err, ErrGone) {
		slog.DebugContext(ctx, "session not saved", "err", err)
		return nil
	}
	return err
}

func (st *state) commit(ctx context.Context) error {
	m := &st.loader.writer
	if st.loader.keeper.plain && m.IdleTimeout > 0 {
		m.Put(ctx, touchedField, time.Now().Unix())
	}
	record, _ := st.original(recordField).(string)
	id := m.GetString(ctx, recordField)
	st.prepare(ctx, id, id == record)
	st.saving = true
	token, _, err := m.Commit(ctx)
	st.saving = false
	if err != nil {
		if id != record {
			st.removeRecord(ctx, id) // written for a session that is not there
		}
		if errors.Is(err, ErrGone) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if id != record {
		st.removeRecord(ctx, record)
	} else {
		st.keepRecord(ctx, id)
	}
	if b, ok := st.loader.keeper.backend.(*browser); ok {
		return b.send(st, token)
	}
	deadline, remember := m.Deadline(ctx), m.GetBool(ctx, rememberField)
	remembered, _ := st.original(rememberField).(bool)
	if token != st.token || !deadline.Equal(st.deadline) || remember != remembered {
		setCookie(st.Header(), m.Cookie, token, deadline, m.Cookie.Persist || remember)
	}
	return nil
}

// prepare collects what the keeper writes along with the session; it cannot ask the manager itself, which holds a lock.
func (st *state) prepare(ctx context.Context, recordID string, sameRecord bool) {
	m, k := &st.loader.writer, st.loader.keeper
	deadline := m.Deadline(ctx)
	names := m.GetString(ctx, namesField)
	st.mu.Lock()
	defer st.mu.Unlock()
	st.pending = &pending{deadline: deadline, names: strings.Fields(names), renamed: st.original(namesField) != any(names)}
	if st.record != nil && recordID != "" {
		st.pending.record, st.pending.recordKey, st.pending.sameRecord = st.record, k.recordKey(recordID), sameRecord
		st.pending.recordExpiry = st.recordExpiry(deadline)
	}
}

// end finishes a Destroy, in the store and in the browser.
func (st *state) end(ctx context.Context) error {
	if st.key == "" {
		return nil
	}
	if err := st.endStored(ctx); err != nil {
		return err
	}
	k := st.loader.keeper
	if b, ok := k.backend.(*browser); ok {
		return b.send(st, "")
	}
	// A session that was gone before has been followed by another one's cookie, or by none. Neither is ours to take away.
	// Whether it was gone is not known of a manager that reaches its store without the keeper.
	if st.removedHere() || !k.hash {
		setCookie(st.Header(), st.loader.writer.Cookie, "", time.Time{}, false)
	}
	return nil
}

// endStored ends what a Destroy may have left in the store: a successor that another request is giving the session just
// now, and the record.
func (st *state) endStored(ctx context.Context) error {
	record, _ := st.original(recordField).(string)
	var removed sync.WaitGroup
	removed.Go(func() { st.removeRecord(ctx, record) }) // at the same time: a logout waits for the store twice, not three times
	defer removed.Wait()
	return st.endSession(ctx)
}

// endSession ends the session that was loaded, if there was one, whoever removed it.
func (st *state) endSession(ctx context.Context) error {
	if st.key == "" {
		return nil
	}
	k := st.loader.keeper
	ctx, cancel := k.writeContext(ctx)
	defer cancel()
	if err := k.backend.End(ctx, st.key); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

func (st *state) removedHere() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.removed
}

// touch moves the idle time on when a tenth of it has passed. The cookie lives until the absolute deadline and needs no
// moving. A failure is no reason to refuse the page: the session has nine tenths of its idle time left.
func (st *state) touch(ctx context.Context) error {
	m, k := &st.loader.writer, st.loader.keeper
	if m.IdleTimeout <= 0 || st.token == "" || st.removedHere() {
		return nil
	}
	now := st.now // reading the clock is not free, and a request is short
	expiry := expiryAt(now, m.IdleTimeout, st.deadline)
	if k.plain {
		if now.Sub(time.Unix(m.GetInt64(ctx, touchedField), 0)) < m.IdleTimeout/10 {
			return nil
		}
		if err := st.commit(ctx); err != nil && !errors.Is(err, ErrGone) {
			slog.WarnContext(ctx, "idle time of the session not moved on", "err", err)
		}
		return nil
	}
	if expiry.Sub(st.expiry) < m.IdleTimeout/10 {
		return nil
	}
	ctx, cancel := k.writeContext(ctx)
	defer cancel()
	found, err := k.backend.Touch(ctx, st.key, expiry)
	if record, _ := st.original(recordField).(string); err == nil && found && record != "" {
		_, err = k.backend.Touch(ctx, k.recordKey(record), expiry)
	}
	if b, ok := k.backend.(*browser); ok && err == nil {
		err = b.send(st, st.token)
	}
	if err != nil {
		slog.WarnContext(ctx, "idle time of the session not moved on", "err", err)
	}
	return nil
}

func expiryAt(now time.Time, idle time.Duration, deadline time.Time) time.Time {
	if at := now.Add(idle); idle > 0 && at.Before(deadline) {
		return at
	}
	return deadline
}
