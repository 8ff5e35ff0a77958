package storetest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var storeFaults = faultTable{
	"Find returns what was committed": {
		"Commit stores nothing": func(f *faulty) {
			f.commit = func(string, []byte, time.Time) error { return nil }
		},
		"a session can be found once": func(f *faulty) {
			f.find = func(key string) ([]byte, bool, error) {
				data, found, err := f.honest.Find(key)
				return data, found, errors.Join(err, f.honest.Delete(key))
			}
		},
	},
	"Commit replaces the data": {
		"the first Commit stays": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if f.isLive(key) {
					return nil
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"Delete removes a session and can be repeated": {
		"Delete does nothing": func(f *faulty) {
			f.delete = func(string) error { return nil }
		},
		"Delete of an absent session is an error": func(f *faulty) {
			f.delete = func(key string) error {
				if !f.isLive(key) {
					return errRefused
				}
				return f.honest.Delete(key)
			}
		},
		"a deleted key cannot be used again": func(f *faulty) {
			var deleted sync.Map
			f.delete = func(key string) error {
				deleted.Store(key, true)
				return f.honest.Delete(key)
			}
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if _, ok := deleted.Load(key); ok {
					return nil
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"an unknown or malformed token is absent without an error": {
		"a token with a zero byte is an error": func(f *faulty) {
			f.find = func(key string) ([]byte, bool, error) {
				if strings.Contains(key, "\x00") {
					return nil, false, errRefused
				}
				return f.honest.Find(key)
			}
		},
		"an absent session is an error": func(f *faulty) {
			f.find = func(key string) ([]byte, bool, error) {
				if !f.isLive(key) {
					return nil, false, errRefused
				}
				return f.honest.Find(key)
			}
		},
	},
	"keys that look alike are different": {
		"keys are compared without case": func(f *faulty) { f.mapKeys(strings.ToLower) },
		"keys are trimmed":               func(f *faulty) { f.mapKeys(strings.TrimSpace) },
		"keys are cut to 64 bytes": func(f *faulty) {
			f.mapKeys(func(key string) string { return key[:min(len(key), 64)] })
		},
		"Delete takes a pattern": func(f *faulty) {
			f.delete = func(key string) error {
				prefix, isPattern := strings.CutSuffix(key, "*")
				all, _ := f.honest.All()
				for k := range all {
					if isPattern && strings.HasPrefix(k, prefix) {
						_ = f.honest.Delete(k)
					}
				}
				return f.honest.Delete(key)
			}
		},
	},
	"data is any bytes of any size": {
		"data ends at a zero byte": func(f *faulty) {
			f.mapData(func(data []byte) []byte {
				data, _, _ = bytes.Cut(data, []byte{0})
				return data
			})
		},
		"empty data is absent": func(f *faulty) {
			f.find = func(key string) ([]byte, bool, error) {
				data, found, err := f.honest.Find(key)
				return data, found && len(data) > 0, err
			}
		},
		"data is cut after 64 KB":      func(f *faulty) { f.cutData(1 << 16) },
		"data is cut after a megabyte": func(f *faulty) { f.cutData(megabyte) },
	},
	"the slice that is given is neither changed nor kept": {
		"Commit changes the slice": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				defer clear(data)
				return f.honest.Commit(key, data, expiry)
			}
		},
		"Commit keeps the slice": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				f.shareSlice(data)
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"the slice that is returned belongs to the caller": {
		"Find returns the slice of the store": func(f *faulty) {
			stored := map[string][]byte{}
			f.find = func(key string) ([]byte, bool, error) {
				if data, ok := stored[key]; ok {
					return data, true, nil
				}
				data, found, err := f.honest.Find(key)
				stored[key] = data
				return data, found, err
			}
		},
	},
	"a session with an expiry in the past is absent": {
		"an expiry in the past is an hour": func(f *faulty) { f.commit = f.commitForever },
		"the zero time means no expiry": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if expiry.IsZero() {
					expiry = inAnHour()
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
		"Commit with an expiry in the past does nothing": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if expiry.Before(time.Now()) {
					return nil
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"an expiry in a hundred years is kept": {
		"times have 32 bits": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				return f.honest.Commit(key, data, time.Unix(int64(int32(expiry.Unix())), 0))
			}
		},
	},
	"the time zone of an expiry has no effect": {
		"Commit drops the time zone": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				return f.honest.Commit(key, data, withoutZone(expiry))
			}
		},
	},
	"an expired session is absent": {
		"sessions do not expire": func(f *faulty) {
			f.commit = func(key string, data []byte, _ time.Time) error {
				return f.honest.Commit(key, data, inAnHour())
			}
		},
		"the first expiry stays": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if _, first, found, _ := f.honest.Get(background, key); found {
					expiry = first
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"concurrent calls do not disturb each other": {
		"concurrent calls of Commit fail": func(f *faulty) {
			var busy atomic.Bool
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if !busy.CompareAndSwap(false, true) {
					return errRefused
				}
				defer busy.Store(false)
				time.Sleep(time.Microsecond)
				return f.honest.Commit(key, data, expiry)
			}
		},
		"concurrent writes are mixed": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if old, found, _ := f.honest.Find(key); found {
					data = append(old[:len(old)/2], data[len(data)/2:]...)
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"All returns all sessions": {
		"All returns nil": func(f *faulty) {
			f.all = func() (map[string][]byte, error) { return nil, nil }
		},
		"All returns no sessions": func(f *faulty) {
			f.all = func() (map[string][]byte, error) { return map[string][]byte{}, nil }
		},
		"All removes the sessions": func(f *faulty) {
			f.all = func() (map[string][]byte, error) {
				all, err := f.honest.All()
				for key := range all {
					_ = f.honest.Delete(key)
				}
				return all, err
			}
		},
	},
	"All returns no session that was deleted": {
		"All returns deleted sessions": func(f *faulty) { f.keepAll() },
	},
	"All returns no session that has expired": {
		"All returns expired sessions": func(f *faulty) { f.keepAll() },
	},
	"All returns copies": {
		"All returns the slices of the store": func(f *faulty) {
			f.all = func() (map[string][]byte, error) {
				all, err := f.honest.All()
				f.find = func(key string) ([]byte, bool, error) { return all[key], true, nil }
				return all, err
			}
		},
	},
}

var ctxFaults = faultTable{
	"the methods with and without a context use the same sessions": {
		"CommitCtx uses keys of its own": func(f *faulty) {
			f.commitCtx = func(
				ctx context.Context, key string, data []byte, expiry time.Time,
			) error {
				return f.honest.CommitCtx(ctx, "ctx:"+key, data, expiry)
			}
		},
		"DeleteCtx does nothing": func(f *faulty) {
			f.deleteCtx = func(context.Context, string) error { return nil }
		},
	},
	"the methods with a context copy slices": {
		"CommitCtx changes the slice": func(f *faulty) {
			f.commitCtx = func(
				ctx context.Context, key string, data []byte, expiry time.Time,
			) error {
				defer clear(data)
				return f.honest.CommitCtx(ctx, key, data, expiry)
			}
		},
	},
	"FindCtx with a cancelled context reports no session as absent": {
		"FindCtx with a cancelled context finds nothing": func(f *faulty) {
			f.findCtx = func(ctx context.Context, key string) ([]byte, bool, error) {
				if ctx.Err() != nil {
					return nil, false, nil
				}
				return f.honest.FindCtx(ctx, key)
			}
		},
	},
	"CommitCtx with a cancelled context stores all or nothing": {
		"CommitCtx with a cancelled context reports success": func(f *faulty) {
			f.commitCtx = func(
				ctx context.Context, key string, data []byte, expiry time.Time,
			) error {
				if ctx.Err() != nil {
					return nil
				}
				return f.honest.CommitCtx(ctx, key, data, expiry)
			}
		},
		"CommitCtx with a cancelled context stores half": func(f *faulty) {
			f.commitCtx = func(
				ctx context.Context, key string, data []byte, expiry time.Time,
			) error {
				if ctx.Err() != nil {
					data = data[:len(data)/2]
				}
				return errors.Join(ctx.Err(), f.honest.CommitCtx(ctx, key, data, expiry))
			}
		},
	},
	"DeleteCtx with a cancelled context removes the session or fails": {
		"DeleteCtx with a cancelled context reports success": func(f *faulty) {
			f.deleteCtx = func(ctx context.Context, key string) error {
				if ctx.Err() != nil {
					return nil
				}
				return f.honest.DeleteCtx(ctx, key)
			}
		},
	},
}

// mapKeys makes the store change keys before use.
func (f *faulty) mapKeys(to func(string) string) {
	f.find = func(key string) ([]byte, bool, error) { return f.honest.Find(to(key)) }
	f.commit = func(key string, data []byte, expiry time.Time) error {
		return f.honest.Commit(to(key), data, expiry)
	}
	f.delete = func(key string) error { return f.honest.Delete(to(key)) }
	f.findCtx = func(_ context.Context, key string) ([]byte, bool, error) { return f.find(key) }
	f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
		return f.honest.Create(background, to(key), data, expiry)
	}
	f.get = func(key string) ([]byte, time.Time, bool, error) {
		return f.honest.Get(background, to(key))
	}
}

// mapData makes Commit change the data before use.
func (f *faulty) mapData(to func([]byte) []byte) {
	f.commit = func(key string, data []byte, expiry time.Time) error {
		return f.honest.Commit(key, to(data), expiry)
	}
}

func (f *faulty) cutData(n int) {
	f.mapData(func(data []byte) []byte { return data[:min(len(data), n)] })
}

// shareSlice makes all reads return the given slice.
func (f *faulty) shareSlice(data []byte) {
	f.find = func(string) ([]byte, bool, error) { return bytes.Clone(data), true, nil }
	f.findCtx = func(context.Context, string) ([]byte, bool, error) { return f.find("") }
}

// commitForever is Commit that takes an expiry in the past for no expiry.
func (f *faulty) commitForever(key string, data []byte, expiry time.Time) error {
	if expiry.Before(time.Now()) {
		expiry = inAnHour()
	}
	return f.honest.Commit(key, data, expiry)
}

// keepAll makes All return everything that was committed.
func (f *faulty) keepAll() {
	kept := map[string][]byte{}
	f.commit = func(key string, data []byte, expiry time.Time) error {
		kept[key] = data
		return f.honest.Commit(key, data, expiry)
	}
	f.all = func() (map[string][]byte, error) { return maps.Clone(kept), nil }
}

// withoutZone returns the time that a column without a time zone stores.
func withoutZone(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}
