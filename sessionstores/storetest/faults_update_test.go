package storetest

import (
	"bytes"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

var updateFaults = faultTable{
	"Update replaces data and expiry": {
		"Update keeps the expiry": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				if _, stored, found, _ := f.honest.Get(background, key); found {
					expiry = stored
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Update never shortens the expiry": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				return f.honest.Update(background, key, old, data, f.laterExpiry(key, expiry))
			}
		},
		"Update drops the time zone": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				return f.honest.Update(background, key, old, data, withoutZone(expiry))
			}
		},
		"Update ignores empty data": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				if len(data) == 0 {
					return f.isLive(key), nil
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
	},
	"Update stores nothing if there is no session": {
		"Update is Commit": func(f *faulty) {
			f.update = func(key string, _, data []byte, expiry time.Time) (bool, error) {
				return true, f.honest.Commit(key, data, expiry)
			}
		},
		"Update returns false and stores": func(f *faulty) {
			f.update = func(key string, _, data []byte, expiry time.Time) (bool, error) {
				found := f.isLive(key)
				return found, f.honest.Commit(key, data, expiry)
			}
		},
		"Update takes a tombstone for empty data": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(key) && len(old) == 0 {
					return true, f.honest.Commit(key, data, expiry)
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Update reports a conflict for an absent session": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				if !f.isLive(key) {
					return false, sessionstores.ErrConflict
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
	},
	"Update reports changed data as a conflict": {
		"Update ignores old": func(f *faulty) {
			f.update = func(key string, _, data []byte, expiry time.Time) (bool, error) {
				stored, _, _ := f.honest.Find(key)
				return f.honest.Update(background, key, stored, data, expiry)
			}
		},
		"Update compares lengths": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				stored, _, _ := f.honest.Find(key)
				if len(stored) == len(old) {
					old = stored
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Update compares without case": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				stored, _, _ := f.honest.Find(key)
				if bytes.EqualFold(stored, old) {
					old = stored
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Update takes empty old data for no condition": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				if len(old) == 0 {
					old, _, _ = f.honest.Find(key)
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Update replaces the expiry on a conflict": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				_, _ = f.honest.Touch(background, key, expiry)
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Update returns false with a conflict": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				found, err := f.honest.Update(background, key, old, data, expiry)
				return found && err == nil, err
			}
		},
		"Update returns false for a conflict": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				found, err := f.honest.Update(background, key, old, data, expiry)
				return found && err == nil, nil
			}
		},
	},
	"Update with the stored data is no conflict": {
		"Update reports equal data as a conflict": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				stored, found, _ := f.honest.Find(key)
				if found && !bytes.Equal(stored, old) {
					return true, sessionstores.ErrConflict
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
		"Update of equal data does nothing": func(f *faulty) {
			f.update = func(key string, old, data []byte, expiry time.Time) (bool, error) {
				stored, found, _ := f.honest.Find(key)
				if found && bytes.Equal(stored, data) {
					return true, nil
				}
				return f.honest.Update(background, key, old, data, expiry)
			}
		},
	},
}
