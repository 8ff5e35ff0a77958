package redisstore

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// All returns every session, by key. Sessions that are written meanwhile are in the result or not.
func (s *Store) All() (map[string][]byte, error) {
	return s.AllCtx(context.Background())
}

// AllCtx is All, and stops with the error of a context that is done. It walks through all keys of every master with SCAN,
// which may take long and blocks nobody.
func (s *Store) AllCtx(ctx context.Context) (map[string][]byte, error) {
	var mu sync.Mutex // a Cluster's masters are walked through at the same time
	all := make(map[string][]byte)
	walk := func(ctx context.Context, node *redis.Client) error {
		return s.scan(ctx, node, func(page map[string][]byte) {
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(all, page)
		})
	}
	_, err := wait(ctx, s, func() (any, error) {
		switch c := s.client.(type) {
		case *redis.ClusterClient:
			return nil, c.ForEachMaster(ctx, walk)
		case *redis.Ring:
			return nil, c.ForEachShard(ctx, walk)
		}
		return nil, s.scan(ctx, s.client, func(page map[string][]byte) { maps.Copy(all, page) })
	})
	if err != nil {
		return nil, failed("listing sessions", err)
	}
	return all, nil
}

// scan hands out the sessions of a node, some at a time.
func (s *Store) scan(ctx context.Context, node redis.Cmdable, add func(map[string][]byte)) error {
	const perPage = 500
	match := globEscaper.Replace(s.Prefix) + "*"
	for cursor := uint64(0); ; {
		keys, next, err := node.ScanType(ctx, cursor, match, perPage, "string").Result() // an index of names is none
		if err != nil {
			return err
		}
		page, err := s.read(ctx, keys)
		if err != nil {
			return err
		}
		add(page)
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// read asks the client and not the node: a Cluster may have moved a key meanwhile.
func (s *Store) read(ctx context.Context, keys []string) (map[string][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	cmds := make([]*redis.StringCmd, len(keys))
	pipe := s.client.Pipeline()
	for i, key := range keys {
		cmds[i] = pipe.Get(ctx, key)
	}
	_, _ = pipe.Exec(ctx) // each command has its own error, and this one besides
	page, now := make(map[string][]byte, len(keys)), time.Now()
	for i, cmd := range cmds {
		value, err := cmd.Bytes()
		switch {
		case errors.Is(err, redis.Nil), redis.HasErrorPrefix(err, "WRONGTYPE"): // gone since, and become an index
		case err != nil:
			return nil, err
		}
		if data, _, found := session(value, now); found {
			page[strings.TrimPrefix(keys[i], s.Prefix)] = data
		}
	}
	return page, nil
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
