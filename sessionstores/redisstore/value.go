package redisstore

import (
	"fmt"
	"slices"
	"time"
)

// A value in Redis is a session or a tombstone. Both begin with a header of 18 bytes:
//
//	zero byte, version 1, kind 'S' or 'T', expiry in Unix milliseconds as 15 decimal digits
//
// The data of a session follows the header. In a tombstone, the header is followed by the id of
// the call of Revoke that removed the session, 8 bytes, and then by "=" and the key of the
// successor if Renew has made one. Only the scripts read these two.
//
// The zero byte tells the values from gob, JSON and the codec of package sessionstores. A value of
// another form or version is treated as absent. The expiry is part of the value, although Redis
// has it as well, so that one GET returns both.
const (
	magic        = "\x00\x01"
	kindSession  = 'S'
	kindTomb     = 'T'
	expiryStart  = len(magic) + 1
	expiryDigits = 15
	headerLen    = expiryStart + expiryDigits
	latestExpiry = 999_999_999_999_999
)

// A value is a decoded value of Redis.
type value struct {
	kind   byte // kindSession, kindTomb, or 0 for anything else
	expiry time.Time
	data   []byte // of a session
}

// parseValue decodes a value. Its data is part of b.
func parseValue(b []byte) value {
	if len(b) < headerLen || string(b[:len(magic)]) != magic {
		return value{}
	}

	var millis int64
	for _, digit := range b[expiryStart:headerLen] {
		if digit < '0' || digit > '9' {
			return value{}
		}
		millis = millis*10 + int64(digit-'0')
	}
	expiry := time.UnixMilli(millis).UTC()

	switch kind := b[len(magic)]; kind {
	case kindSession:
		return value{kind: kind, expiry: expiry, data: slices.Clip(b[headerLen:])}
	case kindTomb:
		return value{kind: kind, expiry: expiry}
	default:
		return value{}
	}
}

// sessionValue returns the value of a session.
func sessionValue(data []byte, expiry time.Time) []byte {
	b := make([]byte, 0, headerLen+len(data))
	b = append(b, magic...)
	b = append(b, kindSession)
	b = append(b, expiryText(expiry)...)
	return append(b, data...)
}

// expiryText returns the expiry as in a header.
func expiryText(expiry time.Time) string {
	return fmt.Sprintf("%0*d", expiryDigits, unixMillis(expiry))
}

// unixMillis returns the time in Unix milliseconds, limited to what fits into a header and to what
// Redis accepts as an expiry. A time before 1970 becomes 1, which is past as well.
func unixMillis(t time.Time) int64 {
	switch seconds := t.Unix(); {
	case seconds > latestExpiry/1000:
		return latestExpiry
	case seconds < 0:
		return 1
	default:
		return max(t.UnixMilli(), 1)
	}
}
