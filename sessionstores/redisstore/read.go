package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Get returns the data and the expiry of a session. It sends one GET.
func (s *Store) Get(
	ctx context.Context, key string,
) (data []byte, expiry time.Time, found bool, err error) {
	v, err := s.get(ctx, s.sessionKey(key))
	if err != nil {
		return nil, time.Time{}, false, wrap("read a session", err)
	}
	return v.data, v.expiry, v.kind == kindSession, nil
}

// FindCtx returns the data under key.
func (s *Store) FindCtx(ctx context.Context, key string) (data []byte, found bool, err error) {
	data, _, found, err = s.Get(ctx, key)
	return data, found, err
}

// Find is FindCtx without a context.
func (s *Store) Find(key string) (data []byte, found bool, err error) {
	return s.FindCtx(context.Background(), key)
}

// get returns the value under a key of Redis. A client-side cache may hold a value that has
// expired: Redis reports the expiry when it removes the key, which may be later. So a cached value
// that has expired by the clock of this process is read again, and Redis decides.
func (s *Store) get(ctx context.Context, redisKey string) (value, error) {
	if s.replicas {
		values, err := s.getFromMasters(ctx, []string{redisKey})
		if err != nil {
			return value{}, err
		}
		return values[0], nil
	}
	if s.written == nil {
		return valueOf(s.client.Get(ctx, redisKey))
	}

	if !s.written.has(redisKey) {
		v, err := valueOf(s.client.Get(ctx, redisKey))
		if err != nil || v.kind == 0 || time.Now().Before(v.expiry) {
			return v, err
		}
	}
	return valueOf(s.getPastCache(ctx, redisKey))
}

// getPastCache reads from Redis. go-redis does not use its cache for a pipeline.
func (s *Store) getPastCache(ctx context.Context, redisKey string) *redis.StringCmd {
	pipe := s.client.Pipeline()
	cmd := pipe.Get(ctx, redisKey)
	_, _ = pipe.Exec(ctx) // the command has the error
	return cmd
}

// getFromMasters reads values with a script, which a Cluster client does not send to replicas. A
// replica may return a session that was revoked a moment before.
func (s *Store) getFromMasters(ctx context.Context, redisKeys []string) ([]value, error) {
	calls := make([]call, len(redisKeys))
	for i, redisKey := range redisKeys {
		calls[i] = call{readScript, redisKey, nil}
	}

	values := make([]value, len(redisKeys))
	for i, cmd := range s.runAll(ctx, calls) {
		text, err := cmd.Text()
		if err != nil {
			return nil, err
		}
		values[i] = parseValue([]byte(text))
	}
	return values, nil
}

// valueOf returns the result of a GET. A value of another type than string counts as absent.
func valueOf(cmd *redis.StringCmd) (value, error) {
	b, err := cmd.Bytes()
	if errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE") {
		return value{}, nil
	}
	if err != nil {
		return value{}, err
	}
	return parseValue(b), nil
}
