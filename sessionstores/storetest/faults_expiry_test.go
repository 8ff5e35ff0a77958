package storetest

import (
	"context"
	"sync"
	"time"
)

var expiryFaults = faultTable{
	"an expiry in the past removes the session": {
		"CommitCtx takes an expiry in the past for none": func(f *faulty) {
			f.commitCtx = func(_ context.Context, key string, data []byte, expiry time.Time) error {
				return f.commitForever(key, data, expiry)
			}
		},
		"Create takes an expiry in the past for none": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				return true, f.commitForever(key, data, expiry)
			}
		},
		"Create with an expiry in the past returns true": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				_, err := f.honest.Create(background, key, data, expiry)
				return true, err
			}
		},
		"Update with an expiry in the past is an error": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				if expiry.Before(time.Now()) {
					return false, errRefused
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Touch with an expiry in the past does nothing": func(f *faulty) {
			f.touch = func(key string, expiry time.Time) (bool, error) {
				if expiry.Before(time.Now()) {
					return false, nil
				}
				return f.honest.Touch(background, key, expiry)
			}
		},
		"Renew with an expiry in the past returns true": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				_, err := f.honest.Renew(background, from, to, old, data, expiry)
				return true, err
			}
		},
		"Renew with an expiry in the past does nothing": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if expiry.Before(time.Now()) {
					return false, nil
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
	},
	"an expired session is absent for each method": {
		"the successor does not expire": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, _ time.Time) (bool, error) {
				return f.honest.Renew(background, from, to, old, data, inAnHour())
			}
		},
		"Touch brings back an expired session": func(f *faulty) {
			kept := f.keepData()
			f.touch = func(key string, expiry time.Time) (bool, error) {
				if data, ok := kept.Load(key); ok {
					return true, f.honest.Commit(key, data.([]byte), expiry)
				}
				return f.honest.Touch(background, key, expiry)
			}
		},
		"Get returns the expiry of an expired session": func(f *faulty) {
			f.mapExpiryOfGet(func(_ string, expiry time.Time, found bool) time.Time {
				if !found && expiry.IsZero() {
					return time.Now()
				}
				return expiry
			})
		},
	},
	"no method finds what another reported as expired": {
		"Update uses a clock that is slow": func(f *faulty) {
			kept := f.keepData()
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				if kept, ok := kept.Load(key); ok && string(kept.([]byte)) == string(old) {
					return true, f.honest.Commit(key, data, expiry)
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Get uses a clock that is fast": func(f *faulty) {
			f.get = func(key string) ([]byte, time.Time, bool, error) {
				data, expiry, found, err := f.honest.Get(background, key)
				if found && time.Until(expiry) < 20*time.Millisecond {
					return nil, time.Time{}, false, err
				}
				return data, expiry, found, err
			}
		},
		"FindCtx uses a clock that is fast": func(f *faulty) {
			f.findCtx = func(_ context.Context, key string) ([]byte, bool, error) {
				data, expiry, found, err := f.honest.Get(background, key)
				if found && time.Until(expiry) < 20*time.Millisecond {
					return nil, false, err
				}
				return data, found, err
			}
		},
		"Renew uses a clock that is slow": func(f *faulty) {
			kept := f.keepData()
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if _, ok := kept.Load(from); ok {
					return true, f.honest.Commit(to, data, expiry)
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"Revoke finds an expired session": func(f *faulty) {
			kept := f.keepData()
			f.revoke = func(key string) (bool, error) {
				_, found := kept.Load(key)
				_, err := f.honest.Revoke(background, key)
				return found, err
			}
		},
	},
	"a tombstone lasts longer than its session": {
		"a tombstone has an effect for a second": func(f *faulty) {
			var revoked sync.Map
			f.revoke = func(key string) (bool, error) {
				revoked.Store(key, time.Now().Add(time.Second))
				return f.honest.Revoke(background, key)
			}
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				if end, ok := revoked.Load(key); ok && time.Now().After(end.(time.Time)) {
					return true, f.honest.Commit(key, data, expiry)
				}
				return f.honest.Create(background, key, data, expiry)
			}
		},
		"Revoke follows a successor until the old session would have expired": func(f *faulty) {
			var expiries sync.Map
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				expiries.LoadOrStore(key, expiry)
				return f.honest.Create(background, key, data, expiry)
			}
			f.revoke = func(key string) (bool, error) {
				end, ok := expiries.Load(key)
				if ok && time.Now().After(end.(time.Time)) {
					return false, nil
				}
				return f.honest.Revoke(background, key)
			}
		},
	},
}

// keepData makes Create keep the data of all sessions.
func (f *faulty) keepData() *sync.Map {
	kept := new(sync.Map)
	f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
		kept.Store(key, append([]byte(nil), data...))
		return f.honest.Create(background, key, data, expiry)
	}
	return kept
}
