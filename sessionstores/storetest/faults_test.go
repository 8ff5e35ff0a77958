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

var errRefused = errors.New("refused by the test")

// faults are mistakes that real stores make, each with the check that is there to catch it.
var faults = []struct {
	name, check string
	make        func(f *faulty)
}{
	{"commits are lost", "what is committed is found", func(f *faulty) {
		f.commit = func(string, []byte, time.Time) error { return nil }
	}},
	{"a session can be found once", "what is committed is found", func(f *faulty) {
		f.find = func(key string) ([]byte, bool, error) {
			data, found, err := f.honest.Find(key)
			return data, found, errors.Join(err, f.honest.Delete(key))
		}
	}},
	{"the first commit stays", "a commit replaces what was there", func(f *faulty) {
		f.commit = func(key string, data []byte, expiry time.Time) error {
			if _, found, _ := f.honest.Find(key); found {
				return nil
			}
			return f.honest.Commit(key, data, expiry)
		}
	}},
	{"Delete does nothing", "what is deleted is gone, and deleting it again is no error", func(f *faulty) {
		f.delete = func(string) error { return nil }
	}},
	{"Delete of an absent session is an error", "what is deleted is gone, and deleting it again is no error", func(f *faulty) {
		f.delete = func(key string) error {
			if found, _ := f.honest.Remove(context.Background(), key); !found {
				return errRefused
			}
			return nil
		}
	}},
	{"Delete keeps the key from being used again", "what is deleted is gone, and deleting it again is no error", func(f *faulty) {
		var deleted sync.Map
		f.delete = func(key string) error { deleted.Store(key, true); return f.honest.Delete(key) }
		f.commit = func(key string, data []byte, expiry time.Time) error {
			if _, ok := deleted.Load(key); ok {
				return nil
			}
			return f.honest.Commit(key, data, expiry)
		}
	}},
	{"a token that is no text is an error", "an unknown or malformed token is not found, without an error", func(f *faulty) {
		f.find = func(key string) ([]byte, bool, error) {
			if strings.Contains(key, "\x00") {
				return nil, false, errRefused
			}
			return f.honest.Find(key)
		}
	}},
	{"absent is an error", "an unknown or malformed token is not found, without an error", func(f *faulty) {
		f.find = func(key string) ([]byte, bool, error) {
			data, found, _ := f.honest.Find(key)
			if !found {
				return nil, false, errRefused
			}
			return data, true, nil
		}
	}},
	{"keys are compared without case", "keys that look alike are told apart", func(f *faulty) { f.mapKeys(strings.ToLower) }},
	{"keys are trimmed", "keys that look alike are told apart", func(f *faulty) { f.mapKeys(strings.TrimSpace) }},
	{"keys are cut to 64 bytes", "keys that look alike are told apart", func(f *faulty) {
		f.mapKeys(func(key string) string { return key[:min(len(key), 64)] })
	}},
	{"Delete takes a pattern", "keys that look alike are told apart", func(f *faulty) {
		f.delete = func(key string) error {
			all, _ := f.honest.All()
			for k := range all {
				if prefix, pattern := strings.CutSuffix(key, "*"); k == key || pattern && strings.HasPrefix(k, prefix) {
					_ = f.honest.Delete(k)
				}
			}
			return nil
		}
	}},
	{"data ends at a zero byte", "data is any bytes, from none to a megabyte", func(f *faulty) {
		f.commit = func(key string, data []byte, expiry time.Time) error {
			data, _, _ = bytes.Cut(data, []byte{0})
			return f.honest.Commit(key, data, expiry)
		}
	}},
	{"empty data is absent", "data is any bytes, from none to a megabyte", func(f *faulty) {
		f.find = func(key string) ([]byte, bool, error) {
			data, found, err := f.honest.Find(key)
			return data, found && len(data) > 0, err
		}
	}},
	{"data ends at 64 KB", "data is any bytes, from none to a megabyte", func(f *faulty) {
		f.commit = func(key string, data []byte, expiry time.Time) error {
			return f.honest.Commit(key, data[:min(len(data), 1<<16)], expiry)
		}
	}},
	{"a past expiry is none", "an expiry in the past keeps nothing", func(f *faulty) { f.commit = f.pastIsForever }},
	{"the zero time is none", "an expiry in the past keeps nothing", func(f *faulty) {
		f.commit = func(key string, data []byte, expiry time.Time) error {
			if expiry.IsZero() {
				expiry = inAnHour()
			}
			return f.honest.Commit(key, data, expiry)
		}
	}},
	{"a past expiry leaves the old data", "an expiry in the past keeps nothing", func(f *faulty) {
		f.commit = func(key string, data []byte, expiry time.Time) error {
			if expiry.Before(time.Now()) {
				return nil
			}
			return f.honest.Commit(key, data, expiry)
		}
	}},
	{"times are 32 bits", "an expiry in a hundred years is kept", func(f *faulty) {
		f.commit = func(key string, data []byte, expiry time.Time) error {
			return f.honest.Commit(key, data, time.Unix(int64(int32(expiry.Unix())), 0))
		}
	}},
	{"nothing expires", "an expired session is not found", func(f *faulty) {
		f.commit = func(key string, data []byte, _ time.Time) error { return f.honest.Commit(key, data, inAnHour()) }
	}},
	{"a commit keeps the expiry of the first", "an expired session is not found", func(f *faulty) {
		f.commit = func(key string, data []byte, expiry time.Time) error {
			if _, first, found, _ := f.honest.Get(context.Background(), key); found {
				expiry = first
			}
			return f.honest.Commit(key, data, expiry)
		}
	}},
	{"two calls at once get in each other's way", "concurrent use", func(f *faulty) {
		var busy atomic.Bool
		f.commit = func(key string, data []byte, expiry time.Time) error {
			if !busy.CompareAndSwap(false, true) {
				return errRefused
			}
			defer busy.Store(false)
			time.Sleep(time.Microsecond)
			return f.honest.Commit(key, data, expiry)
		}
	}},
	{"concurrent writes mix", "concurrent use", func(f *faulty) {
		f.commit = func(key string, data []byte, expiry time.Time) error {
			if old, found, _ := f.honest.Find(key); found {
				data = append(old[:len(old)/2], data[len(data)/2:]...)
			}
			return f.honest.Commit(key, data, expiry)
		}
	}},

	{"the methods with a context have keys of their own", "the methods with a context and those without agree", func(f *faulty) {
		f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
			return f.honest.CommitCtx(ctx, "ctx:"+key, data, expiry)
		}
	}},
	{"DeleteCtx does nothing", "the methods with a context and those without agree", func(f *faulty) {
		f.deleteCtx = func(context.Context, string) error { return nil }
	}},
	{"cancelled means absent", "a cancelled context gives an error or is ignored, and breaks nothing", func(f *faulty) {
		f.findCtx = func(ctx context.Context, key string) ([]byte, bool, error) {
			if ctx.Err() != nil {
				return nil, false, nil
			}
			return f.honest.FindCtx(ctx, key)
		}
	}},
	{"a cancelled commit says that it was done", "a cancelled context gives an error or is ignored, and breaks nothing", func(f *faulty) {
		f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
			if ctx.Err() != nil {
				return nil
			}
			return f.honest.CommitCtx(ctx, key, data, expiry)
		}
	}},
	{"a cancelled commit writes half", "a cancelled context gives an error or is ignored, and breaks nothing", func(f *faulty) {
		f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
			if ctx.Err() != nil {
				data = data[:len(data)/2]
			}
			return errors.Join(ctx.Err(), f.honest.CommitCtx(ctx, key, data, expiry))
		}
	}},
	{"a cancelled delete says that it was done", "a cancelled context gives an error or is ignored, and breaks nothing", func(f *faulty) {
		f.deleteCtx = func(context.Context, string) error { return nil }
	}},

	{"All is nil", "All has the sessions that are live", func(f *faulty) {
		f.all = func() (map[string][]byte, error) { return nil, nil }
	}},
	{"All forgets", "All has the sessions that are live", func(f *faulty) {
		f.all = func() (map[string][]byte, error) { return map[string][]byte{}, nil }
	}},
	{"All has what was deleted", "All has the sessions that are live", func(f *faulty) { f.all = f.everKept() }},
	{"AllCtx has what was deleted", "AllCtx has the sessions that are live", func(f *faulty) { f.all = f.everKept() }},

	{"keys are cleaned", "keys are any bytes", func(f *faulty) {
		f.mapKeys(func(key string) string { return strings.ToValidUTF8(strings.Trim(key, "\x00"), "") })
	}},
	{"Get says the wrong time", "Get finds what FindCtx finds, and says when it expires", func(f *faulty) {
		f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
			data, _, found, err := f.honest.Get(ctx, key)
			return data, time.Now().Add(time.Hour), found, err
		}
	}},
	{"Update creates", "Update replaces data and expiry, and creates nothing", func(f *faulty) {
		f.update = func(_ context.Context, key string, data []byte, expiry time.Time) (bool, error) {
			return true, f.honest.Commit(key, data, expiry)
		}
	}},
	{"Update says no and creates", "Update replaces data and expiry, and creates nothing", func(f *faulty) {
		f.update = func(_ context.Context, key string, data []byte, expiry time.Time) (bool, error) {
			_, found, _ := f.honest.Find(key)
			return found, f.honest.Commit(key, data, expiry)
		}
	}},
	{"Update keeps the expiry", "Update replaces data and expiry, and creates nothing", func(f *faulty) {
		f.update = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
			if _, old, found, _ := f.honest.Get(ctx, key); found {
				expiry = old
			}
			return f.honest.Update(ctx, key, data, expiry)
		}
	}},
	{"Touch does nothing", "Touch replaces the expiry, keeps the data, and creates nothing", func(f *faulty) {
		f.touch = func(_ context.Context, key string, _ time.Time) (bool, error) {
			_, found, err := f.honest.Find(key)
			return found, err
		}
	}},
	{"Touch creates", "Touch replaces the expiry, keeps the data, and creates nothing", func(f *faulty) {
		f.touch = func(_ context.Context, key string, expiry time.Time) (bool, error) {
			data, found, _ := f.honest.Find(key)
			return found, f.honest.Commit(key, data, expiry)
		}
	}},
	{"Touch loses the data", "Touch replaces the expiry, keeps the data, and creates nothing", func(f *faulty) {
		f.touch = func(ctx context.Context, key string, expiry time.Time) (bool, error) {
			return f.honest.Update(ctx, key, nil, expiry)
		}
	}},
	{"Remove always says yes", "Remove says whether the session was there", func(f *faulty) {
		f.remove = func(_ context.Context, key string) (bool, error) { return true, f.honest.Delete(key) }
	}},
	{"Remove finds, then deletes", "one of many concurrent calls of Remove finds the session", func(f *faulty) {
		f.remove = func(ctx context.Context, key string) (bool, error) {
			_, found, _ := f.honest.Find(key)
			pause()
			return found, f.honest.Delete(key)
		}
	}},
	{"Update finds, then commits", "an Update or Touch that overlaps a Remove brings nothing back", func(f *faulty) {
		f.update = func(_ context.Context, key string, data []byte, expiry time.Time) (bool, error) {
			if _, found, _ := f.honest.Find(key); !found {
				return false, nil
			}
			pause()
			return true, f.honest.Commit(key, data, expiry)
		}
	}},
	{"Touch finds, then commits", "an Update or Touch that overlaps a Remove brings nothing back", func(f *faulty) {
		f.touch = func(_ context.Context, key string, expiry time.Time) (bool, error) {
			data, found, _ := f.honest.Find(key)
			if !found {
				return false, nil
			}
			pause()
			return true, f.honest.Commit(key, data, expiry)
		}
	}},
	{"CommitCtx keeps a past expiry for ever", "an expiry in the past removes what is there, without an error", func(f *faulty) {
		f.commitCtx = func(_ context.Context, key string, data []byte, expiry time.Time) error {
			return f.pastIsForever(key, data, expiry)
		}
	}},
	{"Update refuses a past expiry", "an expiry in the past removes what is there, without an error", func(f *faulty) {
		f.update = func(ctx context.Context, key string, data []byte, expiry time.Time) (bool, error) {
			if expiry.Before(time.Now()) {
				return false, errRefused
			}
			return f.honest.Update(ctx, key, data, expiry)
		}
	}},
	{"Touch ignores a past expiry", "an expiry in the past removes what is there, without an error", func(f *faulty) {
		f.touch = func(ctx context.Context, key string, expiry time.Time) (bool, error) {
			if expiry.Before(time.Now()) {
				return false, nil
			}
			return f.honest.Touch(ctx, key, expiry)
		}
	}},
	{"Renew says that it stored what has expired", "an expiry in the past removes what is there, without an error", func(f *faulty) {
		f.renew = func(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error) {
			_, err := f.honest.Renew(ctx, oldKey, newKey, data, expiry)
			return true, err
		}
	}},
	{"what Renew stores never expires", "an expired session is there for nobody", func(f *faulty) {
		f.renew = func(ctx context.Context, oldKey, newKey string, data []byte, _ time.Time) (bool, error) {
			return f.honest.Renew(ctx, oldKey, newKey, data, inAnHour())
		}
	}},
	{"Touch revives what has expired", "an expired session is there for nobody", func(f *faulty) {
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
	}},
	{"CommitCtx changes what it was given", "the data that was given is neither changed nor kept", func(f *faulty) {
		f.commitCtx = func(ctx context.Context, key string, data []byte, expiry time.Time) error {
			defer clear(data)
			return f.honest.CommitCtx(ctx, key, data, expiry)
		}
	}},
	{"Update keeps what it was given", "the data that was given is neither changed nor kept", func(f *faulty) {
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
	}},
	{"Get hands out what is stored", "the data that is handed out is the caller's own", func(f *faulty) {
		stored := map[string][]byte{}
		f.get = func(ctx context.Context, key string) ([]byte, time.Time, bool, error) {
			data, expiry, found, err := f.honest.Get(ctx, key)
			if _, ok := stored[key]; !ok {
				stored[key] = data
			}
			return stored[key], expiry, found, err
		}
	}},

	{"Renew stores nothing", "Renew stores the successor, and the old session stays gone", func(f *faulty) {
		f.renew = func(context.Context, string, string, []byte, time.Time) (bool, error) { return true, nil }
	}},
	{"Renew brings the old session back", "Renew stores the successor, and the old session stays gone", func(f *faulty) {
		f.renew = func(ctx context.Context, oldKey, newKey string, data []byte, expiry time.Time) (bool, error) {
			_ = f.honest.Commit(oldKey, data, expiry)
			return f.honest.Renew(ctx, oldKey, newKey, data, expiry)
		}
	}},
	{"End of an absent session is an error", "End removes the session, is no error for an absent one, and can be repeated", func(f *faulty) {
		f.end = func(ctx context.Context, key string) error {
			if _, found, _ := f.honest.Find(key); !found {
				return errRefused
			}
			return f.honest.End(ctx, key)
		}
	}},
	{"Renew does not ask about End", "Renew after End finds nothing", func(f *faulty) {
		f.renew = func(_ context.Context, _, newKey string, data []byte, expiry time.Time) (bool, error) {
			return true, f.honest.Commit(newKey, data, expiry)
		}
	}},
	{"End is Delete", "End after Renew ends the successor, and the successor's", func(f *faulty) {
		f.end = f.honest.DeleteCtx
	}},
	{"End reaches one successor only", "End after Renew ends the successor, and the successor's", func(f *faulty) { f.endOneHop() }},
	{"End does not reach a renewal under way", "End ends a renewal of a successor that is under way", func(f *faulty) { f.endOneHop() }},
	{"End ends everybody", "End leaves other sessions alone", func(f *faulty) {
		f.end = func(ctx context.Context, key string) error {
			all, _ := f.honest.All()
			for k := range all {
				_ = f.honest.End(ctx, k)
			}
			return f.honest.End(ctx, key)
		}
	}},
	{"Renew asks about End, then commits", "End wins against renewals at the same time", func(f *faulty) {
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
	}},
	{"the marks of ended sessions are sessions", "what is remembered of renewals and logouts is no session", func(f *faulty) {
		f.end = func(ctx context.Context, key string) error {
			_ = f.honest.End(ctx, key)
			return f.honest.Commit("ended:"+key, nil, inAnHour())
		}
	}},
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

// pause widens the gap between asking and acting, so that a race is lost within a few rounds.
func pause() { time.Sleep(200 * time.Microsecond) }
