package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// A call is a script with its key in Redis and its arguments.
type call struct {
	script *redis.Script
	key    string
	args   []any
}

// run runs a script that returns one of the constants in scripts.go.
func (s *Store) run(ctx context.Context, c call) (int64, error) {
	defer s.written.add(c.key)
	return c.script.Run(ctx, s.client, []string{c.key}, c.args...).Int64()
}

// runAll runs the calls in one round trip, in a Cluster in one per node. It returns a finished
// command for each call. A server that lacks a script costs a second round trip.
func (s *Store) runAll(ctx context.Context, calls []call) []*redis.Cmd {
	defer func() {
		for _, c := range calls {
			s.written.add(c.key)
		}
	}()

	cmds := make([]*redis.Cmd, len(calls))
	pipe := s.client.Pipeline()
	for i, c := range calls {
		cmds[i] = c.script.EvalSha(ctx, pipe, []string{c.key}, c.args...)
	}
	_, _ = pipe.Exec(ctx) // each command has its own error

	retry := s.client.Pipeline()
	for i, c := range calls {
		if redis.HasErrorPrefix(cmds[i].Err(), "NOSCRIPT") {
			cmds[i] = c.script.Eval(ctx, retry, []string{c.key}, c.args...)
		}
	}
	if retry.Len() > 0 {
		_, _ = retry.Exec(ctx)
	}
	return cmds
}
