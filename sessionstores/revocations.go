package sessionstores

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/sync/errgroup"
)

// revocations tells which cookie sessions are revoked before their expiry. It keeps two kinds of
// entries in a store that all nodes share:
//
//   - A session is revoked by an entry under its key.
//   - A name is revoked by an entry with a new random value, its generation. A session has the
//     generations that its names had when it began. If a name has another one now, the session is
//     revoked. No clocks are compared.
type revocations struct {
	store plainStore
	timeouts
}

const revokedPrefix = "revoked:"

// nameRevocationTTL is how long the revocation of a name is kept. Browsers keep no cookie for
// longer than 400 days, and a cookie session ends at the latest then.
const nameRevocationTTL = 400 * 24 * time.Hour

func newRevocations(store scs.Store) *revocations {
	return &revocations{store: plainStore{store}, timeouts: timeoutsOf(store)}
}

// revokeSession revokes one session until it expires.
func (r *revocations) revokeSession(ctx context.Context, key string, deadline time.Time) error {
	return r.write(ctx, key, []byte{1}, deadline)
}

// revokeName revokes all sessions of a name that have begun.
func (r *revocations) revokeName(ctx context.Context, nameKey string) error {
	return r.write(ctx, nameKey, []byte(rand.Text()), time.Now().Add(nameRevocationTTL))
}

func (r *revocations) write(ctx context.Context, key string, value []byte, expiry time.Time) error {
	return r.writing(ctx, func(ctx context.Context) error {
		return r.store.CommitCtx(ctx, revokedPrefix+key, value, expiry)
	})
}

// revoked reports whether a session is revoked. It asks for all keys at the same time.
func (r *revocations) revoked(ctx context.Context, s *session) (bool, error) {
	values, err := r.read(ctx, append(s.nameKeys(), s.key))
	if err != nil {
		return false, err
	}

	last := len(values) - 1
	if values[last] != "" {
		return true, nil
	}
	for i, generation := range s.generations(last) {
		if values[i] != "" && values[i] != generation {
			return true, nil
		}
	}

	return false, nil
}

// generations returns the generation of each of the session's n names.
func (s *session) generations(n int) []string {
	known := strings.Split(s.cookie.generations, " ")
	generations := make([]string, n)
	copy(generations, known)

	return generations
}

// generations returns what a session that begins now keeps of its names.
func (r *revocations) generations(ctx context.Context, nameKeys []string) (string, error) {
	values, err := r.read(ctx, nameKeys)
	return strings.Join(values, " "), err
}

// read returns the values under keys, and an empty string where there is none.
func (r *revocations) read(ctx context.Context, keys []string) ([]string, error) {
	values := make(chan []string, 1)
	err := r.reading(ctx, func(ctx context.Context) error {
		found := make([]string, len(keys))
		var tasks errgroup.Group
		for i, key := range keys {
			tasks.Go(func() error {
				value, _, ok, err := r.store.Get(ctx, revokedPrefix+key)
				if ok {
					found[i] = string(value)
				}
				return err
			})
		}
		err := tasks.Wait()
		values <- found
		return err
	})
	if err != nil {
		return nil, err
	}

	return <-values, nil
}
