package storetest

import (
	"bytes"
	"sync/atomic"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// These methods look and then write, with a pause in between.
var raceFaults = faultTable{
	"concurrent updates lose nothing": {
		"Update compares, then stores": func(f *faulty) {
			f.update = f.updateInTwoSteps
		},
	},
	"Update and Touch bring back no session that is removed meanwhile": {
		"Update compares, then stores": func(f *faulty) {
			f.update = f.updateInTwoSteps
		},
		"Touch finds, then stores": func(f *faulty) {
			f.touch = func(key string, expiry time.Time) (bool, error) {
				data, found, _ := f.honest.Find(key)
				if !found {
					return false, nil
				}
				pause()
				return true, f.honest.Commit(key, data, expiry)
			}
		},
	},
	"Touch does not undo a concurrent Update": {
		"Touch writes back the data it has read": func(f *faulty) {
			f.touch = func(key string, expiry time.Time) (bool, error) {
				data, found, _ := f.honest.Find(key)
				pause()
				if !found || !f.isLive(key) {
					return false, nil
				}
				return true, f.honest.Commit(key, data, expiry)
			}
		},
	},
	"of Update and a concurrent Renew one succeeds": {
		"Renew compares, then stores": func(f *faulty) { f.renew = f.renewInTwoSteps },
	},
	"of concurrent renewals to different keys one succeeds": {
		"Renew compares, then stores": func(f *faulty) { f.renew = f.renewInTwoSteps },
	},
	"concurrent renewals to the same key succeed": {
		"Renew fails while another is in progress": func(f *faulty) {
			var busy atomic.Bool
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if !busy.CompareAndSwap(false, true) {
					return false, nil
				}
				defer busy.Store(false)
				pause()
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
		"Renew removes the session, then stores the successor": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if !f.isLive(from) && !f.hasTombstone(from) {
					return false, nil
				}
				_ = f.honest.Delete(from)
				pause()
				_ = f.honest.Commit(from, old, inAnHour())
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
	},
	"Revoke removes a session that is created meanwhile": {
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
	"Revoke removes a session that is renewed meanwhile": {
		"Renew compares, then stores": func(f *faulty) { f.renew = f.renewInTwoSteps },
	},
	"Revoke of the new key stops a concurrent Renew": {
		"Renew looks for a tombstone, then stores": func(f *faulty) {
			f.renew = func(from, to string, old, data []byte, expiry time.Time) (bool, error) {
				if f.hasTombstone(to) {
					return false, nil
				}
				pause()
				f.removeTombstone(to)
				return f.honest.Renew(background, from, to, old, data, expiry)
			}
		},
	},
	"of concurrent revocations one finds the session": {
		"Revoke finds, then removes": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				found := f.isLive(key)
				pause()
				late, err := f.honest.Revoke(background, key)
				return found || late, err
			}
		},
	},
}

func (f *faulty) updateInTwoSteps(key string, old, data []byte, expiry time.Time) (bool, error) {
	stored, found, _ := f.honest.Find(key)
	if !found {
		return false, nil
	}
	if !bytes.Equal(stored, old) && !bytes.Equal(stored, data) {
		return true, sessionstores.ErrConflict
	}
	pause()
	return true, f.honest.Commit(key, data, expiry)
}

func (f *faulty) renewInTwoSteps(
	from, to string, old, data []byte, expiry time.Time,
) (bool, error) {
	stored, found, _ := f.honest.Find(from)
	if !found || f.hasTombstone(to) {
		return false, nil
	}
	if !bytes.Equal(stored, old) {
		return false, sessionstores.ErrConflict
	}
	pause()
	_ = f.honest.Commit(from, old, expiry)
	if renewed, err := f.honest.Renew(background, from, to, old, data, expiry); renewed {
		return renewed, err
	}
	return true, f.honest.Commit(to, data, expiry)
}
