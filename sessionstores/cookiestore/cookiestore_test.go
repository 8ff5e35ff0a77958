package cookiestore_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

const name = sessionstores.DefaultCookieName

func TestAnyNodeWithTheSecretReadsTheSession(t *testing.T) {
	b := signedIn(t, newSite(newStore()), "hello")
	if got := b.value(t, newSite(newStore())); got != "hello" {
		t.Errorf("another node reads %q", got)
	}
	if strings.Contains(b[name], "hello") {
		t.Error("the cookie can be read")
	}
}

func TestK2SecretsRotate(t *testing.T) {
	b := signedIn(t, newSite(cookiestore.New(secret)), "hello")
	if got := b.value(t, newSite(cookiestore.New(other, secret))); got != "hello" {
		t.Errorf("with the old secret second: %q", got)
	}
	w := b.get(t, newSite(cookiestore.New(other)), "/get")
	if w.Code != http.StatusOK || w.Body.String() != "" {
		t.Errorf("with the old secret gone: %d %q, want an anonymous 200", w.Code, w.Body)
	}
}

// K1, K6: what was changed, cut, expired, sealed by others or for another cookie is an anonymous session, never an error.
func TestK6WhatDoesNotOpenIsAnonymous(t *testing.T) {
	s := newSite(newStore())
	good := signedIn(t, s, "hello")
	good.get(t, s, "/record?v=tokens")
	flipped := []byte(good[name])
	flipped[len(flipped)/2] ^= 1
	renamed := sessionstores.New(newStore())
	renamed.Cookie.Name = "elsewhere"
	foreign := browser{}
	foreign.get(t, sessionstores.Middleware(renamed)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		renamed.Put(r.Context(), "v", "hello")
	})), "/")
	for what, value := range map[string]string{
		"tampered":             string(flipped),
		"truncated":            good[name][:len(good[name])-5],
		"count changed":        "2" + good[name][1:],
		"count missing":        good[name][2:],
		"empty":                "",
		"garbage":              "1.AAAA",
		"the record's cookie":  good[name+"_record"],
		"another cookie's":     foreign["elsewhere"],
		"of another secret":    signedIn(t, newSite(cookiestore.New(other)), "hello")[name],
		"a token of no secret": "1." + strings.Repeat("A", 400),
	} {
		w := browser{name: value}.get(t, s, "/get")
		if w.Code != http.StatusOK || w.Body.String() != "" || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %q %v", what, w.Code, w.Body, w.Header())
		}
	}
}

func TestK6ExpiredInsideTheSeal(t *testing.T) {
	s := newSite(newStore()) // outside of the bubble: scs.New leaves a goroutine behind
	synctest.Test(t, func(t *testing.T) {
		b := signedIn(t, s, "hello")
		time.Sleep(24*time.Hour - time.Minute)
		stolen := maps.Clone(b)
		if got := b.value(t, s); got != "hello" {
			t.Fatalf("within the idle time: %q", got)
		}
		time.Sleep(2 * time.Minute)
		if got := b.value(t, s); got != "hello" {
			t.Errorf("the request before moved the idle time on, and yet: %q", got)
		}
		if got := stolen.value(t, s); got != "" {
			t.Errorf("a copy from before is still good: %q", got)
		}
		for range 4 {
			time.Sleep(20 * time.Hour)
			b.get(t, s, "/get")
		}
		if got := b.value(t, s); got != "" {
			t.Errorf("past the absolute deadline: %q", got)
		}
	})
}

// S3 for cookies: a hundred reads set at most one cookie.
func TestReadsSetNoCookie(t *testing.T) {
	s := newSite(newStore()) // outside of the bubble: scs.New leaves a goroutine behind
	synctest.Test(t, func(t *testing.T) {
		b, set := signedIn(t, s, "hello"), 0
		time.Sleep(3 * time.Hour) // a tenth of the idle time, and more
		for range 100 {
			set += len(b.get(t, s, "/get").Result().Cookies())
		}
		if set != 1 {
			t.Errorf("100 reads set %d cookies, want 1", set)
		}
	})
}

