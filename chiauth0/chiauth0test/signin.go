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

// NewBrowser returns an HTTP client with an empty cookie jar, which stands for one person's browser
// in [Tenant.SignIn]. It sends Accept: text/html unless a request has another Accept, so that
// applications answer as they answer browsers.
func NewBrowser() *http.Client {
	jar, _ := cookiejar.New(nil) // without options there is no error
	return &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: pageTransport{}}
}

// pageTransport sends the Accept header of a browser's navigation if a request has none.
type pageTransport struct{ next http.RoundTripper }

func (p pageTransport) RoundTrip(req *http.Request) (*http.Response, error) {
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

// SignIn logs a user in to an application as a browser does. It opens loginURL, which is the
// application's login or a page that requires one, follows the redirects to the tenant, submits the
// login page with the account's e-mail and password, and follows the redirects back. It returns the
// application's last response, whatever its status. The caller closes its body. If the browser has
// a session at the tenant, there is no login page.
//
// SignIn returns an error if the tenant refuses the login, or if the browser never reaches the
// tenant. client needs a Jar, which then holds the application's session (see [NewBrowser]). Its
// CheckRedirect is not used.
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
		return nil, fmt.Errorf("chiauth0test: sign in: %s answered %s and did not lead to %s",
			loginURL, resp.Status, t.issuer)
	}
	if !t.serves(resp.Request.URL) {
		return resp, nil
	}

	resp, err = t.submit(browser, resp, email)
	if err != nil {
		return nil, err
	}
	if t.serves(resp.Request.URL) {
		defer resp.Body.Close()
		return nil, pageError(resp)
	}
	return resp, nil
}

// Authorize does the tenant's part of a login. It opens authorizeURL, which the application has
// built, logs in as [Tenant.SignIn] does, and returns the callback URL that the browser is sent to,
// with code and state or with an error. It does not request the callback URL, so that a test can
// examine and change it first.
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
		return nil, fmt.Errorf("chiauth0test: authorize: %q is not a URL of %s",
			authorizeURL, t.issuer)
	}
	resp, err := browser.Get(authorizeURL)
	if err != nil {
		return nil, fmt.Errorf("chiauth0test: authorize: %w", err)
	}
	if resp.Header.Get("Location") == "" {
		resp, err = t.submit(browser, resp, email)
		if err != nil {
			return nil, err
		}
	}
	defer resp.Body.Close()
	if resp.Header.Get("Location") == "" {
		return nil, pageError(resp)
	}
	return resp.Location()
}

// browse copies a client. The copy shares the jar and has another redirect policy.
func browse(client *http.Client, redirected func(*http.Request) error) (*http.Client, error) {
	if client == nil || client.Jar == nil {
		return nil, errors.New("chiauth0test: the client has no cookie jar and cannot stay " +
			"logged in: set Jar, or use NewBrowser")
	}
	browser := *client
	browser.Transport = pageTransport{client.Transport}
	browser.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) >= 20 { // as browsers do
			return fmt.Errorf("stopped after 20 redirects, at %s", next.URL.Redacted())
		}
		return redirected(next)
	}
	return &browser, nil
}

// serves reports whether a URL is one of the tenant's.
func (t *Tenant) serves(u *url.URL) bool {
	base := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return strings.HasPrefix(base.String(), t.issuer)
}

// submit fills in and sends the login page of resp, and closes resp.
func (t *Tenant) submit(
	browser *http.Client, resp *http.Response, email string,
) (*http.Response, error) {
	defer resp.Body.Close()
	page, err := readPage(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("chiauth0test: login page: %w", err)
	}
	if page.form == nil {
		return nil, fmt.Errorf("chiauth0test: the tenant answered %s: %s",
			resp.Status, page.message)
	}
	password, found := t.password(email)
	if !found {
		return nil, fmt.Errorf("chiauth0test: no account %q: add it with AddUser", email)
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

func (t *Tenant) password(email string) (password string, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	user, found := t.users[accountKey(email)]
	if !found {
		return "", false
	}
	return user.Password, true
}

// pageError returns the message of a page of the tenant as an error.
func pageError(resp *http.Response) error {
	page, err := readPage(resp.Body)
	if err != nil {
		return fmt.Errorf("chiauth0test: login page: %w", err)
	}
	return fmt.Errorf("chiauth0test: the tenant answered %s: %s", resp.Status, page.message)
}
