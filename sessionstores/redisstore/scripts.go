package redisstore

import (
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chiauth0/auth/sessionstores"
)

// Each script reads and writes one key, so that a Cluster can run it on the node of that key. It
// decides by the clock of Redis. It may be run again when its answer was lost.

// What a script returns about a session.
const (
	absent   int64 = 0 // no session, or a tombstone where a session was to be stored
	done     int64 = 1
	conflict int64 = 2 // the stored data is not what the caller has read
	occupied int64 = 3 // another session is stored under the key of a successor
	live     int64 = 4 // the session can be renewed
	past     int64 = 5 // the expiry is past
)

// prelude has what the scripts share. Offsets are those of value.go, counted from 1.
var prelude = `
-- stored returns the value under the key as far as byte "last", or '' if it is no string.
local function stored(last)
	if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return '' end
	return redis.call('GETRANGE', KEYS[1], 0, last)
end

-- kind returns 'S' for a session, 'T' for a tombstone and nil for anything else.
local function kind(value)
	return string.match(value, '^%z\1([ST])' .. string.rep('%d', 15))
end

local function data(value) return string.sub(value, 19) end

local function now()
	local time = redis.call('TIME')
	return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function past(expiry) return tonumber(expiry) <= now() end

-- leave_tombstone replaces the value with a tombstone. DEL comes first: when Redis is full, it
-- rejects SET unless the script has written before.
local no_call = string.rep('\0', 8)
local function leave_tombstone(call, successor)
	local expiry = string.format('%015.0f', now() + ` + tombstoneMillis + `)
	redis.call('DEL', KEYS[1])
	local value = '\0\1T' .. expiry .. call .. successor
	redis.call('SET', KEYS[1], value, 'PXAT', tonumber(expiry))
end
`

var tombstoneMillis = strconv.FormatInt(int64(sessionstores.TombstoneTTL/time.Millisecond), 10)

func newScript(body string) *redis.Script { return redis.NewScript(prelude + body) }

var (
	// readScript returns the value under the key, or '' if it is no string.
	readScript = newScript(`return stored(-1)`)

	// deleteScript removes what is under the key, except a tombstone. It returns the successor in
	// the tombstone after "=", or ''.
	deleteScript = newScript(`
local value = stored(-1)
if kind(value) == 'T' then return string.sub(value, 27) end
redis.call('DEL', KEYS[1])
return ''`)

	// createScript stores a session: value, expiry, whether to "keep" or "replace" another session
	// that is there. It returns done, absent (there is a tombstone), occupied or past. With "keep"
	// and an expiry that is past it changes nothing.
	createScript = newScript(`
local value = stored(-1)
local found = kind(value)
if found == 'T' then return 0 end
if past(ARGV[2]) then
	if ARGV[3] == 'replace' then redis.call('DEL', KEYS[1]) end
	return 5
end
if found == 'S' and ARGV[3] == 'keep' and value ~= ARGV[1] then return 3 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
return 1`)

	// updateScript replaces a session: digest of the old data, value, expiry. It returns done,
	// absent, conflict or past.
	updateScript = newScript(`
local value = stored(-1)
if kind(value) ~= 'S' then return 0 end
if past(ARGV[3]) then
	redis.call('DEL', KEYS[1])
	return 5
end
if redis.sha1hex(data(value)) ~= ARGV[1] and data(value) ~= data(ARGV[2]) then return 2 end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1`)

	// touchScript replaces the expiry of a session: expiry as in a header, expiry. It returns done,
	// absent or past. PEXPIREAT comes first: when Redis is full, it rejects SETRANGE
	// unless the script has written before.
	touchScript = newScript(`
if kind(stored(17)) ~= 'S' then return 0 end
if past(ARGV[2]) then
	redis.call('DEL', KEYS[1])
	return 5
end
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
redis.call('SETRANGE', KEYS[1], 3, ARGV[1])
return 1`)

	// retireScript replaces a session with a tombstone that names the successor: digest of the old
	// data, key of the successor, "retire", or "check" to change nothing. It returns done, also
	// when that tombstone is there already, live (for "check"), absent or conflict.
	retireScript = newScript(`
local value = stored(-1)
local found = kind(value)
if found == 'T' and string.sub(value, 27) == '=' .. ARGV[2] then return 1 end
if found ~= 'S' then return 0 end
if redis.sha1hex(data(value)) ~= ARGV[1] then return 2 end
if ARGV[3] == 'check' then return 4 end
leave_tombstone(no_call, '=' .. ARGV[2])
return 1`)

	// revokeScript leaves a tombstone: id of the call. It returns whether there was a session, and
	// the successor after "=" or ''. The id makes a repeated script return the same.
	revokeScript = newScript(`
local value = stored(-1)
local found = kind(value)
if found == 'S' then
	leave_tombstone(ARGV[1], '')
	return {1, ''}
end
if found ~= 'T' then
	leave_tombstone(no_call, '')
	return {0, ''}
end
local call, successor = string.sub(value, 19, 26), string.sub(value, 27)
leave_tombstone(call, successor)
if call == ARGV[1] then return {1, successor} end
return {0, successor}`)

	// entriesScript returns the keys in an index.
	entriesScript = newScript(`return redis.call('ZRANGE', KEYS[1], 0, -1)`)

	// liveEntriesScript returns the keys in an index whose entries have not expired.
	liveEntriesScript = newScript(`
local first = '(' .. string.format('%.0f', now())
return redis.call('ZRANGE', KEYS[1], first, '+inf', 'BYSCORE')`)

	// indexScript adds keys to an index: expiry, keys. The index expires with its last entry. ZADD
	// comes first so that Redis rejects it when it is full.
	indexScript = newScript(`
local type = redis.call('TYPE', KEYS[1]).ok
if type ~= 'zset' and type ~= 'none' then redis.call('DEL', KEYS[1]) end
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now())
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], last[2]) end
return 1`)
)
