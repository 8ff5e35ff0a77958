package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// A viewer is the signed-in user in the data of a page.
type viewer struct {
	Name, Email, Picture, Initials string
	Roles                          []string
	Identity, User                 []fact
	ID                             int64 // of the table of users
	Created                        time.Time
	Superuser                      bool

	staff        bool
	secondFactor bool // used in the time of mfaAge
}

type fact struct{ Name, Value string }

// viewerFrom returns the viewer of a request. Its errors are those of chiauth0.UserFrom.
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
	name := cmp.Or(identity.Name, identity.Nickname, identity.Email, identity.Subject)
	return &viewer{
		Name:      name,
		Email:     identity.Email,
		Picture:   identity.Picture,
		Initials:  initials(name),
		Roles:     account.Roles(),
		Identity:  identityFacts(identity),
		User:      userFacts(account),
		ID:        account.ID,
		Created:   account.Created,
		Superuser: user.Superuser,
		staff:     user.Staff,

		secondFactor: slices.Contains(identity.AMR, "mfa") &&
			time.Since(identity.AuthTime) < mfaAge,
	}, nil
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
	})
}

// present returns the facts with a value.
func present(facts []fact) []fact {
	var kept []fact
	for _, f := range facts {
		if f.Value != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

// initials returns the initials of the first and the last word of a name.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	})
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
