package storetest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

var indexFaults = faultTable{
	"RevokeAll revokes every key under the name": {
		"Index adds one key": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				return f.honest.Index(background, names, expiry, keys[:1]...)
			}
		},
		"RevokeAll stops at 500 keys":  func(f *faulty) { f.stopRevokeAllAt(500) },
		"RevokeAll stops at 1000 keys": func(f *faulty) { f.stopRevokeAllAt(1000) },
		"RevokeAll stops at 2048 keys": func(f *faulty) { f.stopRevokeAllAt(2048) },
	},
	"RevokeAll returns the number of sessions": {
		"RevokeAll returns the number of keys": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				count := len(index.keys(name))
				_, err := index.revokeAll(name)
				return count, err
			}
		},
		"RevokeAll returns 0": func(f *faulty) {
			f.revokeAll = func(name string) (int, error) {
				_, err := f.honest.RevokeAll(background, name)
				return 0, err
			}
		},
		"Index adds a key twice": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				keys := index.keys(name)
				_, err := index.revokeAll(name)
				return len(keys), err
			}
		},
	},
	"RevokeAll follows the successors": {
		"RevokeAll deletes": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				count := 0
				for _, key := range index.keys(name) {
					if f.isLive(key) {
						count++
					}
					_ = f.honest.Delete(key)
				}
				index.remove(index.keys(name)...)
				return count, nil
			}
		},
	},
	"RevokeAll removes the index entries": {
		"RevokeAll keeps the entries": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				return index.revoke(index.keys(name)), nil
			}
		},
	},
	"RevokeAll of an unknown name finds no sessions": {
		"RevokeAll of an unknown name is an error": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				if len(index.keys(name)) == 0 {
					return 0, errRefused
				}
				return index.revokeAll(name)
			}
		},
		"a revoked name cannot be used again": func(f *faulty) {
			var revoked sync.Map
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				revoked.Store(name, true)
				return index.revokeAll(name)
			}
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				for _, name := range index.names() {
					_, isRevoked := revoked.Load(name)
					if isRevoked && slices.Contains(index.keys(name), key) {
						return false, nil
					}
				}
				return f.honest.Create(background, key, data, expiry)
			}
		},
	},
	"RevokeAll leaves sessions of other names alone": {
		"names are compared without case": func(f *faulty) { f.mapNames(strings.ToLower) },
		"names are trimmed":               func(f *faulty) { f.mapNames(strings.TrimSpace) },
		"names are prefixes": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				count := 0
				for _, other := range index.names() {
					if strings.HasPrefix(other, name) {
						count += index.revoke(index.keys(other))
					}
				}
				return min(count, 1), nil
			}
		},
		"the name is taken for a key": func(f *faulty) {
			f.revokeAll = func(name string) (int, error) {
				_, _ = f.honest.Revoke(background, name)
				return f.honest.RevokeAll(background, name)
			}
		},
		"RevokeAll revokes all sessions": func(f *faulty) {
			f.revokeAll = func(string) (int, error) {
				all, _ := f.honest.All()
				for key := range all {
					_, _ = f.honest.Revoke(background, key)
				}
				return 1, nil
			}
		},
	},
	"a session that is created after RevokeAll is refused": {
		"RevokeAll skips a key without a session": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				live := slices.DeleteFunc(index.keys(name), func(key string) bool {
					return !f.isLive(key)
				})
				return index.revoke(live), nil
			}
		},
	},
	"each of several names leads to the session": {
		"Index takes one name": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				return f.honest.Index(background, names[:1], expiry, keys...)
			}
		},
		"a later name replaces the others": func(f *faulty) {
			index := f.ownIndex()
			f.index = func(names []string, _ time.Time, keys ...string) error {
				index.remove(keys...)
				index.add(names, keys...)
				return nil
			}
		},
		"Index of an existing entry is an error": func(f *faulty) {
			index := f.ownIndex()
			f.index = func(names []string, _ time.Time, keys ...string) error {
				if slices.Contains(index.keys(names[0]), keys[0]) {
					return errRefused
				}
				index.add(names, keys...)
				return nil
			}
		},
	},
	"Index changes no session": {
		"Index skips a key without a session": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				live := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
					return !f.isLive(key)
				})
				return f.honest.Index(background, names, expiry, live...)
			}
		},
		"Index creates a session": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				for _, key := range keys {
					if !f.isLive(key) {
						_ = f.honest.Commit(key, nil, expiry)
					}
				}
				return f.honest.Index(background, names, expiry, keys...)
			}
		},
		"Index replaces the expiry of the session": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				for _, key := range keys {
					_, _ = f.honest.Touch(background, key, expiry)
				}
				return f.honest.Index(background, names, expiry, keys...)
			}
		},
		"Index with an expiry in the past removes the entry": func(f *faulty) {
			index := f.ownIndex()
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				index.add(names, keys...)
				if expiry.Before(time.Now()) {
					index.remove(keys...)
				}
				return nil
			}
		},
		"Index removes a tombstone": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				for _, key := range keys {
					f.removeTombstone(key)
				}
				return f.honest.Index(background, names, expiry, keys...)
			}
		},
	},
	"an index entry keeps the later expiry": {
		"a name expires with its first entry": func(f *faulty) {
			f.expireNames(func(old, _ time.Time) time.Time { return old })
		},
		"a name expires with its last entry": func(f *faulty) {
			f.expireNames(func(_, last time.Time) time.Time { return last })
		},
		"Index drops the time zone": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				return f.honest.Index(background, names, withoutZone(expiry), keys...)
			}
		},
	},
	"index entries are not among the sessions": {
		"All returns the index": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				err := f.honest.Commit("index:"+names[0], []byte(keys[0]), expiry)
				return errors.Join(err, f.honest.Index(background, names, expiry, keys...))
			}
		},
		"Find finds the index": func(f *faulty) {
			f.index = func(names []string, expiry time.Time, keys ...string) error {
				err := f.honest.Commit(names[0], []byte(keys[0]), expiry)
				return errors.Join(err, f.honest.Index(background, names, expiry, keys...))
			}
		},
	},
	"RevokeAll revokes logins that are in progress": {
		"Create looks for a tombstone, then stores": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(key) {
					return false, nil
				}
				pause()
				return true, f.honest.Commit(key, data, expiry)
			}
		},
	},
	"Keys returns the keys under the name": {
		"Keys returns nothing": func(f *faulty) {
			f.keys = func(string) ([]string, error) { return nil, nil }
		},
		"Keys stops at 1000 keys": func(f *faulty) {
			f.keys = func(name string) ([]string, error) {
				keys, err := f.honest.Keys(background, name)
				return keys[:min(len(keys), 1000)], err
			}
		},
		"Keys returns a key twice": func(f *faulty) {
			index := f.ownIndex()
			f.keys = func(name string) ([]string, error) { return index.keys(name), nil }
		},
		"Keys ignores the case of names": func(f *faulty) {
			f.mapNames(strings.ToLower)
			f.keys = func(name string) ([]string, error) {
				return f.honest.Keys(background, strings.ToLower(name))
			}
		},
		"Keys returns keys after RevokeAll": func(f *faulty) {
			var mu sync.Mutex
			all := map[string][]string{}
			f.keys = func(name string) ([]string, error) {
				keys, err := f.honest.Keys(background, name)
				mu.Lock()
				defer mu.Unlock()
				if len(keys) > 0 {
					all[name] = keys
				}
				return all[name], err
			}
		},
		"Keys revokes the sessions": func(f *faulty) {
			f.keys = func(name string) ([]string, error) {
				keys, err := f.honest.Keys(background, name)
				_, _ = f.honest.RevokeAll(background, name)
				return keys, err
			}
		},
	},
	"Keys leaves out entries that have expired": {
		"Keys returns expired entries": func(f *faulty) {
			index := f.ownIndex()
			f.keys = func(name string) ([]string, error) { return index.keys(name), nil }
		},
	},
	"RevokeAll keeps entries that are added meanwhile": {
		"RevokeAll removes the name": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				count := index.revoke(index.keys(name))
				pause()
				index.remove(index.keys(name)...)
				return count, nil
			}
		},
	},
	"of concurrent calls of RevokeAll one counts each session": {
		"RevokeAll counts the sessions, then revokes": func(f *faulty) {
			index := f.ownIndex()
			f.revokeAll = func(name string) (int, error) {
				count := 0
				for _, key := range index.keys(name) {
					if f.isLive(key) {
						count++
					}
				}
				pause()
				_, err := index.revokeAll(name)
				return count, err
			}
		},
	},
}

