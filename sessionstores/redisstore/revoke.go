package redisstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
)

// Revoke removes the session under key and its successors, and leaves tombstones. It takes one
// round trip, and one more for each successor.
func (s *Store) Revoke(ctx context.Context, key string) (found bool, err error) {
	revoked, err := s.revoke(ctx, []string{key})
	return revoked > 0, wrap("revoke a session", err)
}

// revoke revokes the sessions under keys and their successors, one generation after the other. It
// returns how many sessions it has removed, also with an error.
func (s *Store) revoke(ctx context.Context, keys []string) (revoked int, err error) {
	const perTrip = 250
	id := callID()
	seen := make(map[string]bool, len(keys))

	for len(keys) > 0 {
		n := min(len(keys), perTrip)
		calls := make([]call, n)
		for i, key := range keys[:n] {
			seen[key] = true
			calls[i] = call{revokeScript, s.sessionKey(key), []any{id}}
		}
		keys = keys[n:]

		for _, cmd := range s.runAll(ctx, calls) {
			found, successors, cmdErr := revokeResult(cmd.Slice())
			if cmdErr != nil {
				err = cmdErr
				continue
			}
			if found {
				revoked++
			}
			for _, next := range successors {
				if !seen[next] {
					seen[next] = true
					keys = append(keys, next)
				}
			}
		}
		if err != nil {
			return revoked, err
		}
	}
	return revoked, nil
}

// revokeResult decodes what revokeScript returns.
func revokeResult(answer []any, err error) (found bool, successors []string, _ error) {
	if err != nil {
		return false, nil, err
	}
	if len(answer) != 2 {
		return false, nil, fmt.Errorf("the script returned %d values, want 2", len(answer))
	}

	count, isInt := answer[0].(int64)
	text, isString := answer[1].(string)
	if !isInt || !isString {
		return false, nil, fmt.Errorf("the script returned %T and %T", answer[0], answer[1])
	}
	return count == 1, successorOf(text), nil
}

// successorOf returns the key of a successor that a script returned after "=", or nothing.
func successorOf(text string) []string {
	key, ok := strings.CutPrefix(text, "=")
	if !ok {
		return nil
	}
	return []string{key}
}

// callID returns 8 random characters. It is not a secret.
func callID() string {
	return rand.Text()[:8]
}