func TestK3GrowAndShrink(t *testing.T) {
	s := newSite(newStore())
	b := signedIn(t, s, "small")
	for _, size := range []int{2900, 3500, 5000, 20, 5500, 3100, 1} {
		value := strings.Repeat("x", size)
		w := b.get(t, s, "/put?v="+value)
		for _, line := range w.Header().Values("Set-Cookie") {
			if len(line) > 4096 {
				t.Errorf("a cookie of %d bytes with its attributes", len(line))
			}
			for _, attribute := range []string{"Path=/", "HttpOnly", "SameSite=Lax"} {
				if !strings.Contains(line, attribute) { // one that is to go has to have them as well
					t.Errorf("%.40s… lacks %s", line, attribute)
				}
			}
		}
		if got := b.value(t, s); got != value {
			t.Fatalf("%d bytes came back as %d", size, len(got))
		}
		if want := size/3000 + 1; len(b) > want+1 {
			t.Errorf("%d bytes left the cookies %v", size, slices.Sorted(maps.Keys(b)))
		}
	}
	if len(b) != 1 {
		t.Errorf("parts were left behind: %v", slices.Sorted(maps.Keys(b)))
	}
}

// K3, K5: stale parts, missing ones, ones of another session, and in any order: never a wrong session.
func TestK5PartsNeverMix(t *testing.T) {
	s := newSite(newStore())
	first, second := signedIn(t, s, strings.Repeat("1", 5000)), signedIn(t, s, strings.Repeat("2", 5000))
	if len(first) != 2 {
		t.Fatalf("cookies: %v, want two parts", slices.Sorted(maps.Keys(first)))
	}
	cases := map[string]browser{
		"the second part missing":    {name: first[name]},
		"the first part missing":     {name + ".1": first[name+".1"]},
		"parts of two sessions":      {name: first[name], name + ".1": second[name+".1"]},
		"parts swapped":              {name: first[name+".1"], name + ".1": first[name]},
		"count too small":            {name: "1" + first[name][1:], name + ".1": first[name+".1"]},
		"count too large":            {name: "3" + first[name][1:], name + ".1": first[name+".1"]},
		"the second part as a third": {name: first[name], name + ".2": first[name+".1"]},
	}
	for what, b := range cases {
		if got := b.value(t, s); got != "" {
			t.Errorf("%s: a session with %.10q…", what, got)
		}
	}
	stale := maps.Clone(signedIn(t, s, "small"))
	stale[name+".1"], stale[name+".12"] = first[name+".1"], "left behind"
	if got := stale.value(t, s); got != "small" {
		t.Errorf("with stale parts beside it: %q", got)
	}
	stale.get(t, s, "/put?v=again")
	if len(stale) != 1 {
		t.Errorf("stale parts stay: %v", slices.Sorted(maps.Keys(stale)))
	}
}

