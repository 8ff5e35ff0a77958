package redisstore

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// A value in Redis begins with two bytes that say what it is. The first is zero, with which neither gob nor JSON nor the
// codec of package sessionstores begins, so that what another store has left under the same prefix is no session of ours.
//
//	0 'S'  a session: its expiry in Unix milliseconds, 8 bytes, big-endian; then the data
//	0 'R'  a session was here and has been renewed: the keys of its successors, each after its length as a uvarint
//	0 'E'  a session was here, or will be, and has been ended: likewise
//
// The expiry is in the value although Redis knows it, so that one plain GET tells all.
const (
	sessionKind = "\x00S"
	renewedKind = "\x00R"
	endedKind   = "\x00E"
	headerLen   = len(sessionKind) + 8
)

func appendSession(data []byte, expiry time.Time) []byte {
	b := make([]byte, 0, headerLen+len(data))
	b = append(b, sessionKind...)
	b = appendExpiry(b, expiry)
	return append(b, data...)
}

func appendExpiry(b []byte, expiry time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(expiry.UnixMilli()))
}

// session takes a value apart. found is false for whatever is no session, and for one that has expired: a client-side cache
// may not have heard of that yet. Of a session that was renewed or ended, expiry is when that will be forgotten, at the
// latest.
func session(value []byte, now time.Time) (data []byte, expiry time.Time, found bool) {
	if kind := value[:min(len(sessionKind), len(value))]; string(kind) == renewedKind || string(kind) == endedKind {
		return nil, now.Add(sessionstores.EndWindow), false
	}
	if len(value) < headerLen || string(value[:len(sessionKind)]) != sessionKind {
		return nil, time.Time{}, false
	}
	expiry = time.UnixMilli(int64(binary.BigEndian.Uint64(value[len(sessionKind):]))).UTC()
	if !now.Before(expiry) {
		return nil, time.Time{}, false
	}
	return slices.Clip(value[headerLen:]), expiry, true
}

func appendSuccessor(b []byte, key string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(key))), key...)
}

// successors is the reverse of appendSuccessor. ok is false if somebody else has written this.
func successors(b []byte) (keys []string, ok bool) {
	for len(b) > 0 {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, false
		}
		b = b[n:]
		keys = append(keys, string(b[:size]))
		b = b[size:]
	}
	return keys, true
}
