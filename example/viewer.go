package main

import (
	"context"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// A viewer is the signed-in user as the pages show them.
type viewer struct {
	Name, Email, Picture, Initials string
	Roles                          []string
	Identity, User                 []fact
	ID                             int64 // in the table of users
	Superuser                      bool

	staff bool
}

type fact struct{ Name, Value string }

// viewerFrom is the viewer of a request. Its error is chiauth0.UserFrom's.
func viewerFrom(ctx context.Context) (*viewer, error) {
	user, err := chiauth0.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	identity, err := chiauth0.IdentityFrom(ctx)
	if err != nil {
		return nil, err
	}
	account, err := chiauth0.UserAs[person](ctx)
	if err != nil {
		return nil, err
	}
	v := &viewer{
		Email: identity.Email, Picture: identity.Picture, ID: account.ID, Superuser: user.Superuser, staff: user.Staff,
		Identity: identityFacts(identity), User: userFacts(account),
	}
	for _, name := range []string{identity.Name, identity.Nickname, identity.Email, identity.Subject} {
		if v.Name == "" {
			v.Name = name
		}
	}
	v.Initials = initials(v.Name)
	v.Roles = account.Roles()
	return v, nil
}

func identityFacts(identity userprovider.Identity) []fact {
	email := identity.Email
	if email != "" && !identity.EmailVerified {
		email += " (not verified)"
	}
	return present([]fact{
		{"Name", identity.Name},
		{"E-mail", email},
		{"Groups", strings.Join(identity.Groups, ", ")},
		{"Organization", identity.OrgName},
		{"Subject", identity.Subject},
		{"Issuer", identity.Issuer},
	})
}

func userFacts(account person) []fact {
	return present([]fact{
		{"First name", account.FirstName},
		{"Last name", account.LastName},
		{"E-mail", account.Email},
		{"ID", strconv.FormatInt(account.ID, 10)},
		{"Since", account.Created.UTC().Format(timeFormat)},
	})
}

// present leaves out what nobody said.
func present(facts []fact) []fact {
	var kept []fact
	for _, f := range facts {
		if f.Value != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

// initials are those of the first and the last word of a name.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	if len(words) == 1 || strings.Contains(name, "@") {
		return strings.ToUpper(string(first))
	}
	last, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return strings.ToUpper(string([]rune{first, last}))
}
