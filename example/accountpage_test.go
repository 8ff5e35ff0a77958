package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

func TestAccountPageShowsSessionAndTrace(t *testing.T) {
	app := start(t)
	_, _, page := app.signIn(t, "staff@example.com", "/account")
	for _, want := range []string{
		"<code>memory</code>", "<code>given_name</code>", "<bdi>Stella</bdi>",
		"https://app.example/groups has &#34;staff&#34;", "<bdi>true</bdi>",
		"AUTH0_USER_FIELD_MAPPING=first_name=given_name,last_name=family_name",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page:\n%s", want, page)
		}
	}

	now := time.Now()
	for label, after := range map[string]time.Duration{
		"Ends if it is not used": 24 * time.Hour,
		"Ends at the latest":     72 * time.Hour,
	} {
		row := regexp.MustCompile(`<dt>` + label + `</dt><dd><time datetime="([^"]+)">`)
		found := row.FindStringSubmatch(page)
		if found == nil {
			t.Errorf("%q is not on the page:\n%s", label, page)
			continue
		}
		got, err := time.Parse(time.RFC3339, found[1])
		if err != nil {
			t.Errorf("%s: %v", label, err)
		}
		if off := got.Sub(now.Add(after)).Abs(); off > time.Minute {
			t.Errorf("%s: got %v, want %v from now", label, got, after)
		}
	}
}

func TestTraceOfLogin(t *testing.T) {
	account := person{Email: "uma@example.com", FirstName: "Uma", LastName: "Usher", Staff: true}
	tests := map[string]struct {
		mapping userprovider.Mapping
		want    []traceStep
	}{
		"no mapping": {
			userprovider.Mapping{},
			[]traceStep{{"email", "email", "uma@example.com"}},
		},
		"fields and a role": {
			userprovider.Mapping{
				Fields:     map[string]string{"email": "upn", "first_name": "given_name"},
				StaffGroup: "office",
			},
			[]traceStep{
				{"upn", "email", "uma@example.com"},
				{"given_name", "first_name", "Uma"},
				{`groups has "office"`, "staff", "true"},
			},
		},
	}
	for name, tt := range tests {
		got := trace(&tt.mapping, account)
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
