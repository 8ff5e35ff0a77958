package main

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chiauth0/auth/chiauth0"
)

//go:embed templates assets
var files embed.FS

// A site renders the pages.
type site struct {
	cfg      *chiauth0.Config
	users    *people
	tenant   string // the origin at which people log in
	embedded bool   // and whether that is the stand-in
	pages    map[string]*template.Template
}

// newSite makes the site of cfg, whose error pages become the site's.
func newSite(cfg *chiauth0.Config, users *people, embedded bool) *site {
	s := &site{cfg: cfg, users: users, tenant: origin(cfg.Domain), embedded: embedded, pages: map[string]*template.Template{}}
	for _, name := range []string{"home", "page", "staff", "error"} {
		s.pages[name] = template.Must(template.ParseFS(files, "templates/layout.html", "templates/"+name+".html"))
	}
	cfg.ErrorHandler = s.fail
	return s
}

// origin is that of a tenant given as a host name or an issuer URL.
func origin(domain string) string {
	if !strings.Contains(domain, "://") {
		domain = "https://" + domain
	}
	u, err := url.Parse(domain)
	if err != nil {
		return "" // Config.Validate has more to say about it
	}
	return u.Scheme + "://" + u.Host
}

// A page is what every template gets; below the line, what some do.
type page struct {
	Title    string
	Path     string // of this page, to come back to after a login
	Nav      []route
	Viewer   *viewer
	Embedded bool
	Tenant   string

	Route    route           // the guarded page, or the one that was refused
	Routes   []routeVerdict  // home
	Accounts []testAccount   // home
	Staff    staffPage       // staff
	Error    *chiauth0.Error // error
}

type routeVerdict struct {
	route
	Verdict verdict
}

func (s *site) newPage(r *http.Request, title string) page {
	viewer, err := viewerFrom(r.Context())
	if err != nil && !errors.Is(err, chiauth0.ErrNotSignedIn) {
		s.cfg.Logger.WarnContext(r.Context(), "cannot tell who is signed in", "err", err)
	}
	return page{
		Title: title, Path: r.URL.RequestURI(), Nav: catalog, Viewer: viewer, Embedded: s.embedded, Tenant: s.tenant,
		Route: routeOf(r.URL.Path),
	}
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	p := s.newPage(r, "Home")
	for _, route := range catalog {
		p.Routes = append(p.Routes, routeVerdict{route, route.verdict(p.Viewer)})
	}
	if s.embedded {
		p.Accounts = testAccounts
	}
	s.render(w, r, http.StatusOK, "home", p)
}

// page is every guarded page but the staff's: whoever gets here was let in.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "page", s.newPage(r, routeOf(r.URL.Path).Name))
}

func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	var body bytes.Buffer // so that a template that fails leaves no half page behind
	if err := s.pages[name].Execute(&body, p); err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "template failed", "name", name, "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-store") // every page says who is signed in
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

// asset serves an embedded file.
func asset(name, contentType string) http.HandlerFunc {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is compiled in
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "public, max-age=300")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}
}
