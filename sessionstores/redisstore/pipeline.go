package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// A call is a script to be run on a key.
type call struct {
	script *redis.Script
	key    string
	args   []any
}

// runAll runs the calls in one round trip, in a Cluster in one per node, and returns their answers. An error is the first
// one's; the other calls may have been run.
func (s *Store) runAll(ctx context.Context, calls []call) ([]any, error) {
	defer func() {
		for _, c := range calls {
			s.recent.add(c.key)
		}
	}()
	return wait(ctx, s, func() ([]any, error) {
		cmds := make([]*redis.Cmd, len(calls))
		pipe := s.client.Pipeline()
		for i, c := range calls {
			cmds[i] = c.script.EvalSha(ctx, pipe, []string{c.key}, c.args...)
		}
		_, _ = pipe.Exec(ctx) // each command has its own error, and this one besides
		answers := make([]any, len(calls))
		for i, cmd := range cmds {
			if err := cmd.Err(); redis.HasErrorPrefix(err, "NOSCRIPT") {
				cmd = calls[i].script.Eval(ctx, s.client, []string{calls[i].key}, calls[i].args...)
			}
			var err error
			if answers[i], err = cmd.Result(); err != nil {
				return nil, err
			}
		}
		return answers, nil
	})
}
