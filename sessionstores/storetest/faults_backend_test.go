package storetest

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"sync"
	"time"
)

var backendFaults = faultTable{
	"keys are any bytes": {
		"keys are cleaned": func(f *faulty) {
			f.mapKeys(func(key string) string { return strings.ToValidUTF8(strings.Trim(key, "\x00"), "") })
		},
	},
	"Get finds what FindCtx finds, and says when it expires": {
		"Get says the wrong time": func(f *faulty) {
			f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
				data, _, found, err := f.honest.Get(ctx, key)
				return data, time.Now().Add(time.Hour), found, err
			}
		},
	},
	"Update replaces data and expiry, and creates nothing": {
		"Update creates": func(f *faulty) {
			f.update = func(_ context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				return true, f.honest.Commit(key, data, expiry)
			}
		},
		"Update says no and creates": func(f *faulty) {
			f.update = func(_ context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				_, found, _ := f.honest.Find(key)
				return found, f.honest.Commit(key, data, expiry)
			}
		},
		"Update keeps the expiry": func(f *faulty) {
			f.update = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				if _, old, found, _ := f.honest.Get(ctx, key); found {
					expiry = old
				}
				return f.honest.Update(ctx, key, data, expiry)
			}
		},
	},
	"Touch replaces the expiry, keeps the data, and creates nothing": {
		"Touch does nothing": func(f *faulty) {
			f.touch = func(_ context.Context, key string, _ time.Time) (bool, error) {
				_, found, err := f.honest.Find(key)
				return found, err
			}
		},
		"Touch creates": func(f *faulty) {
			f.touch = func(_ context.Context, key string, expiry time.Time) (bool, error) {
				data, found, _ := f.honest.Find(key)
				return found, f.honest.Commit(key, data, expiry)
			}
		},
		"Touch loses the data": func(f *faulty) {
			f.touch = func(ctx context.Context, key string, expiry time.Time) (bool, error) {
				return f.honest.Update(ctx, key, nil, expiry)
			}
		},
	},
	"Remove says whether the session was there": {
		"Remove always says yes": func(f *faulty) {
			f.remove = func(_ context.Context, key string) (bool, error) { return true, f.honest.Delete(key) }
		},
	},
	"one of many concurrent calls of Remove finds the session": {
		"Remove finds, then deletes": func(f *faulty) {
			f.remove = func(ctx context.Context, key string) (bool, error) {
				_, found, _ := f.honest.Find(key)
				pause()
				return found, f.honest.Delete(key)
			}
		},
	},
	"an Update or Touch that overlaps a Remove brings nothing back": {
		"Update finds, then commits": func(f *faulty) {
			f.update = func(_ context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				if _, found, _ := f.honest.Find(key); !found {
					return false, nil
				}
				f.untilRemoved(key)
				return true, f.honest.Commit(key, data, expiry)
			}
		},
		"Touch finds, then commits": func(f *faulty) {
			f.touch = func(_ context.Context, key string, expiry time.Time) (bool, error) {
				data, found, _ := f.honest.Find(key)
				if !found {
					return false, nil
				}
				f.untilRemoved(key)
				return true, f.honest.Commit(key, data, expiry)
			}
		},
	},
	"an expiry in the past removes what is there, without an error": {
		"CommitCtx keeps a past expiry for ever": func(f *faulty) {
			f.commitCtx = func(_ context.Context, key string, data []byte, expiry time.Time) error {
				return f.pastIsForever(key, data, expiry)
			}
		},
		"Update refuses a past expiry": func(f *faulty) {
			f.update = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				if expiry.Before(time.Now()) {
					return false, errRefused
				}
				return f.honest.Update(ctx, key, data, expiry)
			}
		},
		"Touch ignores a past expiry": func(f *faulty) {
			f.touch = func(ctx context.Context, key string, expiry time.Time) (bool, error) {
				if expiry.Before(time.Now()) {
					return false, nil
				}
				return f.honest.Touch(ctx, key, expiry)
			}
		},
		"Renew says that it stored what has expired": func(f *faulty) {
			f.renew = func(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error) {
				_, err := f.honest.Renew(ctx, oldKey, newKey, data, expiry)
				return true, err
			}
		},
	},
	"an expired session is there for nobody": {
		"what Renew stores never expires": func(f *faulty) {
			f.renew = func(ctx context.Context, oldKey, newKey string, data []byte, _ time.Time) (bool, error) {
				return f.honest.Renew(ctx, oldKey, newKey, data, inAnHour())
			}
		},
		"Touch revives what has expired": func(f *faulty) {
			var once sync.Map
			f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
				once.Store(key, data)
				return f.honest.CommitCtx(ctx, key, data, expiry)
			}
			f.touch = func(_ context.Context, key string, expiry time.Time) (bool, error) {
				if data, ok := once.Load(key); ok {
					return true, f.honest.Commit(key, data.([]byte), expiry)
				}
				return false, nil
			}
		},
	},
	"the data that was given is neither changed nor kept": {
		"CommitCtx changes what it was given": func(f *faulty) {
			f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
				defer clear(data)
				return f.honest.CommitCtx(ctx, key, data, expiry)
			}
		},
		"Update keeps what it was given": func(f *faulty) {
			kept := map[string][]byte{}
			f.update = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
				kept[key] = data
				return f.honest.Update(ctx, key, data, expiry)
			}
			f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
				data, expiry, found, err := f.honest.Get(ctx, key)
				if shared, ok := kept[key]; ok {
					data = bytes.Clone(shared)
				}
				return data, expiry, found, err
			}
		},
	},
	"the data that is handed out is the caller's own": {
		"Get hands out what is stored": func(f *faulty) {
			stored := map[string][]byte{}
			f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
				data, expiry, found, err := f.honest.Get(ctx, key)
				if _, ok := stored[key]; !ok {
					stored[key] = data
				}
				return stored[key], expiry, found, err
			}
		},
	},
}

// pause widens the gap between asking and acting, so that a race is lost within a few rounds.
func pause() { time.Sleep(200 * time.Microsecond) }

// untilRemoved waits for somebody to remove the session, so that the fault shows itself however the machine schedules.
func (f *faulty) untilRemoved(key string) {
	for late := time.Now().Add(time.Second); time.Now().Before(late); runtime.Gosched() {
		if _, found, _ := f.honest.Find(key); !found {
			return
		}
	}
}
