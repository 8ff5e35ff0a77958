package chiauth0

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestKeySet(t *testing.T) {
	t.Parallel()
	one, two := newSigner(t, "1"), newSigner(t, "2")
	unknown, impostor := newSigner(t, "x"), newSigner(t, "1")
	for name, test := range map[string]func(t *testing.T, k *keyTest){
		"good tokens fetch the keys once an hour": func(_ *testing.T, k *keyTest) {
			for range 5 {
				k.expect(one, true, 1)
			}
			time.Sleep(59 * time.Minute)
			k.expect(one, true, 1)
			time.Sleep(2 * time.Minute)
			k.expect(one, true, 2)
		},
		"bad tokens with any key ID fetch the keys once in 10 s": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			for range 20 {
				k.expect(unknown, false, 1)
				k.expect(impostor, false, 1)
			}
			time.Sleep(keysBackoff)
			for range 20 {
				k.expect(impostor, false, 2)
				k.expect(unknown, false, 2)
			}
			time.Sleep(keysBackoff - time.Millisecond)
			k.expect(unknown, false, 2)
			time.Sleep(time.Millisecond)
			k.expect(unknown, false, 3)
			k.expect(one, true, 3)
		},
		"bad tokens at once fetch the keys once": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.atOnce(unknown, false, 2)
		},
		"first tokens at once fetch the keys once": func(_ *testing.T, k *keyTest) {
			k.atOnce(one, true, 1)
		},
		"a new key is found, and the old one is still accepted": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.publish(one, two)
			k.expect(two, true, 2)
			k.expect(one, true, 2)
		},
		"a new key with a known ID is found": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			time.Sleep(time.Minute)
			k.publish(impostor)
			k.expect(impostor, true, 2)
			k.expect(one, false, 2)
		},
		"a withdrawn key is refused after an hour": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			k.publish(two)
			time.Sleep(keysFreshFor)
			k.expect(one, true, 1)
			time.Sleep(time.Second)
			k.expect(one, false, 2)
			k.expect(two, true, 2)
		},
		"old keys are used for a day while fetches fail": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			k.server.err = errors.New("no connection")
			time.Sleep(2 * time.Hour)
			k.expect(one, true, 2)
			k.expect(one, true, 2)
			k.expect(unknown, false, 2)
			time.Sleep(keysBackoff)
			k.expect(one, true, 3)
			time.Sleep(keysUsableFor - 3*time.Hour)
			k.expect(one, true, 4)
			time.Sleep(2 * time.Hour)
			k.expect(one, false, 5)
			k.server.err = nil
			k.expect(one, true, 6)
		},
		"an empty key set is a failure": func(_ *testing.T, k *keyTest) {
			k.expect(one, true, 1)
			k.publish()
			time.Sleep(2 * time.Hour)
			k.expect(one, true, 2)
		},
		"missing keys are ErrUnavailable": func(t *testing.T, k *keyTest) {
			k.server.err = errors.New("no connection")
			_, err := k.verify(t.Context(), one.sign(), k.alg, 0)
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("the error is %v, want ErrUnavailable", err)
			}
		},
		"a caller may back off while there are no keys": func(t *testing.T, k *keyTest) {
			k.server.err = errors.New("no connection")
			for range 20 {
				_, err := k.verify(t.Context(), one.sign(), k.alg, time.Second)
				if !errors.Is(err, ErrUnavailable) {
					t.Errorf("the error is %v, want ErrUnavailable", err)
				}
			}
			if k.server.fetches != 1 {
				t.Errorf("%d fetches within a second, want 1", k.server.fetches)
			}
		},
		"a fetch takes 10 s at most": func(t *testing.T, k *keyTest) {
			k.server.takes = time.Hour
			began := time.Now()
			verifies := k.verifies(one)
			if took := time.Since(began); verifies || took != upstreamTimeout {
				t.Errorf("verifies %t after %v, want false after %v",
					verifies, took, upstreamTimeout)
			}
		},
		"a cancelled caller does not end the fetch of the others": func(t *testing.T, k *keyTest) {
			k.server.takes = 5 * time.Second
			impatient, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := k.verify(impatient, one.sign(), k.alg, 0)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the error is %v, want context.DeadlineExceeded", err)
				}
			})
			synctest.Wait()
			k.expect(one, true, 1)
			wg.Wait()
		},
		"a key verifies tokens with its ID or without one": func(_ *testing.T, k *keyTest) {
			k.expect(signer{one.t, one.key, "other"}, false, 1)
			k.expect(signer{one.t, one.key, ""}, true, 1)
		},
		"a key for encryption does not verify": func(_ *testing.T, k *keyTest) {
			k.server.set.Keys[0].Use = "enc"
			k.expect(one, false, 1)
		},
		"another algorithm does not verify": func(_ *testing.T, k *keyTest) {
			k.alg = "RS256"
			k.expect(one, false, 0)
		},
		"a key without an algorithm verifies": func(_ *testing.T, k *keyTest) {
			k.server.set.Keys[0].Algorithm = ""
			k.expect(one, true, 1)
		},
		"a key for another curve does not verify": func(_ *testing.T, k *keyTest) {
			k.server.set.Keys[0].Algorithm = "ES384"
			k.expect(one, false, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, newKeyTest(t, one)) })
		})
	}
}

// Two tokens that are verified with the same old keys share one fetch, although the first fetch
// has ended when the second is asked for.
func TestRefreshAfterRefresh(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"after a success": nil,
		"after a failure": errors.New("no connection"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := newKeyTest(t, newSigner(t, "1"))
				if _, err := k.refresh(t.Context(), nil, 0); err != nil {
					t.Fatal(err)
				}
				old := k.current.Load()
				time.Sleep(time.Minute)
				k.server.err = err
				for range 2 {
					if _, err := k.refresh(t.Context(), old, 0); err != nil {
						t.Errorf("refresh with usable keys: %v", err)
					}
				}
				if k.server.fetches != 2 {
					t.Errorf("%d fetches, want 2: the first, and one for both", k.server.fetches)
				}
			})
		})
	}
}

// Two first tokens share one fetch as well.
func TestFirstRefreshAfterFirstRefresh(t *testing.T) {
	t.Parallel()
	k := newKeyTest(t, newSigner(t, "1"))
	for range 2 {
		if _, err := k.refresh(t.Context(), nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	if k.server.fetches != 1 {
		t.Errorf("%d fetches, want 1", k.server.fetches)
	}
}
