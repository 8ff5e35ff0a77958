package main

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// device returns the ID of the only other device on the account page.
func device(t *testing.T, page string) string {
	t.Helper()
	found := regexp.MustCompile(`name="session" value="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("got %d other devices, want 1:\n%s", len(found), page)
	}
	return found[0][1]
}

func TestUserEndsAnotherDevice(t *testing.T) {
	app := start(t)
	phone, _, _ := app.signIn(t, "user@example.com", "/account")
	laptop, _, page := app.signIn(t, "user@example.com", "/account")
	if !strings.Contains(page, "this device") {
		t.Errorf("the page does not mark its own device:\n%s", page)
	}

	form := url.Values{"session": {device(t, page)}}
	if resp, body := app.post(t, laptop, "/account/sessions/end", form); resp.StatusCode != 200 ||
		!strings.Contains(body, "You are logged out on that device.") {
		t.Errorf("the laptop: got %s, want the account page with a message:\n%s", resp.Status, body)
	}
	if got := app.status(t, phone); got != http.StatusUnauthorized {
		t.Errorf("the phone: got %d, want 401", got)
	}
	if got := app.status(t, laptop); got != http.StatusOK {
		t.Errorf("the laptop: got %d, want 200", got)
	}
}

func TestUserCannotEndDevicesOfAnotherUser(t *testing.T) {
	app := start(t)
	app.signIn(t, "user@example.com", "/account")
	uma, _, _ := app.signIn(t, "user@example.com", "/account")
	_, page := app.get(t, uma, "/account")

	stella, _, _ := app.signIn(t, "staff@example.com", "/account")
	other := url.Values{"session": {device(t, page)}}
	app.post(t, stella, "/account/sessions/end", other)
	if _, page = app.get(t, uma, "/account"); device(t, page) != other.Get("session") {
		t.Error("a device of another user was logged out")
	}
}

func TestUserEndsAllOtherDevices(t *testing.T) {
	app := start(t)
	phone, _, _ := app.signIn(t, "user@example.com", "/account")
	tablet, _, _ := app.signIn(t, "user@example.com", "/account")
	stella, _, _ := app.signIn(t, "staff@example.com", "/account")
	laptop, _, _ := app.signIn(t, "user@example.com", "/account")

	_, body := app.post(t, laptop, "/account/sessions/end-others", nil)
	if !strings.Contains(body, "You are logged out on all other devices.") {
		t.Errorf("got no message:\n%s", body)
	}
	for name, test := range map[string]struct {
		browser *http.Client
		want    int
	}{
		"phone":        {phone, http.StatusUnauthorized},
		"tablet":       {tablet, http.StatusUnauthorized},
		"laptop":       {laptop, http.StatusOK},
		"another user": {stella, http.StatusOK},
	} {
		if got := app.status(t, test.browser); got != test.want {
			t.Errorf("%s: got %d, want %d", name, got, test.want)
		}
	}
}

func TestCookieSessionsHaveNoListOfDevices(t *testing.T) {
	app := start(t,
		"SESSION_STORE=cookie",
		"AUTH0_SECRET="+strings.Repeat("5e", 32),
		"DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "users.db"),
	)
	_, status, page := app.signIn(t, "user@example.com", "/account")
	if status != http.StatusOK || !strings.Contains(page, "cannot list the sessions") {
		t.Errorf("got %d, want 200 and a page that says so:\n%s", status, page)
	}
}

func TestKeysNeedASecondFactor(t *testing.T) {
	app := start(t)
	for email, want := range map[string]int{
		"superuser@example.com": http.StatusOK,        // has a second factor
		"staff@example.com":     http.StatusForbidden, // has none
	} {
		browser, _, _ := app.signIn(t, email, "/account")
		resp, body := app.get(t, browser, "/keys")
		if resp.StatusCode != want {
			t.Errorf("%s: got %s from %s, want %d:\n%s",
				email, resp.Status, resp.Request.URL, want, body)
		}
	}
}
