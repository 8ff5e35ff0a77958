package chiauth0test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// NewBrowser is an HTTP client with an empty cookie jar: one person's browser, as far as [Tenant.SignIn] needs one. It asks
// for pages (Accept: text/html), unless a request says otherwise, so that applications answer as they do to people.
func NewBrowser() *http.Client {
	jar, _ := cookiejar.New(nil) // no options, no error
	return &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: wantsPages{}}
}

// wantsPages sends the Accept header of a browser's navigation where a request has none.
type wantsPages struct{ next http.RoundTripper }

func (p wantsPages) RoundTrip(req *http.Request) (*http.Response, error) {
	next := p.next
	if next == nil {
		next = http.DefaultTransport
	}
	if req.Header.Get("Accept") == "" {
		req = req.Clone(req.Context())
		req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	}
	return next.RoundTrip(req)
}

// SignIn logs a user in to an application as a browser would: it opens loginURL, the application's login or a page that needs
// one, follows the redirects to the tenant, fills in and sends the login page with the account's e-mail and password, and
// follows the redirects back. It returns the application's last response, whatever its status; the caller closes its body.
// When the browser is still logged in to the tenant there is no login page to fill in, as in real life.
//
// It is an error when the tenant refuses, and when the browser never comes to the tenant. client needs a Jar, which
// afterwards holds the application's session (see [NewBrowser]); its CheckRedirect is not used.
func (t *Tenant) SignIn(client *http.Client, loginURL, email string) (*http.Response, error) {
	visited := false
	browser, err := browse(client, func(next *http.Request) error {
		visited = visited || t.serves(next.URL)
		return nil
	})
	if err != nil {
		return nil, err
	}
	resp, err := browser.Get(loginURL)
	if err != nil {
		return nil, fmt.Errorf("chiauth0test: sign in: %w", err)
	}
	if !visited {
		resp.Body.Close()
		return nil, fmt.Errorf("chiauth0test: sign in: %s answered %s and did not lead to %s", loginURL, resp.Status,
			t.issuer)
	}
	if !t.serves(resp.Request.URL) {
		return resp, nil
	}
	if resp, err = t.submit(browser, resp, email); err != nil {
		return nil, err
	}
	if t.serves(resp.Request.URL) {
		defer resp.Body.Close()
		return nil, t.complaint(resp)
	}
	return resp, nil
}

// Authorize does the tenant's half of a login: it opens authorizeURL, as the application has made it, logs in as
// [Tenant.SignIn] does, and returns the callback URL, with code and state or with an error, that the browser was sent to.
// It does not request that URL, so that a test can look at it and tamper with it first.
func (t *Tenant) Authorize(client *http.Client, authorizeURL, email string) (*url.URL, error) {
	browser, err := browse(client, func(next *http.Request) error {
		if !t.serves(next.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(authorizeURL)
	if err != nil || !t.serves(target) {
		return nil, fmt.Errorf("chiauth0test: authorize: %q is no URL of %s", authorizeURL, t.issuer)
	}
	resp, err := browser.Get(authorizeURL)
	if err != nil {
		return nil, fmt.Errorf("chiauth0test: authorize: %w", err)
	}
	if resp.Header.Get("Location") == "" {
		if resp, err = t.submit(browser, resp, email); err != nil {
			return nil, err
		}
	}
	defer resp.Body.Close()
	if resp.Header.Get("Location") == "" {
		return nil, t.complaint(resp)
	}
	return resp.Location()
}

// browse copies the client, so that its own redirect policy stays out of the way and its jar is shared.
func browse(client *http.Client, redirected func(*http.Request) error) (*http.Client, error) {
	if client == nil || client.Jar == nil {
		return nil, errors.New("chiauth0test: a client without a cookie jar cannot stay logged in: set Jar, or use NewBrowser")
	}
	browser := *client
	browser.Transport = wantsPages{client.Transport}
	browser.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) >= 20 { // as browsers do
			return fmt.Errorf("stopped after 20 redirects, at %s", next.URL.Redacted())
		}
		return redirected(next)
	}
	return &browser, nil
}

// serves says whether a URL is one of the tenant's.
func (t *Tenant) serves(u *url.URL) bool {
	return strings.HasPrefix((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), t.issuer)
}

// submit fills in and sends the login page that resp shows, and closes resp.
func (t *Tenant) submit(browser *http.Client, resp *http.Response, email string) (*http.Response, error) {
	defer resp.Body.Close()
	page, err := readPage(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("chiauth0test: login page: %w", err)
	}
	if page.form == nil {
		return nil, fmt.Errorf("chiauth0test: the tenant answered %s: %s", resp.Status, page.message)
	}
	t.mu.Lock()
	user, found := t.users[userName(email)]
	var password string
	if found {
		password = user.Password
	}
	t.mu.Unlock()
	if !found {
		return nil, fmt.Errorf("chiauth0test: there is no account %q: add it with AddUser", email)
	}
	page.form.Set("username", email)
	page.form.Set("password", password)
	action, err := resp.Request.URL.Parse(page.action)
	if err != nil {
		return nil, fmt.Errorf("chiauth0test: login page: form action: %w", err)
	}
	sent, err := browser.PostForm(action.String(), page.form)
	if err != nil {
		return nil, fmt.Errorf("chiauth0test: login page: %w", err)
	}
	return sent, nil
}

// complaint is what a page of the tenant says.
func (t *Tenant) complaint(resp *http.Response) error {
	page, err := readPage(resp.Body)
	if err != nil {
		return fmt.Errorf("chiauth0test: login page: %w", err)
	}
	return fmt.Errorf("chiauth0test: the tenant answered %s: %s", resp.Status, page.message)
}
