package storetest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

var namerFaults = faultTable{
	"EndAll ends every key that is filed under the name": {
		"File takes one key": func(f *faulty) {
			f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
				return f.honest.File(ctx, names, expiry, keys[:1]...)
			}
		},
		"EndAll reads a page of keys": func(f *faulty) {
			index := f.ownIndex()
			f.endAll = func(ctx context.Context, name string) error {
				for _, key := range index.keys(name)[:min(len(index.keys(name)), 256)] {
					_ = f.honest.End(ctx, key)
				}
				return nil
			}
		},
	},
	"a key is found by each of its names, and may be filed again": {
		"File takes one name": func(f *faulty) {
			f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
				return f.honest.File(ctx, names[:1], expiry, keys...)
			}
		},
		"the names that a key is filed under later replace the first": func(f *faulty) {
			index := f.ownIndex()
			f.file = func(_ context.Context, names []string, _ time.Time, keys ...string) error {
				index.drop(keys...)
				index.add(names, keys...)
				return nil
			}
		},
		"to file a key again is an error": func(f *faulty) {
			index := f.ownIndex()
			f.file = func(_ context.Context, names []string, _ time.Time, keys ...string) error {
				if slices.Contains(index.keys(names[0]), keys[0]) {
					return errRefused
				}
				index.add(names, keys...)
				return nil
			}
		},
	},
	"a key may be filed before there is anything under it, and filing changes nothing there": {
		"a key without a session is not filed": func(f *faulty) {
			f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
				there := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
					_, found, _ := f.honest.Find(key)
					return !found
				})
				return f.honest.File(ctx, names, expiry, there...)
			}
		},
		"what is filed is there": func(f *faulty) {
			f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
				for _, key := range keys {
					if _, found, _ := f.honest.Find(key); !found {
						_ = f.honest.Commit(key, nil, expiry)
					}
				}
				return f.honest.File(ctx, names, expiry, keys...)
			}
		},
		"filing moves the session's expiry": func(f *faulty) {
			f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
				for _, key := range keys {
					_, _ = f.honest.Touch(ctx, key, expiry)
				}
				return f.honest.File(ctx, names, expiry, keys...)
			}
		},
		"a past expiry forgets the name": func(f *faulty) {
			index := f.ownIndex()
			f.file = func(_ context.Context, names []string, expiry time.Time, keys ...string) error {
				index.add(names, keys...)
				if expiry.Before(time.Now()) {
					index.drop(keys...)
				}
				return nil
			}
		},
	},
	"a key stays filed until its own expiry, whatever is filed before or after it": {
		"a name expires with what was filed first": func(f *faulty) {
			f.namesExpire(func(old, _ time.Time) time.Time { return old })
		},
		"a name expires with what was filed last": func(f *faulty) {
			f.namesExpire(func(_, next time.Time) time.Time { return next })
		},
	},
	"EndAll reaches what End reaches": {
		"EndAll deletes": func(f *faulty) {
			index := f.ownIndex()
			f.endAll = func(_ context.Context, name string) error {
				for _, key := range index.keys(name) {
					_ = f.honest.Delete(key)
				}
				return nil
			}
		},
	},
	"EndAll of an unknown name is no error, and it can be called again": {
		"EndAll of an unknown name is an error": func(f *faulty) {
			index := f.ownIndex()
			f.endAll = func(ctx context.Context, name string) error {
				if len(index.keys(name)) == 0 {
					return errRefused
				}
				for _, key := range index.keys(name) {
					_ = f.honest.End(ctx, key)
				}
				return nil
			}
		},
		"a name stays barred": func(f *faulty) {
			index := f.ownIndex()
			var barred sync.Map
			f.endAll = func(ctx context.Context, name string) error {
				barred.Store(name, true)
				for _, key := range index.keys(name) {
					_ = f.honest.End(ctx, key)
				}
				return nil
			}
			f.create = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				for _, name := range index.names() {
					if _, ok := barred.Load(name); ok && slices.Contains(index.keys(name), key) {
						return false, nil
					}
				}
				return f.honest.Create(ctx, key, data, expiry)
			}
		},
	},
	"EndAll leaves sessions of other names alone": {
		"names are compared without case": func(f *faulty) { f.mapNames(strings.ToLower) },
		"names are trimmed":               func(f *faulty) { f.mapNames(strings.TrimSpace) },
		"names begin alike": func(f *faulty) {
			index := f.ownIndex()
			f.endAll = func(ctx context.Context, name string) error {
				for _, other := range index.names() {
					if strings.HasPrefix(other, name) {
						_ = f.end(ctx, index.keys(other)[0])
					}
				}
				return nil
			}
		},
		"the name is taken for a key": func(f *faulty) {
			f.endAll = func(ctx context.Context, name string) error {
				_ = f.honest.End(ctx, name)
				return f.honest.EndAll(ctx, name)
			}
		},
		"EndAll ends everybody": func(f *faulty) {
			f.endAll = func(ctx context.Context, _ string) error {
				all, _ := f.honest.All()
				for key := range all {
					_ = f.honest.End(ctx, key)
				}
				return nil
			}
		},
	},
	"what is filed is no session": {
		"the index is among the sessions": func(f *faulty) {
			f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
				_ = f.honest.Commit("index:"+names[0], []byte(keys[0]), expiry)
				return f.honest.File(ctx, names, expiry, keys...)
			}
		},
		"the index can be read as a session": func(f *faulty) {
			f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
				_ = f.honest.Commit(names[0], []byte(keys[0]), expiry)
				return f.honest.File(ctx, names, expiry, keys...)
			}
		},
	},
	"Create stores a session, and keeps none that has expired": {
		"Create stores nothing": func(f *faulty) {
			f.create = func(context.Context, string, []byte, time.Time) (bool, error) { return true, nil }
		},
		"Create keeps the slice": func(f *faulty) {
			given := map[string][]byte{}
			f.create = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				given[key] = data
				return f.honest.Create(ctx, key, data, expiry)
			}
			f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
				_, expiry, found, err := f.honest.Get(ctx, key)
				return given[key], expiry, found, err
			}
		},
		"Create changes the slice": func(f *faulty) {
			f.create = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				defer clear(data)
				return f.honest.Create(ctx, key, data, expiry)
			}
		},
		"a past expiry is none": func(f *faulty) {
			f.create = func(_ context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				return true, f.pastIsForever(key, data, expiry)
			}
		},
		"what has expired was created": func(f *faulty) {
			f.create = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				_, err := f.honest.Create(ctx, key, data, expiry)
				return true, err
			}
		},
	},
	"Create after EndAll, or after End, stores nothing": {
		"Create is Commit": func(f *faulty) {
			f.create = func(_ context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				return true, f.honest.Commit(key, data, expiry)
			}
		},
		"EndAll passes over a key without a session": func(f *faulty) {
			index := f.ownIndex()
			f.endAll = func(ctx context.Context, name string) error {
				for _, key := range index.keys(name) {
					if _, found, _ := f.honest.Find(key); found {
						_ = f.honest.End(ctx, key)
					}
				}
				return nil
			}
		},
	},
	"EndAll wins against logins and renewals at the same time": {
		"Create asks about EndAll, then commits": func(f *faulty) {
			f.create = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				if created, err := f.honest.Create(ctx, key, data, expiry); err != nil || !created {
					return created, err
				}
				pause()
				return true, f.honest.Commit(key, data, expiry)
			}
		},
		"EndAll forgets a key that was filed while it ended others": func(f *faulty) {
			index := f.ownIndex()
			f.endAll = func(ctx context.Context, name string) error {
				for _, key := range index.keys(name) {
					_ = f.honest.End(ctx, key)
				}
				pause()
				index.drop(index.keys(name)...)
				return nil
			}
		},
	},
}

