package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	// keysFreshFor is how long the keys are used before they are fetched again. A withdrawn key is
	// trusted no longer than that.
	keysFreshFor = time.Hour

	// keysUsableFor is how long the keys are used while they cannot be fetched again.
	keysUsableFor = 24 * time.Hour

	// keysBackoff is the least time between two fetches while there are usable keys. Tokens with a
	// bad signature cause no more requests than that.
	keysBackoff = 10 * time.Second
)

var (
	errUnknownKey  = errors.New("the signature matches none of the tenant's keys")
	errStaleKeys   = fmt.Errorf("%w, and newer ones could not be fetched", errUnknownKey)
	errNoUsableKey = errors.New("the tenant's key set has no usable key")
	errBackingOff  = errors.New("the latest request failed, the next one waits")
)

// keySet holds the signing keys of the tenant. It is safe for concurrent use.
//
// go-oidc's RemoteKeySet fetches the keys again for each token that does not verify, and keeps a
// withdrawn key. keySet limits both.
type keySet struct {
	fetch func(context.Context) ([]byte, error)

	current   atomic.Pointer[signingKeys]
	lastFetch atomic.Int64 // Unix time in nanoseconds, 0 before the first fetch
	fetching  singleflight.Group
}

// signatureVerifier verifies signatures of one algorithm. It implements oidc.KeySet.
type signatureVerifier struct {
	keys *keySet

	alg string // the algorithm that is accepted

	// backoff is the least time between two fetches while there are no usable keys.
	backoff time.Duration

	// err is the error of the latest call. go-oidc turns it into text.
	err error
}

// VerifySignature implements oidc.KeySet. The error wraps ErrUnavailable if there are no keys to
// verify with.
func (v *signatureVerifier) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := v.keys.verify(ctx, jwt, v.alg, v.backoff)
	v.err = err
	return payload, err
}

// verify returns the payload of a JWT that is signed with alg and one of the tenant's keys.
func (s *keySet) verify(
	ctx context.Context, jwt, alg string, backoff time.Duration,
) ([]byte, error) {
	algs := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)}
	jws, err := jose.ParseSignedCompact(jwt, algs)
	if err != nil {
		return nil, err
	}

	keys := s.current.Load()
	if !keys.fresh() {
		if keys, err = s.refresh(ctx, keys, backoff); err != nil {
			return nil, err
		}
	}
	if payload, ok := keys.verify(jws, alg); ok {
		return payload, nil
	}

	// The tenant may have rotated its keys, with a new key ID or with a known one.
	rotated, err := s.refresh(ctx, keys, backoff)
	if err != nil {
		return nil, err
	}
	if rotated == keys {
		return nil, errStaleKeys
	}
	if payload, ok := rotated.verify(jws, alg); ok {
		return payload, nil
	}
	return nil, errUnknownKey
}

// refresh fetches the keys again, in one request for all callers. It returns the old keys without
// a request while it is backing off, and after a failure as long as they are usable.
func (s *keySet) refresh(
	ctx context.Context, old *signingKeys, backoff time.Duration,
) (*signingKeys, error) {
	if old.usable() {
		backoff = keysBackoff
	}
	fetched := s.fetching.DoChan("", func() (any, error) {
		return s.fetchOnce(context.WithoutCancel(ctx), old, backoff)
	})

	var err error
	select {
	case result := <-fetched:
		if result.Err == nil {
			return result.Val.(*signingKeys), nil
		}
		err = result.Err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if old.usable() {
		return old, nil
	}
	return nil, fmt.Errorf("%w: signing keys: %w", ErrUnavailable, err)
}

// fetchOnce fetches the keys, unless another call has replaced the old ones, or the latest fetch
// is too recent. Only one call runs at a time.
func (s *keySet) fetchOnce(
	ctx context.Context, old *signingKeys, backoff time.Duration,
) (*signingKeys, error) {
	if current := s.current.Load(); current != old {
		return current, nil
	}
	if time.Since(time.Unix(0, s.lastFetch.Load())) < backoff {
		return nil, errBackingOff
	}
	s.lastFetch.Store(time.Now().UnixNano())

	ctx, cancel := context.WithTimeout(ctx, upstreamTimeout)
	defer cancel()
	body, err := s.fetch(ctx)
	if err != nil {
		return nil, err
	}
	keys := parseKeys(body)
	if len(keys) == 0 {
		return nil, errNoUsableKey
	}

	current := &signingKeys{keys: keys, fetched: time.Now()}
	s.current.Store(current)
	return current, nil
}