func TestK5Duplicates(t *testing.T) {
	s := newSite(newStore())
	mine, theirs := signedIn(t, s, "mine")[name], signedIn(t, s, "theirs")[name]
	for what, c := range map[string]struct{ header, want string }{
		"two that open":                  {name + "=" + mine + "; " + name + "=" + theirs, ""},
		"the same one twice":             {name + "=" + mine + "; " + name + "=" + mine, "mine"},
		"garbage in front":               {name + "=1.tossed; " + name + "=" + mine, "mine"},
		"garbage behind":                 {name + "=" + mine + "; " + name + "=1.tossed", "mine"},
		"a flood in front of it":         {strings.Repeat(name+"=1.tossed; ", 100) + name + "=" + mine, ""},
		"names that only look like ours": {name + "x=" + theirs + "; x" + name + "=" + theirs + "; " + name + "=" + mine, "mine"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/get", nil)
		r.Header.Set("Cookie", c.header)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.Body.String() != c.want {
			t.Errorf("%s: %d %q, want %q", what, w.Code, w.Body, c.want)
		}
	}
}

func TestK4TooLarge(t *testing.T) {
	s := newSite(newStore())
	var refused error
	s.sessions.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		refused = err
		w.WriteHeader(http.StatusInternalServerError)
	}
	// The middleware has its own copy of the manager: make it again, with this ErrorFunc.
	put := sessionstores.Middleware(s.sessions)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.sessions.Put(r.Context(), "v", r.FormValue("v"))
	}))
	b := browser{}
	for _, size := range []int{7000, 14_000} {
		w := b.get(t, put, "/?v="+strings.Repeat("x", size))
		if w.Code != http.StatusInternalServerError || refused == nil || len(b) > 0 {
			t.Fatalf("%d bytes: %d, %v, cookies %d", size, w.Code, refused, len(b))
		}
		if !strings.Contains(refused.Error(), "bytes") || !strings.ContainsAny(refused.Error(), "0123456789") {
			t.Errorf("the error does not say how large: %v", refused)
		}
	}
}

func TestK4TokensGoFirst(t *testing.T) {
	s := newSite(newStore())
	b := signedIn(t, s, strings.Repeat("x", 3000))
	b.get(t, s, "/record?v="+strings.Repeat("t", 2000))
	if got := b.get(t, s, "/record").Body.Len(); got != 2000 {
		t.Fatalf("a record that fits came back with %d bytes", got)
	}
	b.get(t, s, "/record?v="+strings.Repeat("t", 4000))
	if got := b.get(t, s, "/record").Body.Len(); got != 0 {
		t.Errorf("a record that does not fit came back with %d bytes", got)
	}
	if got := b.value(t, s); len(got) != 3000 {
		t.Errorf("the session went with it: %d bytes", len(got))
	}
}

// A login writes the session and its record at the same time; the race detector watches.
func TestSessionAndRecordTogether(t *testing.T) {
	s := newSite(newStore())
	login := sessionstores.Middleware(s.sessions)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.sessions.Put(r.Context(), "v", "hello")
		if err := sessionstores.SetRecord(r.Context(), s.sessions, []byte("tokens")); err != nil {
			t.Error(err)
		}
	}))
	b := browser{}
	b.get(t, login, "/")
	if got := b.value(t, s) + " " + b.get(t, s, "/record").Body.String(); got != "hello tokens" {
		t.Errorf("the session and its record are %q", got)
	}
}

func TestRecordBelongsToItsSession(t *testing.T) {
	s := newSite(newStore())
	b, thief := signedIn(t, s, "mine"), signedIn(t, s, "theirs")
	b.get(t, s, "/record?v=tokens")
	thief.get(t, s, "/record?v=others")
	thief[name+"_record"] = b[name+"_record"]
	if got := thief.get(t, s, "/record").Body.String(); got != "" {
		t.Errorf("another session's record: %q", got)
	}
	b.get(t, s, "/destroy")
	if len(b) != 0 {
		t.Errorf("after the logout the browser has %v", slices.Sorted(maps.Keys(b)))
	}
}

