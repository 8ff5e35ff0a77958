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

// A faultTable has mistakes that real stores make, by the name of the check that is there to catch them.
type faultTable map[string]map[string]func(f *faulty)

var errRefused = errors.New("refused by the test")

var storeFaults = faultTable{
	"what is committed is found": {
		"commits are lost": func(f *faulty) {
			f.commit = func(string, []byte, time.Time) error { return nil }
		},
		"a session can be found once": func(f *faulty) {
			f.find = func(key string) ([]byte, bool, error) {
				data, found, err := f.honest.Find(key)
				return data, found, errors.Join(err, f.honest.Delete(key))
			}
		},
	},
	"a commit replaces what was there": {
		"the first commit stays": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if _, found, _ := f.honest.Find(key); found {
					return nil
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"what is deleted is gone, and deleting it again is no error": {
		"Delete does nothing": func(f *faulty) {
			f.delete = func(string) error { return nil }
		},
		"Delete of an absent session is an error": func(f *faulty) {
			f.delete = func(key string) error {
				if found, _ := f.honest.Remove(context.Background(), key); !found {
					return errRefused
				}
				return nil
			}
		},
		"Delete keeps the key from being used again": func(f *faulty) {
			var deleted sync.Map
			f.delete = func(key string) error { deleted.Store(key, true); return f.honest.Delete(key) }
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if _, ok := deleted.Load(key); ok {
					return nil
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"an unknown or malformed token is not found, without an error": {
		"a token that is no text is an error": func(f *faulty) {
			f.find = func(key string) ([]byte, bool, error) {
				if strings.Contains(key, "\x00") {
					return nil, false, errRefused
				}
				return f.honest.Find(key)
			}
		},
		"absent is an error": func(f *faulty) {
			f.find = func(key string) ([]byte, bool, error) {
				data, found, _ := f.honest.Find(key)
				if !found {
					return nil, false, errRefused
				}
				return data, true, nil
			}
		},
	},
	"keys that look alike are told apart": {
		"keys are compared without case": func(f *faulty) { f.mapKeys(strings.ToLower) },
		"keys are trimmed":               func(f *faulty) { f.mapKeys(strings.TrimSpace) },
		"keys are cut to 64 bytes": func(f *faulty) {
			f.mapKeys(func(key string) string { return key[:min(len(key), 64)] })
		},
		"Delete takes a pattern": func(f *faulty) {
			f.delete = func(key string) error {
				all, _ := f.honest.All()
				for k := range all {
					if prefix, pattern := strings.CutSuffix(key, "*"); k == key || pattern && strings.HasPrefix(k, prefix) {
						_ = f.honest.Delete(k)
					}
				}
				return nil
			}
		},
	},
	"data is any bytes, from none to a megabyte": {
		"data ends at a zero byte": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				data, _, _ = bytes.Cut(data, []byte{0})
				return f.honest.Commit(key, data, expiry)
			}
		},
		"empty data is absent": func(f *faulty) {
			f.find = func(key string) ([]byte, bool, error) {
				data, found, err := f.honest.Find(key)
				return data, found && len(data) > 0, err
			}
		},
		"data ends at 64 KB": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				return f.honest.Commit(key, data[:min(len(data), 1<<16)], expiry)
			}
		},
	},
	"an expiry in the past keeps nothing": {
		"a past expiry is none": func(f *faulty) { f.commit = f.pastIsForever },
		"the zero time is none": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if expiry.IsZero() {
					expiry = inAnHour()
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
		"a past expiry leaves the old data": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if expiry.Before(time.Now()) {
					return nil
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"an expiry in a hundred years is kept": {
		"times are 32 bits": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				return f.honest.Commit(key, data, time.Unix(int64(int32(expiry.Unix())), 0))
			}
		},
	},
	"an expired session is not found": {
		"nothing expires": func(f *faulty) {
			f.commit = func(key string, data []byte, _ time.Time) error { return f.honest.Commit(key, data, inAnHour()) }
		},
		"a commit keeps the expiry of the first": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if _, first, found, _ := f.honest.Get(context.Background(), key); found {
					expiry = first
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"concurrent use": {
		"two calls at once get in each other's way": func(f *faulty) {
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
		"concurrent writes mix": func(f *faulty) {
			f.commit = func(key string, data []byte, expiry time.Time) error {
				if old, found, _ := f.honest.Find(key); found {
					data = append(old[:len(old)/2], data[len(data)/2:]...)
				}
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"the methods with a context and those without agree": {
		"the methods with a context have keys of their own": func(f *faulty) {
			f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
				return f.honest.CommitCtx(ctx, "ctx:"+key, data, expiry)
			}
		},
		"DeleteCtx does nothing": func(f *faulty) {
			f.deleteCtx = func(context.Context, string) error { return nil }
		},
	},
	"a cancelled context gives an error or is ignored, and breaks nothing": {
		"cancelled means absent": func(f *faulty) {
			f.findCtx = func(ctx context.Context, key string) ([]byte, bool, error) {
				if ctx.Err() != nil {
					return nil, false, nil
				}
				return f.honest.FindCtx(ctx, key)
			}
		},
		"a cancelled commit says that it was done": func(f *faulty) {
			f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
				if ctx.Err() != nil {
					return nil
				}
				return f.honest.CommitCtx(ctx, key, data, expiry)
			}
		},
		"a cancelled commit writes half": func(f *faulty) {
			f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
				if ctx.Err() != nil {
					data = data[:len(data)/2]
				}
				return errors.Join(ctx.Err(), f.honest.CommitCtx(ctx, key, data, expiry))
			}
		},
		"a cancelled delete says that it was done": func(f *faulty) {
			f.deleteCtx = func(context.Context, string) error { return nil }
		},
	},
	"All has the sessions that are live": {
		"All is nil": func(f *faulty) {
			f.all = func() (map[string][]byte, error) { return nil, nil }
		},
		"All forgets": func(f *faulty) {
			f.all = func() (map[string][]byte, error) { return map[string][]byte{}, nil }
		},
		"All has what was deleted": func(f *faulty) { f.all = f.everKept() },
	},
	"AllCtx has the sessions that are live": {
		"AllCtx has what was deleted": func(f *faulty) { f.all = f.everKept() },
	},
}

// mapKeys makes the store change keys before use.
func (f *faulty) mapKeys(to func(string) string) {
	f.find = func(key string) ([]byte, bool, error) { return f.honest.Find(to(key)) }
	f.commit = func(key string, data []byte, expiry time.Time) error { return f.honest.Commit(to(key), data, expiry) }
	f.delete = func(key string) error { return f.honest.Delete(to(key)) }
	f.findCtx = func(_ context.Context, key string) ([]byte, bool, error) { return f.find(key) }
	f.commitCtx = func(_ context.Context, key string, data []byte, expiry time.Time) error {
		return f.commit(key, data, expiry)
	}
	f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
		return f.honest.Get(ctx, to(key))
	}
}

// pastIsForever is what SET without a TTL does, when the TTL comes out as none.
func (f *faulty) pastIsForever(key string, data []byte, expiry time.Time) error {
	if expiry.Before(time.Now()) {
		expiry = inAnHour()
	}
	return f.honest.Commit(key, data, expiry)
}

// everKept makes the store keep, and returns an All that has, all that was ever committed.
func (f *faulty) everKept() func() (map[string][]byte, error) {
	ever := map[string][]byte{}
	f.commit = func(key string, data []byte, expiry time.Time) error {
		ever[key] = data
		return f.honest.Commit(key, data, expiry)
	}
	return func() (map[string][]byte, error) { return maps.Clone(ever), nil }
}
