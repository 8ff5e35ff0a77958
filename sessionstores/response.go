package sessionstores

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
)

// A requestSession is the ResponseWriter of the handlers. Every method that begins the response
// saves the session first.

// describing are the headers that describe the response of the handler, which an error page
// replaces.
var describing = []string{
	"Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition",
	"Content-Language", "Content-Range",
	"Cache-Control", "Expires", "Etag", "Last-Modified", "Location", "Refresh", "Trailer",
}

// begin saves the session before the response begins, unless that has been done. It reports whether
// the handler's response may be sent.
func (rs *requestSession) begin() bool {
	rs.mu.Lock()
	begun, saved, dropped := rs.begun, rs.saved, rs.dropped
	rs.begun = true
	rs.saved = true
	rs.mu.Unlock()
	if begun {
		return !dropped
	}

	if rs.fetched.Load() {
		addVary(rs.Header())
	}
	if saved {
		return true
	}

	err := rs.save()
	failed := err != nil && !errors.Is(err, ErrGone)

	if !failed {
		return true
	}

	rs.mu.Lock()
	rs.dropped = true
	rs.mu.Unlock()
	rs.sendError(err)

	return false
}

// sendError writes an error page in place of the handler's response.
func (rs *requestSession) sendError(err error) {
	h := rs.Header()
	for _, name := range describing {
		h.Del(name)
	}
	rs.loader.writer.ErrorFunc(rs.ResponseWriter, rs.request, err)
}

// abort is for a handler that has panicked.
func (rs *requestSession) abort() {
	rs.mu.Lock()
	saved := rs.saved
	rs.begun = true
	rs.saved = true
	rs.dropped = true
	rs.mu.Unlock()

	if !saved {
		rs.saveDestroy()
	}
}

// WriteHeader implements http.ResponseWriter. An informational response (1xx) does not begin the
// response. 101 does: it is the last one of its connection.
func (rs *requestSession) WriteHeader(code int) {
	informational := code >= 100 && code < 200 && code != http.StatusSwitchingProtocols
	if informational || rs.begin() {
		rs.ResponseWriter.WriteHeader(code)
	}
}

// Write implements http.ResponseWriter. Behind an error page it reports success:
// httputil.ReverseProxy would otherwise abort the response, and the page with it.
func (rs *requestSession) Write(b []byte) (int, error) {
	if !rs.begin() {
		return len(b), nil
	}

	return rs.ResponseWriter.Write(b)
}

// WriteString implements io.StringWriter.
func (rs *requestSession) WriteString(s string) (int, error) {
	if !rs.begin() {
		return len(s), nil
	}

	return io.WriteString(rs.ResponseWriter, s)
}

// ReadFrom implements io.ReaderFrom, so that files are sent without copying them through this
// process.
func (rs *requestSession) ReadFrom(src io.Reader) (int64, error) {
	if !rs.begin() {
		return io.Copy(io.Discard, src)
	}

	return io.Copy(rs.ResponseWriter, src)
}

// Flush implements http.Flusher.
func (rs *requestSession) Flush() {
	_ = rs.FlushError()
}

// FlushError is what http.ResponseController calls.
func (rs *requestSession) FlushError() error {
	rs.begin()

	return http.NewResponseController(rs.ResponseWriter).Flush()
}

// Hijack implements http.Hijacker. See Middleware for the cookie of the session.
func (rs *requestSession) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	rs.mu.Lock()
	rs.hijacking = !rs.saved
	rs.mu.Unlock()

	if !rs.begin() {
		return nil, nil, errDropped
	}

	return http.NewResponseController(rs.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (rs *requestSession) Unwrap() http.ResponseWriter {
	return rs.ResponseWriter
}

var errDropped = errors.New("sessionstores: the session could not be saved, " +
	"and an error page was sent")
