package storetest

import (
	"context"
	"errors"
	"sync"
	"time"
)

var logoutFaults = faultTable{
	"Renew stores the successor, and the old session stays gone": {
		"Renew stores nothing": func(f *faulty) {
			f.renew = func(context.Context, string, string, []byte, time.Time) (bool, error) { return true, nil }
		},
		"Renew brings the old session back": func(f *faulty) {
			f.renew = func(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error) {
				_ = f.honest.Commit(oldKey, data, expiry)
				return f.honest.Renew(ctx, oldKey, newKey, data, expiry)
			}
		},
	},
	"End removes the session, is no error for an absent one, and can be repeated": {
		"End of an absent session is an error": func(f *faulty) {
			f.end = func(ctx context.Context, key string) error {
				if _, found, _ := f.honest.Find(key); !found {
					return errRefused
				}
				return f.honest.End(ctx, key)
			}
		},
	},
	"Renew after End finds nothing": {
		"Renew does not ask about End": func(f *faulty) {
			f.renew = func(_ context.Context, _, newKey string, data []byte, expiry time.Time) (bool, error) {
				return true, f.honest.Commit(newKey, data, expiry)
			}
		},
	},
	"End after Renew ends the successor, and the successor's": {
		"End is Delete": func(f *faulty) {
			f.end = f.honest.DeleteCtx
		},
		"End reaches one successor only": func(f *faulty) { f.endOneHop() },
	},
	"End ends a renewal of a successor that is under way": {
		"End does not reach a renewal under way": func(f *faulty) { f.endOneHop() },
	},
	"Get tells a session that has been removed or ended from one that never was": {
		"Get has forgotten": func(f *faulty) {
			f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
				data, expiry, found, err := f.honest.Get(ctx, key)
				if !found {
					expiry = time.Time{}
				}
				return data, expiry, found, err
			}
		},
		"Remove leaves no trace": func(f *faulty) {
			f.remove = func(ctx context.Context, key string) (bool, error) {
				_, found, err := f.honest.FindCtx(ctx, key)
				return found, errors.Join(err, f.honest.Delete(key))
			}
		},
		"Get makes it up": func(f *faulty) {
			f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
				data, expiry, found, err := f.honest.Get(ctx, key)
				if !found {
					expiry = time.Now()
				}
				return data, expiry, found, err
			}
		},
	},
	"End leaves other sessions alone": {
		"End ends everybody": func(f *faulty) {
			f.end = func(ctx context.Context, key string) error {
				all, _ := f.honest.All()
				for k := range all {
					_ = f.honest.End(ctx, k)
				}
				return f.honest.End(ctx, key)
			}
		},
	},
	"End wins against renewals at the same time": {
		"Renew asks about End, then commits": func(f *faulty) {
			var ended, successor sync.Map
			f.renew = func(_ context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error) {
				if _, ok := ended.Load(oldKey); ok {
					return false, nil
				}
				pause()
				successor.Store(oldKey, newKey)
				return true, f.honest.Commit(newKey, data, expiry)
			}
			f.end = func(_ context.Context, key string) error {
				for next, ok := any(key), true; ok; next, ok = successor.Load(next) {
					ended.Store(next, true)
					_ = f.honest.Delete(next.(string))
				}
				return nil
			}
		},
	},
	"what is remembered of renewals and logouts is no session": {
		"the marks of ended sessions are sessions": func(f *faulty) {
			f.end = func(ctx context.Context, key string) error {
				_ = f.honest.End(ctx, key)
				return f.honest.Commit("ended:"+key, nil, inAnHour())
			}
		},
	},
}

// endOneHop makes End reach the session that was renewed directly from key, and no further.
func (f *faulty) endOneHop() {
	var successor sync.Map
	f.renew = func(_ context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error) {
		successor.Store(oldKey, newKey)
		return true, f.honest.Commit(newKey, data, expiry)
	}
	f.end = func(_ context.Context, key string) error {
		if next, ok := successor.Load(key); ok {
			_ = f.honest.Delete(next.(string))
		}
		return f.honest.Delete(key)
	}
}
