package sessionstores

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// The state is the ResponseWriter that a handler sees. Whatever begins the answer saves the session first: after that no
// cookie can be sent any more.

// begin saves the session, once. It reports whether the handler's answer may be sent.
func (st *state) begin() bool {
	if st.begun {
		return !st.dropped
	}
	st.begun = true
	if err := st.save(); err != nil {
		st.dropped = true
		h := st.Header()
		for _, name := range []string{
			"Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition", "Content-Language",
			"Content-Range", "Cache-Control", "Expires", "Etag", "Last-Modified", "Location", "Refresh", "Trailer",
		} {
			h.Del(name) // they describe the answer that is not sent
		}
		st.loader.writer.ErrorFunc(st.ResponseWriter, st.request, err)
	}
	return !st.dropped
}

// WriteHeader implements http.ResponseWriter. An informational answer (1xx) begins nothing, but for 101, which is final.
func (st *state) WriteHeader(code int) {
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		st.ResponseWriter.WriteHeader(code)
		return
	}
	if st.begin() {
		st.ResponseWriter.WriteHeader(code)
	}
}

// Write implements http.ResponseWriter.
func (st *state) Write(b []byte) (int, error) {
	if !st.begin() {
		return 0, errDropped
	}
	return st.ResponseWriter.Write(b)
}

// WriteString implements io.StringWriter.
func (st *state) WriteString(s string) (int, error) {
	if !st.begin() {
		return 0, errDropped
	}
	return io.WriteString(st.ResponseWriter, s)
}

// ReadFrom implements io.ReaderFrom, so that files are still sent by the kernel.
func (st *state) ReadFrom(src io.Reader) (int64, error) {
	if !st.begin() {
		return 0, errDropped
	}
	return io.Copy(st.ResponseWriter, src)
}

// Flush implements http.Flusher.
func (st *state) Flush() { _ = st.FlushError() }

// FlushError is what http.ResponseController calls.
func (st *state) FlushError() error {
	if !st.begin() {
		return errDropped
	}
	return http.NewResponseController(st.ResponseWriter).Flush()
}

// Hijack implements http.Hijacker. A handler that writes the answer itself has to send the headers that are set by now;
// one that calls WriteHeader(101) first, as websocket libraries do, need not care.
func (st *state) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !st.begin() {
		return nil, nil, errDropped
	}
	return http.NewResponseController(st.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (st *state) Unwrap() http.ResponseWriter { return st.ResponseWriter }