// mapNames makes the store change names before use.
func (f *faulty) mapNames(to func(string) string) {
	f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
		mapped := make([]string, len(names))
		for i, name := range names {
			mapped[i] = to(name)
		}
		return f.honest.File(ctx, mapped, expiry, keys...)
	}
	f.endAll = func(ctx context.Context, name string) error { return f.honest.EndAll(ctx, to(name)) }
}

// namesExpire gives each name an expiry, for all its keys, out of the one it has and that of what is filed next.
func (f *faulty) namesExpire(choose func(old, next time.Time) time.Time) {
	expiries := map[string]time.Time{}
	f.file = func(ctx context.Context, names []string, expiry time.Time, keys ...string) error {
		for _, name := range names {
			if old, ok := expiries[name]; ok {
				expiry = choose(old, expiry)
			}
			expiries[name] = expiry
		}
		return f.honest.File(ctx, names, inAnHour(), keys...)
	}
	f.endAll = func(ctx context.Context, name string) error {
		if time.Now().After(expiries[name]) {
			return nil
		}
		return f.honest.EndAll(ctx, name)
	}
}

// An index is a Namer's, to be spoilt.
type index struct {
	mu sync.Mutex
	of map[string][]string // keys, by name
}

// ownIndex replaces the honest index by another, just as honest.
func (f *faulty) ownIndex() *index {
	x := &index{of: map[string][]string{}}
	f.file = func(_ context.Context, names []string, _ time.Time, keys ...string) error {
		x.add(names, keys...)
		return nil
	}
	f.endAll = func(ctx context.Context, name string) error {
		for _, key := range x.keys(name) {
			_ = f.honest.End(ctx, key)
		}
		return nil
	}
	return x
}

func (x *index) add(names []string, keys ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, name := range names {
		x.of[name] = append(x.of[name], keys...)
	}
}

func (x *index) drop(keys ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for name := range x.of {
		x.of[name] = slices.DeleteFunc(x.of[name], func(key string) bool { return slices.Contains(keys, key) })
	}
}

func (x *index) keys(name string) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.of[name])
}

func (x *index) names() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Collect(maps.Keys(x.of))
}
