package userprovider_test

import (
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

// ada is what Auth0 says about somebody, with whatever a test changes; nil takes a claim away.
func ada(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": "https://tenant.example/", "sub": "auth0|ada",
		"name": "Ada Lovelace", "nickname": "ada", "given_name": "Ada", "family_name": "Lovelace",
		"email": "ada@app.example", "email_verified": true,
		"picture": "https://cdn.example/ada.png",
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// A site is an application with a mapping and users in memory.
type site struct {
	t *testing.T
	userprovider.Mapping
	*userprovider.Memory
}

func newSite(t *testing.T) *site {
	return &site{t, userprovider.Mapping{
		Fields: map[string]string{"first_name": "given_name",
			"last_name": "family_name"},
		AccessTokenFields: map[string]string{"department": "https://app.example/department"},
		StaffGroup:        "editors",
		SuperuserGroup:    "admins",
	}, userprovider.NewMemory()}
}

// login is a login with these claims of the ID token, and no access token.
func (s *site) login(claims map[string]any) userprovider.MemoryUser {
	s.t.Helper()
	return s.loginWith(claims, nil)
}

// loginWith waits a second before, so that Account.Updated tells whether something was saved.
func (s *site) loginWith(claims, accessTokenClaims map[string]any) userprovider.MemoryUser {
	s.t.Helper()
	time.Sleep(time.Second) // in a bubble
	if err := s.Validate(); err != nil {
		s.t.Fatal(err)
	}
	login, _ := s.Mapping.Apply(claims, accessTokenClaims)
	user, err := s.SyncUser(s.t.Context(), login)
	if err != nil {
		s.t.Fatal(err)
	}
	account := user.Value.(userprovider.MemoryUser)
	if account.Active != user.Active || account.Staff != user.Staff ||
		account.Superuser != user.Superuser {
		s.t.Errorf("the account %+v is not the user %+v", account, user)
	}
	return account
}

func (s *site) wantField(account userprovider.MemoryUser, name string, want any) {
	s.t.Helper()
	if got := account.Field(name); got != want {
		s.t.Errorf("the field %q holds %#v, want %#v", name, got, want)
	}
}

func (s *site) wantRoles(account userprovider.MemoryUser, staff, superuser bool) {
	s.t.Helper()
	if account.Staff != staff || account.Superuser != superuser {
		s.t.Errorf("Staff is %t and Superuser is %t, want %t and %t",
			account.Staff, account.Superuser, staff, superuser)
	}
}

func (s *site) wantSaved(before, after userprovider.MemoryUser, saved bool) {
	s.t.Helper()
	if after.ID != before.ID {
		s.t.Errorf("user %q became user %q", before.ID, after.ID)
	}
	if got := !after.Updated.Equal(before.Updated); got != saved {
		s.t.Errorf("saved is %t, want %t", got, saved)
	}
}

// TestLogin is what a login does to a user, from claims to stored account.
func TestLogin(t *testing.T) {
	department := func(value any) map[string]any { return map[string]any{"https://app.example/department": value} }
	groups := func(value any) map[string]any { return ada(map[string]any{"groups": value}) }

	for _, test := range []struct {
		name string
		run  func(s *site)
	}{
		// Fields.
		{"fields are mapped on creation", func(s *site) {
			account := s.login(ada(nil))
			s.wantField(account, "first_name", "Ada")
			s.wantField(account, "last_name", "Lovelace")
			if !account.Active || account.Issuer != "https://tenant.example/" ||
				account.Subject != "auth0|ada" {
				s.t.Errorf("the new account is %+v", account)
			}
		}},
		{"fields are mapped on update", func(s *site) {
			before := s.login(ada(nil))
			after := s.login(ada(map[string]any{"family_name": "King"}))
			s.wantField(after, "first_name", "Ada")
			s.wantField(after, "last_name", "King")
			s.wantSaved(before, after, true)
		}},
		{"a claim that is missing leaves its field unset on creation", func(s *site) {
			s.wantField(s.login(ada(map[string]any{"family_name": nil})), "last_name", nil)
		}},
		{"a claim that is missing leaves its field as it was on update", func(s *site) {
			before := s.login(ada(nil))
			after := s.login(ada(map[string]any{"family_name": nil}))
			s.wantField(after, "last_name", "Lovelace")
			s.wantSaved(before, after, false)
		}},
		{"nothing changed, nothing saved", func(s *site) {
			before := s.loginWith(ada(map[string]any{"groups": []any{"editors"}}),
				department("Engines"))
			after := s.loginWith(ada(map[string]any{"groups": []any{"editors"}}),
				department("Engines"))
			s.wantSaved(before, after, false)
		}},
		{"no mapping at all", func(s *site) {
			s.Mapping = userprovider.Mapping{}
			account := s.login(ada(nil))
			if fields := account.Fields(); len(fields) != 1 ||
				fields["email"] != "ada@app.example" {
				s.t.Errorf("the fields are %v, want the e-mail alone", fields)
			}
		}},
		{"the claim's name may be a URL", func(s *site) {
			s.Mapping.Fields["plan"] = "https://app.example/plan"
			s.wantField(s.login(ada(map[string]any{"https://app.example/plan": "gold"})), "plan",
				"gold")
		}},

		// The e-mail.
		{"the e-mail is always in step", func(s *site) {
			before := s.login(ada(nil))
			after := s.login(ada(map[string]any{"email": "countess@app.example"}))
			if before.Email != "ada@app.example" || after.Email != "countess@app.example" {
				s.t.Errorf("the e-mail was %q and is %q", before.Email, after.Email)
			}
			s.wantField(after, "email", "countess@app.example")
			s.wantSaved(before, after, true)
		}},
		{"the e-mail is not saved when equal", func(s *site) {
			s.Mapping.Fields = nil
			before := s.login(ada(nil))
			s.wantSaved(before, s.login(ada(nil)), false)
		}},
		{"no e-mail leaves it as it was", func(s *site) {
			before := s.login(ada(nil))
			for _, nothing := range []any{nil, "", 42.0, []any{"mallory@app.example"}} {
				after := s.login(ada(map[string]any{"email": nothing}))
				s.wantSaved(before, after, false)
				s.wantField(after, "email", "ada@app.example")
			}
		}},

		// Roles.
		{"staff is granted", func(s *site) {
			s.wantRoles(s.login(ada(nil)), false, false)
			s.wantRoles(s.login(groups([]any{"editors", "readers"})), true, false)
		}},
		{"staff is taken away", func(s *site) {
			before := s.login(groups([]any{"editors"}))
			s.wantRoles(before, true, false)
			after := s.login(groups([]any{"readers"}))
			s.wantRoles(after, false, false)
			s.wantSaved(before, after, true)
		}},
		{"superuser is granted", func(s *site) {
			s.wantRoles(s.login(groups([]any{"admins"})), false, true)
		}},
		{"superuser is taken away", func(s *site) {
			s.wantRoles(s.login(groups([]any{"admins", "editors"})), true, true)
			s.wantRoles(s.login(groups([]any{"editors"})), true, false)
		}},
		{"roles without a group are not touched", func(s *site) {
			s.login(groups([]any{"admins", "editors"}))
			s.StaffGroup = ""
			s.wantRoles(s.login(groups([]any{})), true, false)
			s.SuperuserGroup = ""
			s.wantRoles(s.login(groups([]any{"admins"})), true, false)
		}},
		{"groups come from the configured claim", func(s *site) {
			s.GroupsField = "https://app.example/groups"
			s.wantRoles(s.login(groups([]any{"admins"})), false, false)
			s.wantRoles(s.login(ada(map[string]any{"https://app.example/groups": []any{"admins"}})),
				false, true)
		}},
		{"a single string is one group", func(s *site) {
			s.wantRoles(s.login(groups("editors")), true, false)
			s.wantRoles(s.login(groups("editors,admins")), false, false)
			s.wantRoles(s.login(groups("editors admins")), false, false)
		}},
		{"no groups at all takes the roles away", func(s *site) {
			for _, nothing := range []any{nil, []any{}, "", false, 1.0,
				map[string]any{"admins": "editors"}} {
				s.wantRoles(s.login(groups([]any{"editors", "admins"})), true, true)
				s.wantRoles(s.login(groups(nothing)), false, false)
			}
		}},

		// People who may not come in, or may again.
		{"an inactive user stays inactive", func(s *site) {
			account := s.login(ada(nil))
			if err := s.SetActive(account.ID, false); err != nil {
				s.t.Fatal(err)
			}
			if s.login(ada(nil)).Active {
				s.t.Error("a login made an inactive user active")
			}
		}},
		{"Reactivate makes an inactive user active", func(s *site) {
			s.Reactivate = true
			before := s.login(ada(nil))
			if err := s.SetActive(before.ID, false); err != nil {
				s.t.Fatal(err)
			}
			after := s.login(ada(nil))
			if !after.Active {
				s.t.Error("the login left the user inactive")
			}
			s.wantSaved(before, after, true)
		}},

		// Claims of the access token.
		{"both mappings together", func(s *site) {
			account := s.loginWith(ada(nil), department("Engines"))
			s.wantField(account, "first_name", "Ada")
			s.wantField(account, "department", "Engines")
		}},
		{"access-token claims are mapped on creation", func(s *site) {
			s.Mapping.Fields = nil
			s.wantField(s.loginWith(ada(nil), department("Engines")), "department", "Engines")
		}},
		{"access-token claims are mapped on update", func(s *site) {
			before := s.loginWith(ada(nil), department("Engines"))
			after := s.loginWith(ada(nil), department("Poetry"))
			s.wantField(after, "department", "Poetry")
			s.wantSaved(before, after, true)
		}},
		{"access-token claims unchanged save nothing", func(s *site) {
			before := s.loginWith(ada(nil), department("Engines"))
			s.wantSaved(before, s.loginWith(ada(nil), department("Engines")), false)
		}},
		{"an access-token claim that is missing leaves its field", func(s *site) {
			before := s.loginWith(ada(nil), department("Engines"))
			after := s.loginWith(ada(nil), map[string]any{"scope": "openid"})
			s.wantField(after, "department", "Engines")
			s.wantSaved(before, after, false)
		}},
		{"no access token leaves its fields", func(s *site) {
			before := s.loginWith(ada(nil), department("Engines"))
			after := s.login(ada(nil))
			s.wantField(after, "department", "Engines")
			s.wantSaved(before, after, false)
		}},
		{"a broken access token has no claims, and leaves its fields even if the ID token has " +
			"them", func(s *site) {
			before := s.loginWith(ada(nil), department("Engines"))
			after := s.loginWith(ada(map[string]any{"https://app.example/department": "Everything"}), map[string]any{})
			s.wantField(after, "department", "Engines")
			s.wantSaved(before, after, false)
		}},
		{"an access token says nothing but what is mapped", func(s *site) {
			account := s.loginWith(ada(nil), map[string]any{
				"given_name": "Mallory", "email": "mallory@app.example", "sub": "auth0|mallory",
				"groups": []any{"admins"},
			})
			s.wantField(account, "first_name", "Ada")
			if account.Subject != "auth0|ada" || account.Email != "ada@app.example" {
				s.t.Errorf("the account is %+v", account)
			}
			s.wantRoles(account, false, false)
		}},

		// The extraction of claims, overridden.
		{"Extract computes, renames and drops", func(s *site) {
			s.Extract = func(claims map[string]any) map[string]any {
				claims["given_name"] = "Augusta " + claims["given_name"].(string)
				claims["groups"] = claims["https://app.example/teams"]
				delete(claims, "family_name")
				return claims
			}
			account := s.login(ada(map[string]any{"https://app.example/teams": []any{"editors"}}))
			s.wantField(account, "first_name", "Augusta Ada")
			s.wantField(account, "last_name", nil)
			s.wantRoles(account, true, false)
		}},

		// Finding.
		{"finding a user", func(s *site) {
			account := s.login(ada(nil))
			user, err := s.FindUser(s.t.Context(), account.ID)
			if err != nil || user.ID != account.ID ||
				user.Value.(userprovider.MemoryUser).Email != "ada@app.example" {
				s.t.Errorf("FindUser returned %+v, %v", user, err)
			}
		}},
		{"finding none", func(s *site) {
			for range 2 { // in an empty store, and in one with users
				for _, id := range []string{"", "auth0|ada", "0", "1"} {
					if user, err := s.FindUser(s.t.Context(), id); !errors.Is(err,
						userprovider.ErrNotFound) {
						s.t.Errorf("FindUser(%q) returned %+v, %v", id, user, err)
					}
				}
				s.login(ada(nil))
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test.run(newSite(t)) })
		})
	}
}
