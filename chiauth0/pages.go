package chiauth0

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
)

//go:embed pages/style.css
var style string

//go:embed pages/pages.html
var pagesHTML string

var pages = template.Must(template.New("pages").
	Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}).
	Parse(pagesHTML))

var ownHome = pages.Lookup("home")

// contentSecurityPolicy lets our pages load nothing but the one style that is written into them. form-action is left out:
// browsers apply it to where a form's answer redirects, and the logout form leads to Auth0.
var contentSecurityPolicy = "default-src 'none'; style-src 'sha256-" + hash(style) +
	"'; base-uri 'none'; frame-ancestors 'none'"

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// render writes one of our own pages.
func (a *auth) render(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

// errorPage is the ErrorHandler that is used without one: a page for people, problem+json (RFC 9457) for programs.
func (a *auth) errorPage(w http.ResponseWriter, r *http.Request, e *Error) {
	if acceptsHTML(r) && r.Header.Get("Sec-Fetch-Mode") != "cors" {
		a.render(w, e.Status, "error", map[string]any{
			"Title": http.StatusText(e.Status), "Error": e, "Home": a.settings.home,
		})
		return
	}
	body, err := json.Marshal(map[string]any{
		"type": "about:blank", "title": http.StatusText(e.Status), "status": e.Status, "detail": e.Message, "code": e.Code,
	})
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(e.Status)
	_, _ = w.Write(body)
}