func TestK7WithoutTheMiddleware(t *testing.T) {
	store := newStore()
	for what, err := range map[string]error{
		"Commit": store.Commit("t", nil, time.Now().Add(time.Hour)),
		"Delete": store.Delete("t"),
		"Find":   func() error { _, _, err := store.Find("t"); return err }(),
		"a job":  func() error { _, err := sessionstores.New(store).Load(context.Background(), "t"); return err }(),
	} {
		if !errors.Is(err, sessionstores.ErrMisused) || !strings.Contains(err.Error(), "sessionstores.Middleware") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestK8StolenCopy(t *testing.T) {
	for _, listed := range []bool{true, false} {
		t.Run("list of revocations: "+strconv.FormatBool(listed), func(t *testing.T) {
			store := newStore()
			if listed {
				store.Revocations = memstore.New()
			}
			s := newSite(store)
			b := signedIn(t, s, "hello")
			stolen := maps.Clone(b)
			b.get(t, s, "/destroy")
			want := map[bool]string{true: "", false: "hello"}[listed] // without a list: documented
			if got := stolen.value(t, s); got != want {
				t.Errorf("the copy reads %q after the logout, want %q", got, want)
			}
		})
	}
}

// K8: what another token took the place of is refused as well, whoever has kept a copy.
func TestReplacedSessionIsRevoked(t *testing.T) {
	for _, path := range []string{"/renew", "/login"} {
		store := newStore()
		store.Revocations = memstore.New()
		s := newSite(store)
		b := signedIn(t, s, "hello")
		stolen := maps.Clone(b)
		b.get(t, s, path)
		if got := stolen.value(t, s); got != "" {
			t.Errorf("K8: the copy reads %q after %s", got, path)
		}
		if got := b.value(t, s); got != "hello" {
			t.Errorf("the browser reads %q after %s", got, path)
		}
	}
}

func TestEndAll(t *testing.T) {
	store := newStore()
	if err := sessionstores.CanEndAll(sessionstores.New(store)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without a list: %v", err)
	}
	list := memstore.New()
	store.Revocations = list
	m := sessionstores.New(store)
	synctest.Test(t, func(t *testing.T) {
		login := func() browser {
			b := browser{}
			b.get(t, sessionstores.Middleware(m)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if err := sessionstores.Renew(r.Context(), m); err != nil {
					t.Error(err)
				}
				m.Put(r.Context(), "v", "hello")
				if err := sessionstores.SetNames(r.Context(), m, "user 1", "sid 2"); err != nil {
					t.Error(err)
				}
			})), "/")
			return b
		}
		reads := func(b browser) string {
			return b.get(t, sessionstores.Middleware(m)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write([]byte(m.GetString(r.Context(), "v")))
			})), "/").Body.String()
		}
		phone, desk := login(), login()
		if err := sessionstores.EndAll(t.Context(), m, "user 3"); err != nil || reads(phone) != "hello" {
			t.Fatalf("another's sessions ended: %v, and this one reads %q", err, reads(phone))
		}
		time.Sleep(time.Second)
		if err := sessionstores.EndAll(t.Context(), m, "user 1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if reads(phone) != "" || reads(desk) != "" {
			t.Errorf("after EndAll: %q and %q", reads(phone), reads(desk))
		}
		if again := login(); reads(again) != "hello" {
			t.Error("a new login is refused as well")
		}
		list.Close()
	})
}

// S11: when the list does not answer, nobody is let in by it, and nobody is signed out.
func TestListOfRevocationsDown(t *testing.T) {
	store, list := newStore(), &downStore{Store: memstore.New()}
	store.Revocations = list
	s := newSite(store)
	b := signedIn(t, s, "hello")
	list.down = true
	w := b.get(t, s, "/get")
	if w.Body.String() != "" || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("list down: %q, Set-Cookie %q", w.Body, w.Header().Get("Set-Cookie"))
	}
	if w := b.get(t, s, "/put?v=changed"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a change while the list is down: %d", w.Code)
	}
	list.down = false
	if got := b.value(t, s); got != "hello" {
		t.Errorf("back again: %q", got)
	}
}

type downStore struct {
	*memstore.Store
	down bool
}

func (s *downStore) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	if s.down {
		return nil, false, errors.New("down")
	}
	return s.Store.FindCtx(ctx, key)
}

func TestNewPanics(t *testing.T) {
	for what, secrets := range map[string][]string{"none": nil, "short": {secret, "short-and-private"}, "empty": {""}} {
		func() {
			defer func() {
				text, _ := recover().(string)
				if !strings.Contains(text, "AUTH0_SECRET") || strings.Contains(text, "short-and-private") {
					t.Errorf("%s: %q", what, text)
				}
			}()
			cookiestore.New(secrets...)
		}()
	}
}

var _ scs.Store = (*cookiestore.Store)(nil)
