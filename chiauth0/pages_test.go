package chiauth0_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// deny makes the tenant refuse every login with this error.
func deny(code, description string) chiauth0test.Faults {
	return chiauth0test.Faults{Callback: func(query url.Values) {
		query.Del("code")
		query.Set("error", code)
		query.Set("error_description", description)
	}}
}

// ownPages is every kind of page that we write ourselves, by what it is.
func ownPages(t *testing.T, headers ...string) map[string]*response {
	t.Helper()
	a := newApp(t, withGroups)
	a.tenant.AddUser(chiauth0test.User{Email: ada, Password: "password", Name: hostileName})
	b, stranger := a.browser(), a.browser()
	b.signIn(ada)
	pages := map[string]*response{
		"home, signed out": stranger.get("/auth0", headers...),
		"home, signed in":  b.get("/auth0", headers...),
		"confirm": b.get(
			"/auth0/logout",
			append(headers, "Sec-Fetch-Site", "cross-site")...),
		"400, stray callback": stranger.get(
			"/auth0/callback?state=x&code=y&error_description="+url.QueryEscape(hostileName),
			headers...),
		"400, login": stranger.get(
			"/auth0/login?max_age="+url.QueryEscape(hostileName),
			headers...),
		"401":        stranger.do(http.MethodPost, "/account", headers...),
		"403, guard": b.get("/staff", headers...),
		"403, a logout from another": b.do(
			http.MethodPost,
			"/auth0/logout",
			append(headers, "Origin", "https://evil.example")...),
	}
	a.tenant.Misbehave(deny("access_denied", hostileName))
	stranger = a.browser()
	callback := stranger.authorize(
		stranger.begin(
			"/auth0/login?next_url="+url.QueryEscape(`/account?a="><script>alert(1)</script>`),
		),
		ada,
	)
	pages["403, denied"] = stranger.get(callback.String(), headers...)
	a.store.down.Store(true)
	pages["503"] = b.get("/account", headers...)
	return pages
}

// hostileName is a name that a user has chosen.
const hostileName = `<script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`" +
	`&amp;{{.}}` + "\u2028</title></style>"

// TestOwnPages checks the headers, that a policy lets the page's own style in and nothing else,
// that everything is escaped, and what screen readers and phones need.
func TestOwnPages(t *testing.T) {
	t.Parallel()
	for name, page := range ownPages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for header, want := range map[string]string{
				"Content-Type": "text/html; charset=utf-8", "Cache-Control": "private, no-store",
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			} {
				if got := page.Header.Get(header); got != want {
					t.Errorf("%s %q, want %q", header, got, want)
				}
			}
			if !slices.Contains(page.Header.Values("Vary"), "Cookie") {
				t.Errorf("Vary %q", page.Header.Values("Vary"))
			}
			root, err := html.Parse(strings.NewReader(page.body))
			if err != nil {
				t.Fatal(err)
			}
			checkPolicy(t, page.Header["Content-Security-Policy"], root)
			checkMarkup(t, root)
			if strings.Contains(page.body, "<script") || strings.Contains(page.body, "<img") {
				t.Errorf("not escaped: %s", page.body)
			}
			if strings.Contains(page.body, "{{") && name != "403, denied" &&
				name != "home, signed in" {
				t.Errorf("a template in the page: %s", page.body)
			}
		})
	}
}

func elements(root *html.Node, name string) (found []*html.Node) {
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && node.Data == name {
			found = append(found, node)
		}
	}
	return found
}

func attribute(node *html.Node, name string) string {
	for _, attr := range node.Attr {
		if attr.Key == name {
			return attr.Val
		}
	}
	return ""
}

