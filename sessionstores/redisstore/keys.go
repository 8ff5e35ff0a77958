package redisstore

import (
	"strconv"
	"strings"
)

// The keys in Redis end with a letter for what they hold and the length of the prefix. Without the
// length, the key "admin:x" of a store with the prefix "app:" would be the key "x" of a store with
// the prefix "app:admin:".

// sessionKey returns the key in Redis of the session under key.
func (s *Store) sessionKey(key string) string {
	return s.Prefix + key + ":s" + strconv.Itoa(len(s.Prefix)) // one allocation
}

// indexKey returns the key in Redis of the index of a name.
func (s *Store) indexKey(name string) string {
	return s.Prefix + "index:" + name + ":i" + strconv.Itoa(len(s.Prefix))
}

func (s *Store) sessionSuffix() string {
	return ":s" + strconv.Itoa(len(s.Prefix))
}

// sessionPattern returns the pattern of SCAN for all session keys of this store.
func (s *Store) sessionPattern() string {
	return globEscaper.Replace(s.Prefix) + "*" + s.sessionSuffix()
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

// trimSessionKey is the reverse of sessionKey.
func (s *Store) trimSessionKey(redisKey string) string {
	return strings.TrimSuffix(strings.TrimPrefix(redisKey, s.Prefix), s.sessionSuffix())
}
