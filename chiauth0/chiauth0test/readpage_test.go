package chiauth0test

import (
	"strings"
	"testing"
)

func TestReadPage(t *testing.T) {
	t.Parallel()
	page, err := readPage(strings.NewReader(`
		<form action="/search"><input name="q"></form>
		<p id="message"> Wrong <b>password</b> </p>
		<form action="/login">
			<input name="state" value="s">
			<input type="password" name="p">
		</form>`))
	if err != nil {
		t.Fatal(err)
	}
	if page.message != "Wrong password" || page.action != "/login" {
		t.Errorf("message is %q and action %q", page.message, page.action)
	}
	if got, want := page.form.Encode(), "p=&state=s"; got != want {
		t.Errorf("form is %q, want %q", got, want)
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add(`<form><input type="password" name="p">`)
	f.Add(`<p id="message"><p id="message">`)
	f.Add("<form><form><input>\x00")
	f.Fuzz(func(t *testing.T, body string) {
		page, err := readPage(strings.NewReader(body))
		if err == nil && page.form != nil && !strings.Contains(strings.ToLower(body), "password") {
			t.Errorf("page %q has no password, but a form %v", body, page.form)
		}
	})
}