func text(node *html.Node) string {
	var b strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// checkPolicy checks the policy against what is really in the page: a style that a browser would
// not apply is a fault, too.
func checkPolicy(t *testing.T, policies []string, root *html.Node) {
	t.Helper()
	if len(policies) != 1 {
		t.Fatalf("policies %q", policies)
	}
	directives := map[string]string{}
	for directive := range strings.SplitSeq(policies[0], ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
		directives[name] = value
	}
	styles := elements(root, "style")
	if len(styles) != 1 {
		t.Fatalf("%d style elements", len(styles))
	}
	sum := sha256.Sum256([]byte(styles[0].FirstChild.Data))
	want := map[string]string{
		"default-src": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'",
		"style-src": "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
	if !maps.Equal(directives, want) {
		t.Errorf("policy %q, want %q", directives, want)
	}
	for node := range root.Descendants() {
		for _, attr := range node.Attr {
			if attr.Key == "style" || attr.Key == "src" || attr.Key == "srcset" ||
				strings.HasPrefix(attr.Key, "on") {
				t.Errorf("<%s %s=%q>, which the policy forbids", node.Data, attr.Key, attr.Val)
			}
		}
		switch node.Data {
		case "script", "link", "img", "iframe", "object":
			t.Errorf("<%s>, which the policy forbids", node.Data)
		}
	}
}

// checkMarkup checks what people with a screen reader, a keyboard or a phone depend on.
func checkMarkup(t *testing.T, root *html.Node) {
	t.Helper()
	if lang := attribute(elements(root, "html")[0], "lang"); lang != "en" {
		t.Errorf("lang %q", lang)
	}
	headings := elements(root, "h1")
	if len(headings) != 1 || text(headings[0]) == "" || len(elements(root, "main")) != 1 {
		t.Fatalf("%d headings, %d main", len(headings), len(elements(root, "main")))
	}
	if title := elements(root, "title"); len(title) != 1 || text(title[0]) != text(headings[0]) {
		t.Errorf("the title is not the heading %q", text(headings[0]))
	}
	viewport := slices.ContainsFunc(elements(root, "meta"), func(meta *html.Node) bool {
		return attribute(meta, "name") == "viewport" &&
			!strings.Contains(attribute(meta, "content"), "user-scalable")
	})
	if !viewport {
		t.Error("no viewport, so a phone shows the page tiny")
	}
	ways := slices.Concat(elements(root, "a"), elements(root, "button"))
	if len(ways) == 0 {
		t.Error("a dead end: no link and no button")
	}
	for _, way := range ways {
		if text(way) == "" || attribute(way, "tabindex") != "" {
			t.Errorf("a <%s> without a name, or out of order", way.Data)
		}
	}
	for _, link := range elements(root, "a") {
		if href := attribute(link, "href"); !strings.HasPrefix(href, "/") ||
			strings.HasPrefix(href, "//") {
			t.Errorf("a link to %q", href)
		}
	}
	for _, form := range elements(root, "form") {
		if attribute(form, "method") != "post" || attribute(form, "action") != "/auth0/logout" {
			t.Errorf("a form that %s to %q", attribute(form, "method"), attribute(form, "action"))
		}
	}
}

// TestPageTexts proves what each page says, and what it offers.
func TestPageTexts(t *testing.T) {
	t.Parallel()
	pages := ownPages(t)
	for name, test := range map[string]struct {
		status int
		title  string
		want   []string // texts of links and buttons
		not    string   // what is not shown
	}{
		"home, signed out": {200, "Auth0 Login", []string{"Go to Login", "Home"}, ""},
		"home, signed in": {
			200, "Welcome, " + hostileName, []string{"Logout", "Home"}, "",
		},
		"confirm": {200, "Sign out?", []string{"Logout", "Stay signed in"}, ""},
		"400, stray callback": {
			400, "This login has expired", []string{"Try again", "Home"}, "alert(1)",
		},
		"400, login": {
			400, "This link does not work", []string{"Home"}, "alert(1)",
		},
		"401": {
			401, "You are not signed in", []string{"Log in", "Home"}, "",
		},
		"403, guard": {
			403, "You cannot open this page", []string{"Use another account", "Home"}, "",
		},
		"403, a logout from another": {403, "You are still signed in", []string{"Home"}, ""},
		"403, denied": {
			403, "You cannot log in with this account", []string{"Use another account", "Home"}, "",
		},
		"503": {503, "Temporarily unavailable", []string{"Try again", "Home"}, "store is down"},
	} {
		page := pages[name]
		root, err := html.Parse(strings.NewReader(page.body))
		if err != nil {
			t.Fatal(err)
		}
		if page.StatusCode != test.status {
			t.Errorf("%s: %s", name, page.Status)
		}
		if got := text(elements(root, "h1")[0]); got != test.title {
			t.Errorf("%s: the heading is %q", name, got)
		}
		var ways []string
		for node := range root.Descendants() {
			if node.Data == "a" || node.Data == "button" {
				ways = append(ways, text(node))
			}
		}
		if !slices.Equal(ways, test.want) {
			t.Errorf("%s offers %q, want %q", name, ways, test.want)
		}
		if test.not != "" && strings.Contains(page.body, test.not) {
			t.Errorf("%s says %q: %s", name, test.not, page.body)
		}
	}

	denied, err := html.Parse(strings.NewReader(pages["403, denied"].body))
	if err != nil {
		t.Fatal(err)
	}
	if got := text(elements(denied, "p")[0]); got != strings.TrimSpace(hostileName) {
		t.Errorf("Auth0's words are shown as %q", got)
	}
	other := attribute(elements(denied, "a")[0], "href")
	want := "/auth0/login?prompt=login&next_url=" +
		url.QueryEscape("/account?a=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
	if other != want {
		t.Errorf("Use another account leads to %q, want %q", other, want)
	}
}

// TestUseAnotherAccount follows the link of a refusal: the login page is shown in spite of single
// sign-on, and the login ends at the page that was asked for.
func TestUseAnotherAccount(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	b := a.browser()
	a.tenant.Misbehave(deny("access_denied", "not you"))
	denied := b.login("/auth0/login?next_url=/account", ada)
	if denied.StatusCode != http.StatusForbidden {
		t.Fatal(denied.Status)
	}
	a.tenant.Misbehave(chiauth0test.Faults{})
	link := switchLink.FindStringSubmatch(denied.body)
	if link == nil {
		t.Fatalf("the page offers no other account: %s", denied.body)
	}
	resp := b.login(strings.ReplaceAll(link[1], "&amp;", "&"), grace)
	if resp.location() != "https://app.example/account" {
		t.Errorf("the login ends with %s at %q, want /account", resp.Status, resp.location())
	}
	if got := b.whoami(); got != "hello "+grace {
		t.Errorf("got %q, want Grace", got)
	}
}
