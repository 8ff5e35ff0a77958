package sessionstores

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

const (
	// recordSuffix names the cookie of the record.
	recordSuffix = "_record"
	// maxCookieBytes is what a session's cookies may take of a request's header: servers and proxies refuse at 8 KB or so.
	maxCookieBytes = 8000
)

// send writes the cookies of a session that lives in the browser. Where they would get too large, the record (Auth0's
// tokens) goes before the session (who is signed in) does.
func (b *browser) send(st *state, token string) error {
	m, c := &st.loader.writer, st.carried
	ctx := st.request.Context()
	out := cookieSender{st: st, store: b.store, deadline: m.Deadline(ctx), persist: m.Cookie.Persist || m.GetBool(ctx, rememberField)}
	session, record := m.Cookie.Name, m.Cookie.Name+recordSuffix
	if c.data == nil {
		if c.ended {
			out.set(session, nil)
			out.set(record, nil)
		}
		return nil
	}
	if c.issued.IsZero() || st.fresh {
		c.issued = time.Now()
	}
	cookies, err := b.store.Seal(session, c.plaintext(token), out.overhead())
	if err != nil {
		return err
	}
	size := sizeOf(cookies)
	if size > maxCookieBytes {
		return fmt.Errorf("sessionstores: the session takes %d bytes of cookies, %d are possible: keep less in it, or keep it on a server",
			size, maxCookieBytes)
	}
	out.set(session, cookies)
	if c.record == nil {
		if c.unrecord {
			out.set(record, nil)
		}
		return nil
	}
	cookies, err = b.store.Seal(record, append([]byte(c.recordKey), c.record...), out.overhead())
	if size += sizeOf(cookies); err != nil || size > maxCookieBytes {
		slog.WarnContext(ctx, "tokens not kept: the cookies would be too large", "bytes", size, "max", maxCookieBytes, "err", err)
		cookies = nil
	}
	out.set(record, cookies)
	return nil
}

// cookieSender sets cookies that differ in name and value only.
type cookieSender struct {
	st       *state
	store    BrowserStore
	deadline time.Time
	persist  bool
}

// set sends the cookies, and takes away those that the browser has of a longer value before.
func (s cookieSender) set(name string, cookies []BrowserCookie) {
	spec, sent := s.st.loader.writer.Cookie, make(map[string]bool, len(cookies))
	for _, c := range cookies {
		spec.Name, sent[c.Name] = c.Name, true
		setCookie(s.st.Header(), spec, c.Value, s.deadline, s.persist)
	}
	for _, stale := range s.store.Names(s.st.cookies, name) {
		if !sent[stale] {
			spec.Name = stale
			setCookie(s.st.Header(), spec, "", time.Time{}, false)
		}
	}
}

// overhead is what a cookie takes beside its name and value.
func (s cookieSender) overhead() int {
	spec, h := s.st.loader.writer.Cookie, http.Header{}
	spec.Name = "n"
	setCookie(h, spec, "v", s.deadline, s.persist)
	return len(h.Get("Set-Cookie")) - len("nv")
}

// sizeOf is what the cookies take in a request: "name=value; ".
func sizeOf(cookies []BrowserCookie) (bytes int) {
	for _, c := range cookies {
		bytes += len(c.Name) + len(c.Value) + len("=; ")
	}
	return bytes
}
