package chiauth0

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"

	"golang.org/x/text/language"
)

//go:embed pages/style.css
var style string

//go:embed pages/pages.html
var pagesHTML string

var builtInPages = template.Must(template.New("pages").
	Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}).
	Parse(pagesHTML))

// The blocks of Config.Pages.
const (
	homePage     = "home"
	confirmPage  = "confirm"
	errorPage    = "error"
	continuePage = "continue" // built in only
)

// contentSecurityPolicy lets the built-in pages load nothing but the style that is written into
// them. form-action is left out: browsers apply it to the redirect that answers a form, and the
// logout form leads to Auth0.
var contentSecurityPolicy = "default-src 'none'; style-src 'sha256-" + hash(style) +
	"'; base-uri 'none'; frame-ancestors 'none'"

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// ErrorData is what the block "error" of Config.Pages is executed with.
type ErrorData struct {
	// Error is the refusal. Its Title, Message and URLs are for the page.
	Error *Error

	// Languages are the request's languages (Accept-Language), the most wanted first.
	Languages []string
}

// ConfirmData is what the block "confirm" of Config.Pages is executed with. The page asks whether a
// logout is meant that another site has linked to.
type ConfirmData struct {
	// LogoutURL is where a form posts to, and HomeURL is the way back without a logout.
	LogoutURL, HomeURL string

	// Languages are the request's languages (Accept-Language), the most wanted first.
	Languages []string
}

type continueData struct {
	URL       string
	Automatic bool
}

// render writes a page of Config.Pages, or the built-in one if Config.Pages does not define it.
func (a *auth) render(w http.ResponseWriter, status int, name string, data any) error {
	page, builtIn := builtInPages.Lookup(name), true
	if a.Pages != nil && name != continuePage {
		if own := a.Pages.Lookup(name); own != nil {
			page, builtIn = own, false
		}
	}
	return write(w, status, page, builtIn, data)
}

func write(
	w http.ResponseWriter, status int, page *template.Template, builtIn bool, data any,
) error {
	var body bytes.Buffer
	if err := page.Execute(&body, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if builtIn {
		h.Set("Content-Security-Policy", contentSecurityPolicy)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
	return nil
}

func (a *auth) renderConfirm(w http.ResponseWriter, r *http.Request) {
	err := a.render(w, http.StatusOK, confirmPage, ConfirmData{
		LogoutURL: a.logoutURL(), HomeURL: a.settings.home, Languages: languages(r),
	})
	if err != nil {
		a.fail(w, r, err)
	}
}

// renderContinue writes a page with a link, for a service worker. An automatic one opens the link
// by itself: the person has clicked already.
func (a *auth) renderContinue(
	w http.ResponseWriter,
	r *http.Request,
	target string,
	automatic bool,
) {
	err := a.render(w, http.StatusOK, continuePage, continueData{target, automatic})
	if err != nil {
		a.fail(w, r, err)
	}
}

// answerError is the ErrorHandler that is used without one: a page for people, problem+json
// (RFC 9457) for programs.
func (a *auth) answerError(w http.ResponseWriter, r *http.Request, e *Error) {
	if !fromPerson(r) {
		writeProblem(w, e)
		return
	}
	data := ErrorData{Error: e, Languages: languages(r)}
	err := a.render(w, e.Status, errorPage, data)
	if err == nil {
		return
	}
	a.Logger.ErrorContext(r.Context(), "the block \"error\" of Pages failed", "err", err)
	if err := write(w, e.Status, builtInPages.Lookup(errorPage), true, data); err != nil {
		http.Error(w, e.Title, e.Status)
	}
}

// problem is an error answer for programs. Without a type of its own, its title is the status's
// (RFC 9457, section 4.2.1).
type problem struct {
	Type         string `json:"type"`
	Title        string `json:"title"`
	Status       int    `json:"status"`
	Detail       string `json:"detail"`
	Code         Code   `json:"code"`
	ProviderCode string `json:"provider_code,omitempty"`
}

func writeProblem(w http.ResponseWriter, e *Error) {
	body, err := json.Marshal(problem{
		Type: "about:blank", Title: http.StatusText(e.Status), Status: e.Status,
		Detail: e.Message, Code: e.Code, ProviderCode: e.ProviderCode,
	})
	if err != nil {
		http.Error(w, e.Title, e.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(e.Status)
	_, _ = w.Write(body)
}

// languages are the languages of a request, the most wanted first.
func languages(r *http.Request) []string {
	header := r.Header.Get("Accept-Language")
	if len(header) > 200 {
		return nil
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return nil
	}
	wanted := make([]string, len(tags))
	for i, tag := range tags {
		wanted[i] = tag.String()
	}
	return wanted
}
