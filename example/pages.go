package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"os"
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
	tenant   string // the origin of the tenant
	embedded bool   // the tenant is the stand-in
	store    string // SESSION_STORE
	node     string
	pages    map[string]*template.Template
}

// pageNames are the templates that fill the layout.
var pageNames = []string{
	"home", "page", "account", "reports", "live", "staff", "deactivate", "error",
}

// newSite returns the site of cfg. It becomes the ErrorHandler of cfg.
func newSite(cfg *chiauth0.Config, users *people, set settings) *site {
	s := &site{
		cfg:      cfg,
		users:    users,
		tenant:   origin(cfg.Domain),
		embedded: set.embedded,
		store:    set.sessionStore,
		node:     nodeName(),
		pages:    map[string]*template.Template{},
	}
	for _, name := range pageNames {
		page, err := template.ParseFS(files, "templates/layout.html", "templates/"+name+".html")
		s.pages[name] = template.Must(page, err)
	}
	cfg.ErrorHandler = s.fail
	return s
}

// nodeName tells this process apart from the other nodes.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

// origin returns the origin of a tenant that is given as a host name or as an issuer URL.
func origin(domain string) string {
	if !strings.Contains(domain, "://") {
		domain = "https://" + domain
	}
	u, err := url.Parse(domain)
	if err != nil {
		return "" // Config.Validate returns an error for this domain
	}
	return u.Scheme + "://" + u.Host
}

// A page is the data of all templates. The second group is set for some of them.
type page struct {
	Title    string
	Path     string // with the query, for the login link
	Nav      []route
	Viewer   *viewer // nil for an anonymous visitor
	Embedded bool
	Tenant   string
	Store    string
	Node     string

	Route    route // the guarded page, or the refused one
	Routes   []routeVerdict
	Accounts []testAccount
	Account  accountPage
	Reports  reportsPage
	Staff    staffPage
	Error    *chiauth0.Error
	Need     string // what the refused user lacks
}

type routeVerdict struct {
	route
	Verdict verdict
}

func (s *site) newPage(r *http.Request, title string) page {
	viewer, err := viewerFrom(r.Context())
	if err != nil && !errors.Is(err, chiauth0.ErrNotSignedIn) {
		s.cfg.Logger.WarnContext(r.Context(), "cannot read the user of a page", "err", err)
	}
	return page{
		Title:    title,
		Path:     r.URL.RequestURI(),
		Nav:      catalog,
		Viewer:   viewer,
		Embedded: s.embedded,
		Tenant:   s.tenant,
		Store:    s.store,
		Node:     s.node,
		Route:    routeOf(r.URL.Path),
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

// page is the handler of guarded pages that show nothing but the decision and the user.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "page", s.newPage(r, routeOf(r.URL.Path).Name))
}

// render writes a page. A template that fails causes a 500 instead of half a page.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	var body bytes.Buffer
	if err := s.pages[name].Execute(&body, p); err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "template failed", "name", name, "err", err)
		internalError(w)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-store") // every page depends on the user
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

// asset serves an embedded file.
func asset(name, contentType string) http.HandlerFunc {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the file is embedded
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "public, max-age=300")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}
}
