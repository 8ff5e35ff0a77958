package chiauth0test

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"sync"
)

//go:embed pages.html
var pagesHTML string

//go:embed pages.css
var pagesCSS string

// pages is parsed once per process.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("pages").Parse(pagesHTML))
})

// A page is the data of pages.html.
type page struct {
	Title, Message string

	// Of the login page.
	Application, Organization, Email, State, Action string
	Accounts                                        []User

	// Of the logout question: the parameters of the request.
	Fields url.Values

	CSS template.CSS
}

// errorPage shows an error that cannot go to the application.
func (t *Tenant) errorPage(w http.ResponseWriter, status int, message string) {
	t.render(w, status, "message", page{Title: "Something is wrong", Message: message})
}

func (t *Tenant) render(w http.ResponseWriter, status int, name string, page page) {
	hash := sha256.Sum256([]byte(pagesCSS))
	page.CSS = template.CSS(pagesCSS) //nolint:gosec // embedded, not input
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	// form-action is left out, because browsers apply it to redirects after the form, too. They end
	// at the application.
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; base-uri 'none'; "+
		"frame-ancestors 'none'; "+
		"style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = pages().ExecuteTemplate(w, name, page) // fails if the browser has disconnected
}
