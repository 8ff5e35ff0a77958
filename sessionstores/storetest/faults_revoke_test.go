package storetest

var revokeFaults = faultTable{
	"Revoke removes a session and can be repeated": {
		"Revoke does nothing": func(f *faulty) {
			f.revoke = func(key string) (bool, error) { return f.isLive(key), nil }
		},
		"Revoke is Delete": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				found := f.isLive(key)
				return found, f.honest.Delete(key)
			}
		},
		"Revoke returns true always": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				_, err := f.honest.Revoke(background, key)
				return true, err
			}
		},
		"a repeated Revoke fails": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				if f.hasTombstone(key) {
					return false, errRefused
				}
				return f.honest.Revoke(background, key)
			}
		},
		"a repeated Revoke removes the tombstone": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				if f.hasTombstone(key) {
					f.removeTombstone(key)
					return false, nil
				}
				return f.honest.Revoke(background, key)
			}
		},
	},
	"Revoke leaves a tombstone where nothing was": {
		"Revoke of an absent session does nothing": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				if !f.isLive(key) && !f.hasTombstone(key) {
					return false, nil
				}
				return f.honest.Revoke(background, key)
			}
		},
	},
	"Revoke follows the successors": {
		"Revoke does not follow a successor": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				if f.hasTombstone(key) {
					return false, nil
				}
				return f.honest.Revoke(background, key)
			}
		},
		"Revoke follows one successor": func(f *faulty) {
			successors := f.recordRenewals()
			f.revoke = func(key string) (bool, error) {
				next, ok := successors.Load(key)
				if !ok {
					return f.honest.Revoke(background, key)
				}
				if f.isLive(next.(string)) {
					return f.honest.Revoke(background, key)
				}
				return false, nil
			}
		},
		"Revoke returns false for a successor": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				live := f.isLive(key)
				_, err := f.honest.Revoke(background, key)
				return live, err
			}
		},
		"the successor gets no tombstone": func(f *faulty) {
			successors := f.recordRenewals()
			f.revoke = func(key string) (bool, error) {
				found, err := f.honest.Revoke(background, key)
				if next, ok := successors.Load(key); ok {
					f.removeTombstone(next.(string))
				}
				return found, err
			}
		},
	},
	"Revoke follows a successor that was deleted": {
		"Revoke leaves no tombstone for a deleted successor": func(f *faulty) {
			successors := f.recordRenewals()
			f.revoke = func(key string) (bool, error) {
				last := key
				for next, ok := successors.Load(last); ok; next, ok = successors.Load(last) {
					last = next.(string)
				}
				live := f.isLive(last)
				found, err := f.honest.Revoke(background, key)
				if !live {
					f.removeTombstone(last)
				}
				return found, err
			}
		},
	},
	"Revoke leaves other sessions alone": {
		"Revoke revokes all sessions": func(f *faulty) {
			f.revoke = func(key string) (bool, error) {
				all, _ := f.honest.All()
				for other := range all {
					_, _ = f.honest.Revoke(background, other)
				}
				return true, nil
			}
		},
	},
}
