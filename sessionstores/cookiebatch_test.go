package sessionstores_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

func filler(size int) string { return strings.Repeat("x", size) }

func TestCookieSessionGrowsAndShrinks(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	b := signedIn(s)
	for _, size := range []int{2700, 3500, 5000, 20, 5100, 3100, 1} {
		res := b.visit(s, s.put("v", filler(size)))
		for _, line := range res.Header["Set-Cookie"] {
			if len(line) > 4096 {
				t.Errorf("%d bytes: got a cookie of %d bytes, want at most 4096", size, len(line))
			}
			for _, attribute := range []string{"Path=/", "HttpOnly", "SameSite=Lax"} {
				if !strings.Contains(line, attribute) {
					t.Errorf("%d bytes: got %.40q, want %s in it", size, line, attribute)
				}
			}
		}
		assertEqual(t, "size of the value", len(b.value(s, "v")), size)
		assertEqual(t, strconv.Itoa(size)+" bytes: cookies", len(b), 1+size/2751)
	}
}

// saveError returns what Save reports for a change.
func (b browser) saveError(s *site, act act) (err error) {
	b.visit(s, act, func(ctx context.Context) { err = sessionstores.Save(ctx, s.m) })
	return err
}

func TestCookieSessionThatIsTooLarge(t *testing.T) {
	for name, tt := range map[string]struct {
		headerBytes, size int
		others            browser
		want              string
	}{
		"for a browser":          {1 << 20, 14_000, nil, "4 cookies"},
		"for a request":          {1 << 20, 6000, nil, "7500"},
		"for a response":         {0, 3500, nil, "4096"},
		"with cookies of others": {1 << 20, 3000, browser{"other": filler(3500)}, "7500"},
		"with cookies of one's own": {
			1 << 20, 100, browser{"one": filler(3800), "two": filler(3600)}, "7500",
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newCookieStore()
			store.HeaderBytes = tt.headerBytes
			s := newCookieSite(t, store)
			b := signedIn(s)
			maps.Copy(b, tt.others)
			before := maps.Clone(b)

			err := b.saveError(s, s.put("v", filler(tt.size)))
			assertError(t, "Save", err, sessionstores.ErrTooLarge)
			if err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want the limit %s in it", err, tt.want)
			}
			if !maps.Equal(b, before) {
				t.Errorf("cookies: got %s, want no change", b.names())
			}
			res := b.visit(s, s.put("v", filler(tt.size)))
			assertEqual(t, "status", res.StatusCode, http.StatusInternalServerError)
		})
	}
}

func TestTokensAreDroppedBeforeTheSession(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	b := signedIn(s, s.put("v", filler(3000)), s.setAttachment(filler(1500)))
	assertEqual(t, "attachment that fits", len(b.attachment(s)), 1500)

	res := b.visit(s, s.setAttachment(filler(4000)))
	assertEqual(t, "status", res.StatusCode, http.StatusOK)
	assertEqual(t, "attachment that does not fit", len(b.attachment(s)), 0)
	assertEqual(t, "value", len(b.value(s, "v")), 3000)

	b = signedIn(s, s.put("v", filler(3000)), s.setAttachment(filler(4000)))
	assertEqual(t, "attachment of a login that does not fit", len(b.attachment(s)), 0)
	assertEqual(t, "value of the login", len(b.value(s, "v")), 3000)

	b = signedIn(s, s.setAttachment(filler(3500)))
	b.visit(s, s.put("v", filler(3000)))
	assertEqual(t, "attachment that no longer fits", len(b.attachment(s)), 0)
	assertEqual(t, "value that fits without it", len(b.value(s, "v")), 3000)
}

func TestCookiesOfTheHandlerCount(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	b := signedIn(s)
	res := b.serve(s, func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"one", "two"} {
			http.SetCookie(w, &http.Cookie{Name: name, Value: filler(2500)})
		}
		s.m.Put(r.Context(), "v", filler(3000))
		err := sessionstores.Save(r.Context(), s.m)
		assertError(t, "Save", err, sessionstores.ErrTooLarge)
		s.m.Remove(r.Context(), "v")
	})
	assertEqual(t, "status of a session that fits", res.StatusCode, http.StatusOK)

	b["one"], b["two"] = filler(3500), filler(3500)
	b.serve(s, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "one", MaxAge: -1})
		s.m.Put(r.Context(), "v", filler(1000))
		assertNoError(t, "Save with a cookie deleted", sessionstores.Save(r.Context(), s.m))
	})
}

func TestHeadersOfTheHandlerCount(t *testing.T) {
	s := newCookieSite(t, cookiestore.New(cookieSecret))
	b := signedIn(s)
	b.serve(s, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", filler(3000))
		s.m.Put(r.Context(), "v", filler(800))
		err := sessionstores.Save(r.Context(), s.m)
		assertError(t, "Save", err, sessionstores.ErrTooLarge)
	})
}

func TestRenewalThatDoesNotFitKeepsTheSession(t *testing.T) {
	s := newCookieSite(t, newRevocableStore(t))
	for name, act := range map[string]act{"a renewal": s.renew, "a login": s.login("bob")} {
		b := signedIn(s)
		res := b.visit(s, act, s.put("v", filler(9000)))
		assertEqual(t, name+": status", res.StatusCode, http.StatusInternalServerError)
		assertEqual(t, name+": user", b.value(s, "user"), "ann")
	}
}

func TestRenewalThatCannotBeRevokedKeepsTheSession(t *testing.T) {
	revocations := newSpyStore(t)
	store := newCookieStore()
	store.Revocations = contextStore{revocations}
	s := newCookieSite(t, store)
	for name, act := range map[string]act{
		"a renewal": s.renew, "a login": s.login("bob"), "a logout": s.destroy,
	} {
		b := signedIn(s)
		revocations.failBefore("Commit")
		res := b.visit(s, act)
		revocations.failBefore()
		assertEqual(t, name+": status", res.StatusCode, http.StatusServiceUnavailable)
		assertEqual(t, name+": user", b.value(s, "user"), "ann")
	}
}

func TestDomainOfTheCookieChanges(t *testing.T) {
	store := newCookieStore()
	before, after := newCookieSite(t, store), sessionstores.New(store)
	after.Cookie.Domain = "app.example"
	b := signedIn(before)

	s := newSite(t, after)
	res := b.send(s, s.put("cart", "tea"))
	var hostOnly, withDomain bool
	for _, c := range res.Cookies() {
		hostOnly = hostOnly || c.Domain == "" && c.MaxAge < 0
		withDomain = withDomain || c.Domain == "app.example" && c.MaxAge > 0
	}
	if !hostOnly || !withDomain {
		t.Errorf("got %q, want the cookie without Domain replaced", res.Header["Set-Cookie"])
	}
}

func TestErrTooLargeIsNoOutage(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	err := signedIn(s).saveError(s, s.put("v", filler(20_000)))
	if errors.Is(err, sessionstores.ErrUnavailable) {
		t.Errorf("got %v, want no ErrUnavailable", err)
	}
}
