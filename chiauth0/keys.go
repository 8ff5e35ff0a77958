package chiauth0

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	keysFresh    = time.Hour        // after that they are read again, and a withdrawn one is no longer trusted
	keysUsable   = 24 * time.Hour   // when reading them again keeps failing
	keysInterval = 10 * time.Second // between reads that bad tokens bring about
)

// keySet holds the tenant's signing keys. It is an oidc.KeySet: go-oidc's own reads the keys anew for every token that
// does not verify, so that whoever sends bad tokens makes us hammer the tenant, and it never forgets a withdrawn key.
type keySet struct {
	alg   string
	fetch func(context.Context) ([]byte, error)

	held     atomic.Pointer[heldKeys]
	tried    atomic.Int64 // unix nanoseconds of the latest read
	failed   atomic.Int64 // of the latest one that failed
	fetching singleflight.Group
}

type heldKeys struct {
	keys []jose.JSONWebKey
	read time.Time
}

// VerifySignature implements oidc.KeySet. The algorithm is the pinned one, whatever the token or the key says.
func (s *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(jwt, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(s.alg)})
	if err != nil {
		return nil, err
	}
	held := s.held.Load()
	if held == nil || time.Since(held.read) > keysFresh && !s.resting(held) {
		if held, err = s.read(ctx, held); err != nil {
			return nil, err
		}
	}
	if payload, ok := s.verify(jws, held); ok {
		return payload, nil
	}
	// An unknown key, or a known id with another key behind it: perhaps the tenant has rotated.
	if time.Since(time.Unix(0, s.tried.Load())) < keysInterval {
		return nil, errors.New("signed with none of the tenant's keys")
	}
	if held, err = s.read(ctx, held); err != nil {
		return nil, err
	}
	if payload, ok := s.verify(jws, held); ok {
		return payload, nil
	}
	return nil, errors.New("signed with none of the tenant's keys")
}

// resting reports whether reading the keys anew has just failed, and those at hand serve on: not every login has to wait
// for a tenant that does not answer.
func (s *keySet) resting(held *heldKeys) bool {
	return time.Since(time.Unix(0, s.failed.Load())) < keysInterval && time.Since(held.read) < keysUsable
}

func (s *keySet) verify(jws *jose.JSONWebSignature, held *heldKeys) ([]byte, bool) {
	id := jws.Signatures[0].Header.KeyID
	for i := range held.keys {
		key := &held.keys[i]
		// The key's own alg is not asked: tenants that sign with PS256 publish RS256. The pinned one decides, with a key of
		// its kind.
		if id != "" && key.KeyID != id || key.Use != "" && key.Use != "sig" {
			continue
		}
		if payload, err := jws.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// read gets the keys, in one request for all who wait. If that fails, those at hand serve on for a day.
func (s *keySet) read(ctx context.Context, old *heldKeys) (*heldKeys, error) {
	got := s.fetching.DoChan("", func() (any, error) {
		if held := s.held.Load(); held != old {
			return held, nil // read by another call since the caller looked
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), upstreamTimeout)
		defer cancel()
		s.tried.Store(time.Now().UnixNano())
		body, err := s.fetch(ctx)
		held := &heldKeys{keys: parseKeys(body), read: time.Now()}
		if err == nil && len(held.keys) == 0 {
			err = errors.New("the tenant's key set has no usable key")
		}
		if err != nil {
			s.failed.Store(time.Now().UnixNano())
			return nil, err
		}
		s.held.Store(held)
		return held, nil
	})
	var err error
	select {
	case result := <-got:
		if result.Err == nil {
			return result.Val.(*heldKeys), nil
		}
		err = result.Err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if old != nil && time.Since(old.read) < keysUsable {
		return old, nil
	}
	return nil, fmt.Errorf("%w: signing keys: %w", ErrUnavailable, err)
}

// parseKeys reads a key set (RFC 7517, section 5). A key of a kind that we do not know is left out, not an error. So are
// symmetric and private ones: neither belongs there, and a symmetric one would let anybody sign who has read it.
func parseKeys(body []byte) []jose.JSONWebKey {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil {
		return nil
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) == nil && key.Valid() && key.IsPublic() {
			keys = append(keys, key)
		}
	}
	return keys
}
