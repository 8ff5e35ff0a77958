package storetest

import (
	"bytes"
	"sync"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

var renewFaults = faultTable{
	"Renew moves a session": {
		"Renew stores nothing": func(f *faulty) {
			f.renew = func(string, string, []byte, []byte, time.Time) (bool, error) {
				return true, nil
			}
		},
		"Renew leaves the old session usable": func(f *faulty) {
			f.renew = func(_, to string, _, data []byte, expiry time.Time) (bool, error) {
				return true, f.honest.Commit(to, data, expiry)
			}
		},
		"Renew leaves no tombstone": func(f *faulty) {
			f.renew = func(from, to string, _, data []byte, expiry time.Time) (bool, error) {
				_ = f.honest.Delete(from)
				return true, f.honest.Commit(to, data, expiry)
			}
		},
		"Renew keeps the data": func(f *faulty) {
			f.renew = func(from, to string, old, _ []byte, expiry time.Time) (bool, error) {
				return f.honest.Renew(background, from, to, old, old, expiry)
			}
		},
		"Renew keeps the expiry": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if _, stored, found, _ := f.honest.Get(background, from); found {
					expiry = stored
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"Renew drops the time zone": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				return f.honest.Renew(background, from, to, old, data, withoutZone(expiry))
			}
		},
	},
	"Renew changes nothing if there is no session": {
		"Renew creates a session": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if !f.isLive(from) {
					return true, f.honest.Commit(to, data, expiry)
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"Renew leaves a tombstone under the old key": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if !f.isLive(from) {
					_, _ = f.honest.Revoke(background, from)
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"Renew leaves a tombstone under the new key": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				renewed, err := f.honest.Renew(background, from, to, old, data, expiry)
				if !renewed {
					_, _ = f.honest.Revoke(background, to)
				}
				return renewed, err
			}
		},
	},
	"Renew changes nothing if the session was revoked": {
		"Renew succeeds over a tombstone": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(from) {
					return true, f.honest.Commit(to, data, expiry)
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"Renew takes a tombstone for success": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(from) {
					return true, nil
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
	},
	"Renew changes nothing if the session was renewed to another key": {
		"a session can be renewed twice": func(f *faulty) {
			renewed := f.recordRenewals()
			honest := f.renew
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if _, ok := renewed.Load(from); ok {
					return true, f.honest.Commit(to, data, expiry)
				}
				return honest(from, to, old, data, expiry)
			}
		},
	},
	"Renew changes nothing if the new key has a tombstone": {
		"Renew replaces a tombstone": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				f.removeTombstone(to)
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"Renew removes the session although it fails": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(to) {
					_, err := f.honest.Revoke(background, from)
					return false, err
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
	},
	"Renew changes nothing on a conflict": {
		"Renew ignores old": func(f *faulty) {
			f.renew = func(from, to string, _, data []byte, expiry time.Time) (bool, error) {
				stored, _, _ := f.honest.Find(from)
				return f.honest.Renew(background, from, to, stored, data, expiry)
			}
		},
		"Renew returns no error": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				renewed, _ := f.honest.Renew(background, from, to, old, data, expiry)
				return renewed, nil
			}
		},
		"Renew returns true with a conflict": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				renewed, err := f.honest.Renew(background, from, to, old, data, expiry)
				return renewed || err != nil, err
			}
		},
		"Renew stores the successor on a conflict": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				stored, found, _ := f.honest.Find(from)
				if found && !bytes.Equal(stored, old) {
					_ = f.honest.Commit(to, data, expiry)
					return false, sessionstores.ErrConflict
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
	},
	"Renew can be repeated": {
		"a repeated Renew fails": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(from) {
					return false, nil
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"a repeated Renew removes the successor": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(from) {
					return true, f.honest.Delete(to)
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
	},
	"a repeated Renew does not undo later changes": {
		"a repeated Renew stores its data again": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				renewed, err := f.honest.Renew(background, from, to, old, data, expiry)
				if renewed {
					err = f.honest.Commit(to, data, expiry)
				}
				return renewed, err
			}
		},
		"a repeated Renew replaces the expiry": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				renewed, err := f.honest.Renew(background, from, to, old, data, expiry)
				_, _ = f.honest.Touch(background, to, expiry)
				return renewed, err
			}
		},
	},
	"a repeated Renew finds that the successor was revoked": {
		"a repeated Renew stores the successor again": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(from) && !f.isLive(to) {
					return true, f.honest.Commit(to, data, expiry)
				}
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"a repeated Renew reports success": func(f *faulty) {
			renewed := f.recordRenewals()
			honest := f.renew
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if successor, ok := renewed.Load(from); ok && successor == to {
					return true, nil
				}
				return honest(from, to, old, data, expiry)
			}
		},
	},
}

// recordRenewals makes Renew keep the successors.
func (f *faulty) recordRenewals() *sync.Map {
	successors := new(sync.Map)
	f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
		renewed, err := f.honest.Renew(background, from, to, old, data, expiry)
		if renewed {
			successors.Store(from, to)
		}
		return renewed, err
	}
	return successors
}
