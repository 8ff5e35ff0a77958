package main

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// manyUsers opens a table with the users User 0001 to User 1000 and five with special names.
func manyUsers(t *testing.T, p *people) {
	t.Helper()
	const insert = "INSERT INTO users (issuer, subject, email, first_name, last_name) " +
		"VALUES ('https://tenant.example/', $1, $2, $3, $4)"
	tx, err := p.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	add := func(subject, email, first, last string) {
		if _, err := tx.ExecContext(t.Context(), insert, subject, email, first, last); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i <= 1000; i++ {
		number := fmt.Sprintf("%04d", i)
		add("s"+number, "user"+number+"@example.com", "User", number)
	}
	add("percent", "percent@example.com", "100%", "Sure")
	add("underscore", "under@example.com", "snake_case", "Name")
	add("bang", "bang@example.com", "Wow!", "Bang")
	add("umlaut", "umlaut@example.com", "Örjan", "Östlund")
	add("markup", "markup@example.com", "<b>Bold</b>", "O'Quote")
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func openTestUsers(t *testing.T) *people {
	t.Helper()
	database := "sqlite://" + filepath.Join(t.TempDir(), "users.db")
	users, err := openUsers(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { users.Close() })
	manyUsers(t, users)
	return users
}

func TestListPagesThroughAllUsers(t *testing.T) {
	users := openTestUsers(t)
	seen := map[int64]bool{}
	for page := 1; ; page++ {
		list, err := users.list(t.Context(), listQuery{Page: page})
		if err != nil {
			t.Fatal(err)
		}
		if list.Total != 1005 || list.Pages != 21 {
			t.Fatalf("got %d users on %d pages, want 1005 on 21", list.Total, list.Pages)
		}
		for _, user := range list.People {
			if seen[user.ID] {
				t.Errorf("page %d shows the user %d again", page, user.ID)
			}
			seen[user.ID] = true
		}
		if list.Next() == "" {
			break
		}
	}
	if len(seen) != 1005 {
		t.Errorf("the pages show %d users, want 1005", len(seen))
	}
}

func TestListSearch(t *testing.T) {
	users := openTestUsers(t)
	for search, want := range map[string]int{
		"":                     1005,
		"user0042@example.com": 1,
		"USER 0042":            1,
		"0042":                 1,
		"%":                    1,
		"_":                    1,
		"!":                    1,
		"Örjan Östlund":        1,
		"o'quote":              1,
		"<b>":                  1,
		"nobody":               0,
		`\`:                    0,
	} {
		list, err := users.list(t.Context(), listQuery{Search: search, Page: 1})
		if err != nil {
			t.Errorf("%q: %v", search, err)
			continue
		}
		if list.Total != want {
			t.Errorf("search %q: got %d users, want %d", search, list.Total, want)
		}
	}
}

func TestReadListQuery(t *testing.T) {
	long := strings.Repeat("ä", 100)
	for query, want := range map[string]listQuery{
		"":                    {"", 1},
		"q=+uma+&page=3":      {"uma", 3},
		"page=0":              {"", 1},
		"page=-5":             {"", 1},
		"page=x":              {"", 1},
		"q=a%00b%ffc":         {"abc", 1},
		"q=" + long:           {strings.Repeat("ä", 50), 1},
		"page=99999999999999": {"", 99999999999999},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := readListQuery(values); got != want {
			t.Errorf("%q: got %+v, want %+v", query, got, want)
		}
	}
}

func TestStaffPageFindsUsersAndReturnsToTheirRow(t *testing.T) {
	app := start(t)
	sunil, _, _ := app.signIn(t, "superuser@example.com", "/account")
	manyUsers(t, app.users)

	for path, want := range map[string][]string{
		"/staff":            {"Users 1 to 50 of 1007.", "Page 1 of 21", `rel="next"`},
		"/staff?page=21":    {"Users 1001 to 1007 of 1007.", `rel="prev"`, "Örjan"},
		"/staff?page=9999":  {"Page 21 of 21"},
		"/staff?q=nowhere":  {"No user matches the search.", "Show all"},
		"/staff?q=user0777": {"1 user.", "User 0777", `value="user0777"`},
		"/staff?q=bold":     {"&lt;b&gt;Bold&lt;/b&gt;"},
	} {
		resp, page := app.get(t, sunil, path)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s, want 200", path, resp.Status)
		}
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s: %q is not on the page", path, text)
			}
		}
	}

	_, page := app.get(t, sunil, "/staff?q=user07&page=2")
	confirm := deactivation(t, page, "User 0777")
	_, page = app.get(t, sunil, confirm)
	if !strings.Contains(page, "Deactivate <bdi>User 0777</bdi>?") {
		t.Errorf("%s does not ask for the user:\n%s", confirm, page)
	}
	path, _, _ := strings.Cut(confirm, "/deactivate")
	form := url.Values{"active": {"false"}, "q": {"user07"}, "page": {"2"}}
	resp, page := app.post(t, sunil, path+"/active", form)
	id := path[strings.LastIndex(path, "/")+1:]
	got := resp.Request.URL.String()
	if want := app.url + "/staff?page=2&q=user07#user-" + id; got != want {
		t.Errorf("after the deactivation: got %s, want %s", got, want)
	}
	if !strings.Contains(page, `<tr id="user-`+id+`" class="refused">`) {
		t.Errorf("the row of the user is not shown as inactive:\n%s", page)
	}
}

func TestConfirmationOfDeactivation(t *testing.T) {
	s := startStaffSite(t)
	uma := strings.TrimSuffix(s.umaActive, "active") + "deactivate"
	own := strings.TrimSuffix(s.ownActive, "active") + "deactivate"
	for _, tt := range []struct {
		name    string
		browser *http.Client
		path    string
		want    int
	}{
		{"a superuser for another user", s.sunil, uma, http.StatusOK},
		{"a superuser for the own account", s.sunil, own, http.StatusConflict},
		{"a superuser for an unknown user", s.sunil, "/staff/4711/deactivate", http.StatusNotFound},
		{"a staff user", s.stella, uma, http.StatusForbidden},
	} {
		resp, _ := s.get(t, tt.browser, tt.path)
		if resp.StatusCode != tt.want {
			t.Errorf("%s: got %s, want %d", tt.name, resp.Status, tt.want)
		}
	}
	s.checkStatus("Uma", s.uma, http.StatusOK)
}
