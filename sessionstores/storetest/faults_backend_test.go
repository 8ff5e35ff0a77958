package storetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

var backendFaults = faultTable{
	"keys are any bytes": {
		"keys are cleaned": func(f *faulty) {
			f.mapKeys(func(key string) string {
				return strings.ToValidUTF8(strings.Trim(key, "\x00"), "")
			})
		},
	},
	"Get returns the data and the expiry": {
		"Get returns a fixed expiry": func(f *faulty) {
			f.mapExpiryOfGet(func(_ string, expiry time.Time, found bool) time.Time {
				if found {
					return inAnHour()
				}
				return expiry
			})
		},
		"Get returns an expiry for an absent key": func(f *faulty) {
			f.mapExpiryOfGet(func(_ string, expiry time.Time, found bool) time.Time {
				if !found && expiry.IsZero() {
					return time.Now()
				}
				return expiry
			})
		},
		"Commit drops the time zone": func(f *faulty) {
			f.commitCtx = func(_ context.Context, key string, data []byte, expiry time.Time) error {
				return f.honest.Commit(key, data, withoutZone(expiry))
			}
		},
	},
	"Get returns the end of a tombstone": {
		"Get returns no end": func(f *faulty) {
			f.mapExpiryOfGet(func(_ string, expiry time.Time, found bool) time.Time {
				if !found {
					return time.Time{}
				}
				return expiry
			})
		},
		"a tombstone lasts for a minute": func(f *faulty) {
			f.mapExpiryOfGet(func(_ string, expiry time.Time, found bool) time.Time {
				if !found && !expiry.IsZero() {
					return expiry.Add(time.Minute - sessionstores.TombstoneTTL)
				}
				return expiry
			})
		},
		"a tombstone lasts as long as the session had left": func(f *faulty) {
			expiries := map[string]time.Time{}
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				expiries[key] = expiry
				return f.honest.Create(background, key, data, expiry)
			}
			f.mapExpiryOfGet(func(key string, expiry time.Time, found bool) time.Time {
				if sessionExpiry, ok := expiries[key]; ok && !found {
					return sessionExpiry
				}
				return expiry
			})
		},
	},
	"Create stores a session and can be repeated": {
		"Create stores nothing": func(f *faulty) {
			f.create = func(string, []byte, time.Time) (bool, error) { return true, nil }
		},
		"a repeated Create fails": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				if f.isLive(key) {
					return false, nil
				}
				return f.honest.Create(background, key, data, expiry)
			}
		},
		"Create drops the time zone": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				return f.honest.Create(background, key, data, withoutZone(expiry))
			}
		},
	},
	"Create stores nothing if there is a tombstone": {
		"Create replaces a tombstone": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				return true, f.honest.Commit(key, data, expiry)
			}
		},
		"Create replaces the tombstone of a renewal": func(f *faulty) {
			renewed := f.recordRenewals()
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				if _, ok := renewed.Load(key); ok {
					return true, f.honest.Commit(key, data, expiry)
				}
				return f.honest.Create(background, key, data, expiry)
			}
		},
		"Create removes a tombstone": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				created, err := f.honest.Create(background, key, data, expiry)
				if !created {
					f.removeTombstone(key)
				}
				return created, err
			}
		},
	},
	"Touch replaces the expiry and keeps the data": {
		"Touch does nothing": func(f *faulty) {
			f.touch = func(key string, _ time.Time) (bool, error) { return f.isLive(key), nil }
		},
		"Touch removes the data": func(f *faulty) {
			f.touch = func(key string, expiry time.Time) (bool, error) {
				data, _, _ := f.honest.Find(key)
				return f.honest.Update(background, key, data, nil, expiry)
			}
		},
		"Touch never shortens the expiry": func(f *faulty) {
			f.touch = func(key string, expiry time.Time) (bool, error) {
				return f.honest.Touch(background, key, f.laterExpiry(key, expiry))
			}
		},
		"Touch drops the time zone": func(f *faulty) {
			f.touch = func(key string, expiry time.Time) (bool, error) {
				return f.honest.Touch(background, key, withoutZone(expiry))
			}
		},
	},
	"Touch stores nothing if there is no session": {
		"Touch creates a session": func(f *faulty) {
			f.touch = func(key string, expiry time.Time) (bool, error) {
				data, found, _ := f.honest.Find(key)
				return found, f.honest.Commit(key, data, expiry)
			}
		},
		"Touch finds a tombstone": func(f *faulty) {
			f.touch = func(key string, expiry time.Time) (bool, error) {
				found, err := f.honest.Touch(background, key, expiry)
				return found || f.hasTombstone(key), err
			}
		},
	},
	"Commit replaces a tombstone": {
		"Commit fails over a tombstone": func(f *faulty) {
			f.commitCtx = func(_ context.Context, key string, data []byte, expiry time.Time) error {
				_, err := f.honest.Create(background, key, data, expiry)
				return err
			}
		},
		"Update finds the tombstone that Commit has replaced": func(f *faulty) {
			revoked := map[string]bool{}
			f.revoke = func(key string) (bool, error) {
				revoked[key] = true
				return f.honest.Revoke(background, key)
			}
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				if revoked[key] {
					return false, nil
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
	},
	"Delete leaves no tombstone": {
		"Delete is Revoke": func(f *faulty) {
			f.deleteCtx = func(ctx context.Context, key string) error {
				_, err := f.honest.Revoke(ctx, key)
				return err
			}
		},
	},
	"Delete leaves a tombstone in place": {
		"Delete removes a tombstone": func(f *faulty) {
			f.deleteCtx = func(_ context.Context, key string) error {
				f.removeTombstone(key)
				return f.honest.Delete(key)
			}
		},
	},
	"tombstones are not among the sessions": {
		"a tombstone is a session under another key": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				found, err := f.honest.Revoke(background, key)
				return found, errors.Join(err, f.honest.Commit("revoked:"+key, nil, inAnHour()))
			}
		},
		"All returns tombstones": func(f *faulty) {
			var revoked []string
			f.revoke = func(key string) (bool, error) {
				revoked = append(revoked, key)
				return f.honest.Revoke(background, key)
			}
			f.all = func() (map[string][]byte, error) {
				all, err := f.honest.All()
				for _, key := range revoked {
					all[key] = nil
				}
				return all, err
			}
		},
	},
	"each method stores large data as a whole": {
		"Create cuts data after a megabyte": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				return f.honest.Create(background, key, firstMegabyte(data), expiry)
			}
		},
		"Update cuts data after a megabyte": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				return f.honest.Update(background, key, old, firstMegabyte(data), expiry)
			}
		},
		"Update compares the first megabyte": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				stored, _, _ := f.honest.Find(key)
				if bytes.Equal(firstMegabyte(old), firstMegabyte(stored)) {
					old = stored
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Renew cuts data after a megabyte": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				return f.honest.Renew(background, from, to, old, firstMegabyte(data), expiry)
			}
		},
	},
	"each method copies the slices it is given": {
		"Create keeps the slice": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				f.shareSlice(data)
				return f.honest.Create(background, key, data, expiry)
			}
		},
		"Create changes the slice": func(f *faulty) {
			f.create = func(key string, data []byte, expiry time.Time) (bool, error) {
				defer clear(data)
				return f.honest.Create(background, key, data, expiry)
			}
		},
		"Update keeps the slice": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				f.shareSlice(data)
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Update changes the old slice": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				defer clear(old)
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Renew keeps the slice": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				f.shareSlice(data)
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"CommitCtx changes the slice": func(f *faulty) {
			f.commitCtx = func(_ context.Context, key string, data []byte, expiry time.Time) error {
				defer clear(data)
				return f.honest.Commit(key, data, expiry)
			}
		},
	},
	"Get returns a slice that belongs to the caller": {
		"Get returns the slice of the store": func(f *faulty) {
			f.get = func(key string) ([]byte, time.Time, bool, error) {
				data, expiry, found, err := f.honest.Get(background, key)
				f.shareSlice(data)
				f.findCtx = func(context.Context, string) ([]byte, bool, error) {
					return data, true, nil
				}
				return data, expiry, found, err
			}
		},
	},
}

func firstMegabyte(data []byte) []byte { return data[:min(len(data), megabyte)] }

// mapExpiryOfGet makes Get return another expiry.
func (f *faulty) mapExpiryOfGet(to func(key string, expiry time.Time, found bool) time.Time) {
	f.get = func(key string) ([]byte, time.Time, bool, error) {
		data, expiry, found, err := f.honest.Get(background, key)
		return data, to(key, expiry, found), found, err
	}
}

// laterExpiry returns the later of the stored expiry and another one, unless that is in the past.
func (f *faulty) laterExpiry(key string, expiry time.Time) time.Time {
	_, stored, found, _ := f.honest.Get(background, key)
	if found && stored.After(expiry) && expiry.After(time.Now()) {
		return stored
	}
	return expiry
}

func (f *faulty) removeTombstone(key string) {
	if f.hasTombstone(key) {
		_ = f.honest.Commit(key, nil, inAnHour())
		_ = f.honest.Delete(key)
	}
}
