package sessionstores_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// A tossed cookie was set by another host of the same domain, such as a sibling that an attacker
// controls. The browser sends it beside the cookies of this host.

// readWith returns the user and the attachment that a request with a Cookie header reads.
func readWith(s *site, cookies string) (user, attachment string) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", cookies)
	s.mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user = s.m.GetString(r.Context(), "user")
		data, err := sessionstores.Attachment(r.Context(), s.m)
		assertNoError(s.tb, "Attachment", err)
		attachment = string(data)
	})).ServeHTTP(httptest.NewRecorder(), r)

	return user, attachment
}

func TestTossedCookiesOfAnotherSessionDoNotHideTheOwn(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	synctest.Test(t, func(t *testing.T) {
		own, other := signedIn(s, s.setAttachment("own")), signedIn(s, s.setAttachment("other"))
		time.Sleep(20 * time.Hour)
		own.visit(s, s.read)
		other.visit(s, s.read)
		time.Sleep(5 * time.Hour) // the session has expired without its idle cookie

		header := ""
		for name, value := range own {
			if name != cookieName {
				header += name + "=" + other[name] + "; "
			}
			header += name + "=" + value + "; "
		}
		user, attachment := readWith(s, header)
		assertEqual(t, "user", user, "ann")
		assertEqual(t, "attachment", attachment, "own")
	})
}

func TestTossedCookieOfAnOldAttachmentIsNotUsed(t *testing.T) {
	s := newCookieSite(t, newCookieStore())
	b := signedIn(s, s.setAttachment("old tokens"))
	name := cookieName + "_attachment"
	old := b[name]
	b.visit(s, s.setAttachment("new tokens"))
	header := name + "=" + old + "; " + name + "=" + b[name]
	user, attachment := readWith(s, cookieName+"="+b[cookieName]+"; "+header)
	assertEqual(t, "user", user, "ann")
	assertEqual(t, "attachment", attachment, "")
}
