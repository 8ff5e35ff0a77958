package sessionstores

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// browser is the Backend of a BrowserStore. What a server-side store would look up, it finds in the request; what that
// would write, it leaves in the state for the answer.
type browser struct {
	store   BrowserStore
	revoker Revoker // nil if there is no list
}

// carried is what a request brings, and what its answer is to take to the browser.
type carried struct {
	issued time.Time // when this login, or this anonymous session, began
	data   []byte    // to be sealed; nil if the cookie stays as it is
	expiry time.Time
	ended  bool

	recordKey string
	record    []byte // to be sealed; nil if the record's cookie stays as it is
	unrecord  bool   // the record's cookie goes
}

var errElsewhere = fmt.Errorf("%w: a session in the browser can be reached only through sessionstores.Middleware, in a "+
	"request of that browser", ErrMisused)

func newBrowser(store BrowserStore) *browser {
	b := &browser{store: store}
	if r, ok := store.(interface{ Revoker() Revoker }); ok {
		b.revoker = r.Revoker()
	}
	return b
}

// state finds the request that a call belongs to.
func (b *browser) state(ctx context.Context) (*state, *carried, error) {
	st, _ := ctx.Value(stateKey{}).(*state)
	for st != nil && st.loader.keeper.backend != Backend(b) {
		st = st.outer
	}
	if st == nil {
		return nil, nil, errElsewhere
	}
	return st, st.carried, nil
}

// carriedHeader is what stands before the session's data in its cookie: the token, and two times in milliseconds.
const carriedHeader = tokenLen + 8 + 8

// open reads the session's cookie into the state, and returns its token.
func (b *browser) open(st *state) (token string) {
	st.carried = new(carried) // now: a session and its record are written at the same time
	plaintext, ok := b.store.Open(st.cookies, st.loader.reader.Cookie.Name)
	if !ok || len(plaintext) < carriedHeader || !isToken(string(plaintext[:tokenLen])) {
		return ""
	}
	times := plaintext[tokenLen:carriedHeader]
	st.carried.issued = time.UnixMilli(int64(binary.BigEndian.Uint64(times)))
	st.expiry = time.UnixMilli(int64(binary.BigEndian.Uint64(times[8:])))
	st.data = plaintext[carriedHeader:]
	return string(plaintext[:tokenLen])
}

// carryNothing forgets what the browser brought, when that is no session any more.
func (st *state) carryNothing() {
	if st.carried != nil {
		*st.carried = carried{}
	}
}

// plaintext is the reverse of open.
func (c *carried) plaintext(token string) []byte {
	b := make([]byte, 0, carriedHeader+len(c.data))
	b = append(b, token...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.issued.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.expiry.UnixMilli()))
	return append(b, c.data...)
}

func (b *browser) Get(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
	st, c, err := b.state(ctx)
	if err != nil {
		return nil, time.Time{}, false, err
	}
	if strings.HasPrefix(key, recordPrefix) {
		plaintext, ok := b.store.Open(st.cookies, st.loader.reader.Cookie.Name+recordSuffix)
		data, same := bytes.CutPrefix(plaintext, []byte(key))
		if !ok || !same { // another session's record opens, too
			return nil, time.Time{}, false, nil
		}
		return data, time.Time{}, true, nil
	}
	if st.data == nil || !time.Now().Before(st.expiry) {
		return nil, time.Time{}, false, nil
	}
	if b.revoker != nil {
		_, values, err := st.loader.reader.Codec.Decode(st.data)
		if err == nil {
			names, _ := values[namesField].(string)
			revoked, err := b.revoker.Revoked(ctx, c.issued, append(strings.Fields(names), key)...)
			if err != nil || revoked {
				return nil, time.Time{}, false, err
			}
		}
	}
	return st.data, st.expiry, true, nil
}

func (b *browser) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	data, _, found, err := b.Get(ctx, key)
	return data, found, err
}

func (b *browser) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	_, c, err := b.state(ctx)
	if err != nil {
		return err
	}
	if strings.HasPrefix(key, recordPrefix) {
		c.record, c.recordKey = data, key
	} else {
		c.data, c.expiry = data, expiry
	}
	return nil
}

// Update cannot see what other requests of this browser are doing: a write that overlaps a logout brings the session back.
func (b *browser) Update(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
	return expiry.After(time.Now()), b.CommitCtx(ctx, key, data, expiry)
}

// Touch has nothing to do for a record, whose cookie lives until the deadline.
func (b *browser) Touch(ctx context.Context, key string, expiry time.Time) (bool, error) {
	st, _, err := b.state(ctx)
	if err != nil || strings.HasPrefix(key, recordPrefix) {
		return err == nil, err
	}
	return b.Update(ctx, key, st.data, expiry)
}

func (b *browser) DeleteCtx(ctx context.Context, key string) error {
	_, err := b.Remove(ctx, key)
	return err
}

// Remove takes the browser's copy away with the answer; others are refused from now on, if there is a list.
func (b *browser) Remove(ctx context.Context, key string) (bool, error) {
	st, c, err := b.state(ctx)
	if err != nil {
		return false, err
	}
	if strings.HasPrefix(key, recordPrefix) {
		c.unrecord = true
		return true, nil
	}
	if b.revoker != nil && st.deadline.After(time.Now()) {
		if err := b.revoker.Revoke(ctx, key, st.deadline); err != nil {
			return false, err
		}
	}
	c.ended = true
	return true, nil
}

func (b *browser) Renew(ctx context.Context, _, newKey string, data []byte, expiry time.Time) (bool, error) {
	return b.Update(ctx, newKey, data, expiry)
}

// End is Remove, unless that came before it.
func (b *browser) End(ctx context.Context, key string) error {
	_, c, err := b.state(ctx)
	if err != nil || c.ended {
		return err
	}
	_, err = b.Remove(ctx, key)
	return err
}

func (b *browser) Find(string) ([]byte, bool, error)      { return nil, false, errElsewhere }
func (b *browser) Commit(string, []byte, time.Time) error { return errElsewhere }
func (b *browser) Delete(string) error                    { return errElsewhere }