// stopRevokeAllAt makes RevokeAll revoke a page of keys.
func (f *faulty) stopRevokeAllAt(limit int) {
	index := f.ownIndex()
	f.revokeAll = func(name string) (int, error) {
		keys := index.keys(name)
		index.revoke(keys[:min(len(keys), limit)])
		return len(keys), nil
	}
}

// mapNames makes the store change names before use.
func (f *faulty) mapNames(to func(string) string) {
	f.index = func(names []string, expiry time.Time, keys ...string) error {
		mapped := make([]string, len(names))
		for i, name := range names {
			mapped[i] = to(name)
		}
		return f.honest.Index(background, mapped, expiry, keys...)
	}
	f.revokeAll = func(name string) (int, error) {
		return f.honest.RevokeAll(background, to(name))
	}
}

// expireNames gives a name one expiry for all its entries.
func (f *faulty) expireNames(choose func(old, last time.Time) time.Time) {
	expiries := map[string]time.Time{}
	f.index = func(names []string, expiry time.Time, keys ...string) error {
		for _, name := range names {
			if old, ok := expiries[name]; ok {
				expiry = choose(old, expiry)
			}
			expiries[name] = expiry
		}
		return f.honest.Index(background, names, inAnHour(), keys...)
	}
	f.revokeAll = func(name string) (int, error) {
		if time.Now().After(expiries[name]) {
			return 0, nil
		}
		return f.honest.RevokeAll(background, name)
	}
}

// A testIndex is an index that a fault can change.
type testIndex struct {
	store *faulty
	mu    sync.Mutex
	lists map[string][]string // keys by name
}

// ownIndex replaces the index of the store with a testIndex.
func (f *faulty) ownIndex() *testIndex {
	index := &testIndex{store: f, lists: map[string][]string{}}
	f.index = func(names []string, _ time.Time, keys ...string) error {
		index.add(names, keys...)
		return nil
	}
	f.revokeAll = index.revokeAll
	return index
}

func (x *testIndex) add(names []string, keys ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, name := range names {
		x.lists[name] = append(x.lists[name], keys...)
	}
}

func (x *testIndex) remove(keys ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for name := range x.lists {
		x.lists[name] = slices.DeleteFunc(x.lists[name], func(key string) bool {
			return slices.Contains(keys, key)
		})
	}
}

func (x *testIndex) keys(name string) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.lists[name])
}

func (x *testIndex) names() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Collect(maps.Keys(x.lists))
}

func (x *testIndex) revoke(keys []string) (count int) {
	for _, key := range keys {
		if found, _ := x.store.honest.Revoke(background, key); found {
			count++
		}
	}
	return count
}

func (x *testIndex) revokeAll(name string) (int, error) {
	keys := x.keys(name)
	count := x.revoke(keys)
	x.remove(keys...)
	return count, nil
}
