package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

const noStore = "private, no-store"

// redirect writes Location as it is. http.Redirect would clean the path, and so lead elsewhere than
// the check has allowed.
func redirect(w http.ResponseWriter, status int, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

// setCookie sets a cookie of the login itself. It is always SameSite=Lax, whatever the session's
// cookie is: browsers have to send it when Auth0 sends them back. An age of zero removes the
// cookie.
func (a *auth) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	c := a.visitCookie(name, value)
	c.MaxAge = int(age / time.Second)
	if age <= 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// visitCookie returns a cookie of the login that the browser drops when it is closed.
func (a *auth) visitCookie(name, value string) *http.Cookie {
	return &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		HttpOnly: true,
		Secure:   a.secure(),
		SameSite: http.SameSiteLaxMode,
	}
}

// previewHeaders are the headers by which browsers have announced that a request is made ahead of a
// click: Sec-Purpose (Fetch Standard), Purpose (Chrome, Safari), X-Purpose (Safari), X-Moz
// (Firefox).
var previewHeaders = []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}

// isPreview reports whether a request is a HEAD, a prefetch or a preview. It starts and ends
// nothing: prefetched logins would push the one under way out of the browser's cookies.
func isPreview(r *http.Request) bool {
	if r.Method == http.MethodHead {
		return true
	}
	for _, name := range previewHeaders {
		for _, value := range r.Header.Values(name) {
			value = strings.ToLower(value)
			for _, purpose := range []string{"prefetch", "prerender", "preview"} {
				if strings.Contains(value, purpose) {
					return true
				}
			}
		}
	}
	return false
}

// refusePreview answers a request for which isPreview is true. Browsers ask again at the click.
func refusePreview(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", noStore)
	w.WriteHeader(http.StatusServiceUnavailable)
}

// isNavigation reports whether the browser opens a page, as against a fetch by a script or a
// service worker. Browsers without Fetch Metadata do not say, and are believed.
func isNavigation(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return mode == "" || mode == "navigate"
}

// isFramed reports whether the page would be shown inside another page.
func isFramed(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "iframe", "frame", "fencedframe", "embed", "object":
		return true
	}
	return false
}

// wantsPage reports whether a person asked for a page, as against a program for data. Only a person
// can be sent to log in.
func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && fromPerson(r)
}

// fromPerson tells a person from a program by what browsers and libraries send.
func fromPerson(r *http.Request) bool {
	if r.Header.Get("X-Requested-With") != "" || r.Header.Get("HX-Request") != "" {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Mode") {
	case "navigate":
		return true
	case "cors", "websocket":
		return false
	}
	return accepts(r, "text/html")
}

func accepts(r *http.Request, mediaType string) bool {
	return strings.Contains(strings.Join(r.Header.Values("Accept"), ","), mediaType)
}

// sessionFailed is the ErrorFunc of the session manager. The session could not be saved, and the
// handler's answer is dropped.
func (a *auth) sessionFailed(w http.ResponseWriter, r *http.Request, err error) {
	e := newError(CodeInternal, err)
	if errors.Is(err, sessionstores.ErrUnavailable) {
		e = unavailable(fmt.Errorf("%w: %w", ErrUnavailable, err))
	}
	if u, ok := requestUserOf(r.Context()); ok {
		u.unsaved(e)
	}
	a.fail(w, r, e)
}

// unsaved makes the request anonymous: what the handler did to the session has not happened.
func (u *requestUser) unsaved(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.found = &foundUser{err: err}
}

// saved reports whether the session was saved. It is asked after the answer has begun.
func saved(ctx context.Context) bool {
	u, ok := requestUserOf(ctx)
	if !ok {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var e *Error
	return u.found == nil || !errors.As(u.found.err, &e)
}

// fail answers a request that went wrong and emits the event.
func (a *auth) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := asError(err)
	e.HomeURL = a.settings.home
	if e.Code == CodeMisdirected {
		e.HomeURL = a.base.String() + a.settings.home
	}
	if e.Code == CodeUnavailable && e.RetryURL == "" {
		e.RetryURL = a.repeatURL(r)
	}
	a.emitError(r, e)
	w.Header().Set("Cache-Control", noStore)
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	a.ErrorHandler(w, r, e)
}

// level is the log level of an Error. See [Code].
func (e *Error) level() slog.Level {
	if e.Status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	if e.Status == http.StatusUnauthorized {
		return slog.LevelInfo // any client can send an access token
	}
	switch e.Code {
	case CodeInvalidToken, CodeLoginFailed, CodeAccessDenied, CodeAccountRefused, CodeForbidden,
		CodeConflict, CodeInvalidUserData, CodeLoginLoop, CodeStepUpFailed:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}
