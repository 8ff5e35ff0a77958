package redisstore

import "github.com/redis/go-redis/v9"

// Each script decides about one key, which is what keeps a write from undoing a logout that came first. A Cluster runs them
// on whichever node the key is. Each may be run again when its answer was lost. The kinds of values are those in value.go.
var (
	// updateScript: the value, the expiry. 1 if there was a session.
	updateScript = redis.NewScript(`
if redis.call('GETRANGE', KEYS[1], 0, 1) ~= '\0S' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
return 1`)

	// touchScript: the expiry as in the value, the expiry. 1 if there was a session.
	touchScript = redis.NewScript(`
if redis.call('GETRANGE', KEYS[1], 0, 1) ~= '\0S' then return 0 end
redis.call('SETRANGE', KEYS[1], 2, ARGV[1])
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1`)

	// removeScript: how long to remember it in milliseconds, or 0. 1 if there was a session. What is remembered of one that was
	// renewed or ended stays.
	removeScript = redis.NewScript(`
local kind = redis.call('GETRANGE', KEYS[1], 0, 1)
if kind == '\0R' or kind == '\0E' then return 0 end
if kind == '\0S' and ARGV[1] ~= '0' then
	redis.call('SET', KEYS[1], '\0R', 'PX', ARGV[1])
	return 1
end
redis.call('DEL', KEYS[1])
if kind == '\0S' then return 1 end
return 0`)

	// createScript: the value, the expiry. 0 if the key has been ended.
	createScript = redis.NewScript(`
if redis.call('GETRANGE', KEYS[1], 0, 1) == '\0E' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
return 1`)

	// succeedScript writes a successor down: the successor, how long to remember it in milliseconds. 0 if the key has been
	// ended.
	succeedScript = redis.NewScript(`
local kind, known = redis.call('GETRANGE', KEYS[1], 0, 1), ''
if kind == '\0E' then return 0 end
if kind == '\0R' then known = redis.call('GETRANGE', KEYS[1], 2, -1) end
redis.call('SET', KEYS[1], '\0R' .. known .. ARGV[1], 'PX', ARGV[2])
return 1`)

	// endScript: how long to remember it in milliseconds. The answer is the successors, also when it is asked again.
	endScript = redis.NewScript(`
local kind, known = redis.call('GETRANGE', KEYS[1], 0, 1), ''
if kind == '\0R' or kind == '\0E' then known = redis.call('GETRANGE', KEYS[1], 2, -1) end
redis.call('SET', KEYS[1], '\0E' .. known, 'PX', ARGV[1])
return known`)

	// fileScript adds to the index of a name: now, the expiry, the keys. The index lives as long as its longest member.
	fileScript = redis.NewScript(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[i]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], last[2])
return 1`)
)
