package userprovider_test

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chiauth0/auth/userprovider"
)

// ada returns the claims of a user, with the changes of a test. nil removes a claim.
func ada(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss":            testIssuer,
		"sub":            "auth0|ada",
		"name":           "Ada Lovelace",
		"nickname":       "ada",
		"given_name":     "Ada",
		"family_name":    "Lovelace",
		"email":          "ada@app.example",
		"email_verified": true,
		"picture":        "https://cdn.example/ada.png",
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

const departmentClaim = "https://app.example/department"

// department returns the claims of an access token.
func department(value any) map[string]any { return map[string]any{departmentClaim: value} }

// groups returns the claims of a user in these groups.
func groups(value any) map[string]any { return ada(map[string]any{"groups": value}) }

// A site is an application with a mapping and with users in memory.
type site struct {
	t *testing.T
	userprovider.Mapping
	*userprovider.Memory
}

func newSite(t *testing.T) *site {
	mapping := userprovider.Mapping{
		Fields: map[string]string{
			"first_name": "given_name",
			"last_name":  "family_name",
		},
		AccessTokenFields: map[string]string{"department": departmentClaim},
		StaffGroup:        "editors",
		SuperuserGroup:    "admins",
	}
	return &site{t, mapping, userprovider.NewMemory()}
}

// login logs in with claims of the ID token, and without an access token.
func (s *site) login(claims map[string]any) userprovider.MemoryUser {
	s.t.Helper()
	return s.loginWith(claims, nil)
}

// loginWith waits a second first, so that MemoryUser.Updated tells whether something was saved.
func (s *site) loginWith(claims, accessTokenClaims map[string]any) userprovider.MemoryUser {
	s.t.Helper()
	time.Sleep(time.Second) // in a bubble of synctest
	if err := s.Validate(); err != nil {
		s.t.Fatal(err)
	}
	login, _ := s.Apply(claims, accessTokenClaims)
	user, err := s.SyncUser(s.t.Context(), login)
	if err != nil {
		s.t.Fatal(err)
	}
	value := user.Value.(userprovider.MemoryUser)
	got := [3]bool{value.Active, value.Staff, value.Superuser}
	if want := [3]bool{user.Active, user.Staff, user.Superuser}; got != want {
		s.t.Errorf("the Value has the flags %v, the user %v", got, want)
	}
	return value
}

func (s *site) wantField(user userprovider.MemoryUser, name string, want any) {
	s.t.Helper()
	if got := user.Field(name); got != want {
		s.t.Errorf("the field %q holds %#v, want %#v", name, got, want)
	}
}

func (s *site) wantRoles(user userprovider.MemoryUser, staff, superuser bool) {
	s.t.Helper()
	if user.Staff != staff || user.Superuser != superuser {
		s.t.Errorf("Staff is %t and Superuser is %t, want %t and %t",
			user.Staff, user.Superuser, staff, superuser)
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

// TestLogin shows what a login does to a user, from the claims to what is stored.
func TestLogin(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(s *site)
	}{
		{"fields are mapped on creation", func(s *site) {
			user := s.login(ada(nil))
			s.wantField(user, "first_name", "Ada")
			s.wantField(user, "last_name", "Lovelace")
			if !user.Active || user.Issuer != testIssuer || user.Subject != "auth0|ada" {
				s.t.Errorf("the new user is %+v, want an active one with its identity", user)
			}
		}},
		{"fields are mapped on update", func(s *site) {
			before := s.login(ada(nil))
			after := s.login(ada(map[string]any{"family_name": "King"}))
			s.wantField(after, "first_name", "Ada")
			s.wantField(after, "last_name", "King")
			s.wantSaved(before, after, true)
		}},
		{"a missing claim leaves its field unset on creation", func(s *site) {
			s.wantField(s.login(ada(map[string]any{"family_name": nil})), "last_name", nil)
		}},
		{"a missing claim keeps its field on update", func(s *site) {
			before := s.login(ada(nil))
			after := s.login(ada(map[string]any{"family_name": nil}))
			s.wantField(after, "last_name", "Lovelace")
			s.wantSaved(before, after, false)
		}},
		{"a login that changes nothing saves nothing", func(s *site) {
			before := s.loginWith(groups([]any{"editors"}), department("Engines"))
			after := s.loginWith(groups([]any{"editors"}), department("Engines"))
			s.wantSaved(before, after, false)
		}},
		{"no mapping at all", func(s *site) {
			s.Mapping = userprovider.Mapping{}
			user := s.login(ada(nil))
			want := map[string]any{"email": "ada@app.example"}
			if fields := user.Fields(); !maps.Equal(fields, want) {
				s.t.Errorf("the fields are %v, want %v", fields, want)
			}
		}},
		{"the claim's name may be a URL", func(s *site) {
			s.Mapping.Fields["plan"] = "https://app.example/plan"
			user := s.login(ada(map[string]any{"https://app.example/plan": "gold"}))
			s.wantField(user, "plan", "gold")
		}},

		{"the e-mail follows its claim", func(s *site) {
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
		{"a login without an e-mail keeps it", func(s *site) {
			before := s.login(ada(nil))
			for _, nothing := range []any{nil, "", 42.0, []any{"mallory@app.example"}} {
				after := s.login(ada(map[string]any{"email": nothing}))
				s.wantSaved(before, after, false)
				s.wantField(after, "email", "ada@app.example")
			}
		}},

		{"staff is granted", func(s *site) {
			s.wantRoles(s.login(ada(nil)), false, false)
			s.wantRoles(s.login(groups([]any{"editors", "readers"})), true, false)
		}},
		{"staff is revoked", func(s *site) {
			before := s.login(groups([]any{"editors"}))
			s.wantRoles(before, true, false)
			after := s.login(groups([]any{"readers"}))
			s.wantRoles(after, false, false)
			s.wantSaved(before, after, true)
		}},
		{"superuser is granted", func(s *site) {
			s.wantRoles(s.login(groups([]any{"admins"})), false, true)
		}},
		{"superuser is revoked", func(s *site) {
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
			user := s.login(ada(map[string]any{"https://app.example/groups": []any{"admins"}}))
			s.wantRoles(user, false, true)
		}},
		{"a single string is one group", func(s *site) {
			s.wantRoles(s.login(groups("editors")), true, false)
			s.wantRoles(s.login(groups("editors,admins")), false, false)
			s.wantRoles(s.login(groups("editors admins")), false, false)
		}},
		{"a login without groups revokes the roles", func(s *site) {
			for _, nothing := range []any{
				nil, []any{}, "", false, 1.0, map[string]any{"admins": "editors"},
			} {
				s.wantRoles(s.login(groups([]any{"editors", "admins"})), true, true)
				s.wantRoles(s.login(groups(nothing)), false, false)
			}
		}},

		{"an inactive user stays inactive", func(s *site) {
			user := s.login(ada(nil))
			if err := s.SetActive(user.ID, false); err != nil {
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

		{"both tokens are mapped", func(s *site) {
			user := s.loginWith(ada(nil), department("Engines"))
			s.wantField(user, "first_name", "Ada")
			s.wantField(user, "department", "Engines")
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
		{"a missing access-token claim keeps its field", func(s *site) {
			before := s.loginWith(ada(nil), department("Engines"))
			after := s.loginWith(ada(nil), map[string]any{"scope": "openid"})
			s.wantField(after, "department", "Engines")
			s.wantSaved(before, after, false)
		}},
		{"a login without an access token keeps its fields", func(s *site) {
			before := s.loginWith(ada(nil), department("Engines"))
			after := s.login(ada(nil))
			s.wantField(after, "department", "Engines")
			s.wantSaved(before, after, false)
		}},
		{"a claim of the ID token does not stand in for one of the access token", func(s *site) {
			before := s.loginWith(ada(nil), department("Engines"))
			after := s.loginWith(ada(department("Everything")), map[string]any{})
			s.wantField(after, "department", "Engines")
			s.wantSaved(before, after, false)
		}},
		{"only mapped claims of the access token are used", func(s *site) {
			user := s.loginWith(ada(nil), map[string]any{
				"given_name": "Mallory", "email": "mallory@app.example", "sub": "auth0|mallory",
				"groups": []any{"admins"},
			})
			s.wantField(user, "first_name", "Ada")
			if user.Subject != "auth0|ada" || user.Email != "ada@app.example" {
				s.t.Errorf("the user is %+v, want the identity and e-mail of the ID token", user)
			}
			s.wantRoles(user, false, false)
		}},

		{"Extract computes, renames and removes claims", func(s *site) {
			s.Extract = func(claims map[string]any) map[string]any {
				claims["given_name"] = "Augusta " + claims["given_name"].(string)
				claims["groups"] = claims["https://app.example/teams"]
				delete(claims, "family_name")
				return claims
			}
			user := s.login(ada(map[string]any{"https://app.example/teams": []any{"editors"}}))
			s.wantField(user, "first_name", "Augusta Ada")
			s.wantField(user, "last_name", nil)
			s.wantRoles(user, true, false)
		}},

		{"an existing user is found", func(s *site) {
			user := s.login(ada(nil))
			found, err := s.FindUser(s.t.Context(), user.ID)
			if err != nil {
				s.t.Fatal(err)
			}
			email := found.Value.(userprovider.MemoryUser).Email
			if found.ID != user.ID || email != "ada@app.example" {
				s.t.Errorf("FindUser returned %+v, want %+v", found, user)
			}
		}},
		{"an unknown user is not found", func(s *site) {
			for range 2 { // without users, and with one
				for _, id := range []string{"", "auth0|ada", "0", "1"} {
					_, err := s.FindUser(s.t.Context(), id)
					wantNotFound(s.t, "FindUser", err)
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
