package sessionstores

import (
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// maxRequestCookies is how long the Cookie header of a browser may get. nginx, Apache and others
// answer 400 to a header line of more than 8 KB, and do so until the visitor deletes the cookies.
const maxRequestCookies = 7500

// otherHeaders is what the header of a response has beside the fields that the handler sets: the
// status, Date, Content-Length, Connection and the like.
const otherHeaders = 200

// A cookieBatch collects the cookies of a session for one response.
type cookieBatch struct {
	rs         *requestSession
	cookie     *scs.SessionCookie
	limit      int // of the response's header
	expires    time.Time
	persistent bool
	values     map[string]string // by the cookie's name; empty for one that is removed
	order      []string
}

func newCookieBatch(rs *requestSession, limit int, p *payload) *cookieBatch {
	return &cookieBatch{
		rs:         rs,
		cookie:     &rs.loader.writer.Cookie,
		limit:      limit,
		expires:    p.deadline,
		persistent: p.persistent,
		values:     make(map[string]string),
	}
}

func (b *cookieBatch) set(name, value string) {
	if _, ok := b.values[name]; !ok {
		b.order = append(b.order, name)
	}
	b.values[name] = value
}

func (b *cookieBatch) remove(name string) {
	b.set(name, "")
}

// headers adds the cookies to h. It removes the parts that a longer value has left in the browser.
func (b *cookieBatch) headers(h http.Header) error {
	for _, name := range b.order {
		var parts []part
		if value := b.values[name]; value != "" {
			var err error
			if parts, err = splitCookie(name, value, b.attributes()); err != nil {
				return err
			}
		}

		sent := make(map[string]bool, len(parts))
		for _, part := range parts {
			sent[part.name] = true
			setCookie(h, b.cookie, part.name, part.value, b.expires, b.persistent)
		}
		for cookie := range requestCookies(b.rs.cookies) {
			if _, ok := partIndex(cookie, name); ok && !sent[cookie] {
				sent[cookie] = true
				deleteCookie(h, b.cookie, cookie)
			}
		}
	}

	return nil
}

// attributes returns the length of what a cookie has beside its name and value.
func (b *cookieBatch) attributes() int {
	cookie := *b.cookie
	cookie.Domain = ""
	h := http.Header{}
	setCookie(h, &cookie, "n", "v", b.expires, b.persistent)

	size := len(h.Get("Set-Cookie")) - len("nv")
	if b.cookie.Domain != "" {
		size += len("; Domain=") + len(b.cookie.Domain)
	}

	return size
}

// check returns ErrTooLarge if the cookies do not fit, into the response or into the requests that
// follow it.
func (b *cookieBatch) check() error {
	h := b.rs.Header().Clone()
	if err := b.headers(h); err != nil {
		return err
	}

	if size := headerSize(h); size > b.limit {
		return fmt.Errorf("%w: the header of the response has %d bytes, and %d are allowed: "+
			"keep less in the session, raise the HeaderBytes of the cookiestore, "+
			"or keep sessions on a server",
			ErrTooLarge, size, b.limit)
	}
	if size := requestCookieSize(b.rs.cookies, h["Set-Cookie"]); size > maxRequestCookies {
		return fmt.Errorf("%w: the cookies of a request would have %d bytes, and %d are possible: "+
			"keep less in the session, or keep sessions on a server",
			ErrTooLarge, size, maxRequestCookies)
	}

	return nil
}

// send adds the cookies to the response. What is split too often has been found by check.
func (b *cookieBatch) send() {
	_ = b.headers(b.rs.Header())
}

func headerSize(h http.Header) int {
	size := otherHeaders
	for name, values := range h {
		for _, value := range values {
			size += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}

	return size
}

// requestCookieSize returns the length of the Cookie header after a response: of what the request
// has sent, and of what the response sets and deletes. Cookies of one name count once.
func requestCookieSize(headers, setCookies []string) int {
	sizes := make(map[string]int)
	for name, value := range requestCookies(headers) {
		sizes[name] = len(name) + len(value) + len("=; ")
	}

	for _, line := range setCookies {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			continue
		}
		if cookie.MaxAge < 0 {
			delete(sizes, cookie.Name)
			continue
		}
		sizes[cookie.Name] = len(cookie.Name) + len(cookie.Value) + len("=; ")
	}

	total := len("Cookie: ")
	for _, size := range sizes {
		total += size
	}

	return total
}
