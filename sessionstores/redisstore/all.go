package redisstore

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/redis/go-redis/v9"
)

// All returns the data of every session of this store, by key. Sessions that are written meanwhile
// are in the result or not.
func (s *Store) All() (map[string][]byte, error) {
	return s.AllCtx(context.Background())
}

// AllCtx is All with a context. It iterates over all keys of every master with SCAN, which may
// take long and does not block Redis.
func (s *Store) AllCtx(ctx context.Context) (map[string][]byte, error) {
	var mu sync.Mutex // the nodes are scanned at the same time
	all := make(map[string][]byte)
	scanNode := func(ctx context.Context, node *redis.Client) error {
		return s.scan(ctx, node, func(page map[string][]byte) {
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(all, page)
		})
	}

	if err := s.forEachMaster(ctx, scanNode); err != nil {
		return nil, wrap("list sessions", err)
	}
	return all, nil
}

var errNoNodes = errors.New("the client is of another type than redis.Client, " +
	"redis.ClusterClient and redis.Ring, and its nodes are unknown")

func (s *Store) forEachMaster(
	ctx context.Context, do func(context.Context, *redis.Client) error,
) error {
	switch client := s.client.(type) {
	case *redis.ClusterClient:
		return client.ForEachMaster(ctx, do)
	case *redis.Ring:
		return client.ForEachShard(ctx, do)
	case *redis.Client:
		return do(ctx, client)
	default:
		return errNoNodes
	}
}

// scan calls add with the sessions of a node, page by page.
func (s *Store) scan(
	ctx context.Context, node *redis.Client, add func(page map[string][]byte),
) error {
	const perPage = 500
	pattern := s.sessionPattern()
	cursor := uint64(0)
	for {
		keys, next, err := node.Scan(ctx, cursor, pattern, perPage).Result()
		if err != nil {
			return err
		}

		page, err := s.getAll(ctx, keys)
		if err != nil {
			return err
		}
		add(page)

		if next == 0 {
			return nil
		}
		cursor = next
	}
}

// getAll returns the sessions under the keys of Redis, by session key.
func (s *Store) getAll(ctx context.Context, redisKeys []string) (map[string][]byte, error) {
	if len(redisKeys) == 0 {
		return nil, nil
	}

	values, err := s.getValues(ctx, redisKeys)
	if err != nil {
		return nil, err
	}
	sessions := make(map[string][]byte, len(redisKeys))
	for i, v := range values {
		if v.kind == kindSession {
			sessions[s.trimSessionKey(redisKeys[i])] = v.data
		}
	}
	return sessions, nil
}

// getValues reads values in one round trip. It sends to the client and not to the node that was
// scanned, since a Cluster may have moved a key meanwhile.
func (s *Store) getValues(ctx context.Context, redisKeys []string) ([]value, error) {
	if s.replicas {
		return s.getFromMasters(ctx, redisKeys)
	}

	cmds := make([]*redis.StringCmd, len(redisKeys))
	pipe := s.client.Pipeline()
	for i, redisKey := range redisKeys {
		cmds[i] = pipe.Get(ctx, redisKey)
	}
	_, _ = pipe.Exec(ctx) // each command has its own error

	values := make([]value, len(redisKeys))
	for i, cmd := range cmds {
		v, err := valueOf(cmd)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}
