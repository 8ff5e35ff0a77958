package userprovider

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Where a mapping comes from, as errors name it: the field, and the environment variable that chiauth0 fills it from.
const (
	fromIDToken     = "Mapping.Fields (AUTH0_USER_FIELD_MAPPING)"
	fromAccessToken = "Mapping.AccessTokenFields (AUTH0_ACCESS_TOKEN_CLAIM_MAPPING)"
)

// Validate reports every fault of the mapping at once, joined: names that are empty or have spaces around them, a field
// mapped twice, and fields that no claim may write. Users can edit some of their claims, so these must never decide who
// somebody is (id, subject, issuer …), how they prove it (password …) or what they may do (active, staff, superuser,
// roles, groups …). Such names are told in all their usual spellings: IsStaff, is_staff and is-staff are one.
//
// "username" may be mapped: where it is an alias (username=nickname) that is harmless, and a provider that finds its
// users by it refuses in CheckFields. "email" may only be mapped to the claim email of the ID token, which changes
// nothing: the identity's EmailVerified speaks for that claim alone, and applications let people in by their e-mail.
func (m Mapping) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("userprovider: "+format, args...))
	}
	check := func(origin string, mapping map[string]string) {
		for _, field := range slices.Sorted(maps.Keys(mapping)) {
			claim := mapping[field]
			if problem := checkName(field); problem != "" {
				fault("%s: the field %q for the claim %q %s", origin, field, claim, problem)
				continue
			}
			if problem := checkName(claim); problem != "" {
				fault("%s: the claim %q for the field %q %s", origin, claim, field, problem)
			}
			if mend := reserved(field); mend != "" {
				fault("%s: no claim may write the field %q, so it cannot be mapped to %q; %s", origin, field, claim, mend)
			}
			isEmail := strings.EqualFold(plainName(field), "email")
			if isEmail && (origin != fromIDToken || field != emailField || claim != "email") {
				fault(`%s: the field %q always follows the ID token's claim "email", so it cannot be mapped to %q; `+
					"remove it, or map the claim to a field of another name", origin, field, claim)
			}
		}
	}
	check(fromIDToken, m.Fields)
	check(fromAccessToken, m.AccessTokenFields)

	for _, field := range slices.Sorted(maps.Keys(m.AccessTokenFields)) {
		if claim, twice := m.Fields[field]; twice {
			fault("the field %q is mapped to the claim %q in %s and to %q in %s; remove one of them",
				field, claim, fromIDToken, m.AccessTokenFields[field], fromAccessToken)
		}
	}

	for _, setting := range []struct{ name, value string }{
		{"Mapping.GroupsField (AUTH0_GROUPS_FIELD)", m.GroupsField},
		{"Mapping.StaffGroup (AUTH0_STAFF_GROUP)", m.StaffGroup},
		{"Mapping.SuperuserGroup (AUTH0_SUPERUSER_GROUP)", m.SuperuserGroup},
	} {
		if problem := checkName(setting.value); setting.value != "" && problem != "" {
			fault("%s: %q %s", setting.name, setting.value, problem)
		}
	}
	return errors.Join(faults...)
}

// Warnings returns what is allowed but is probably not meant, one sentence each, for the log at start.
func (m Mapping) Warnings() []string {
	// An Extract may well make the claim under this name, so it is left in peace.
	if !m.hasRoles() || m.Extract != nil {
		return nil
	}
	switch m.groupsField() {
	case "groups", "roles", "permissions":
		return []string{fmt.Sprintf("roles depend on the claim %q, but Auth0 silently drops custom claims of this name: "+
			"nobody will get a role; set the claim under a URL in an Auth0 Action, such as https://app.example/groups, "+
			"and name it in Mapping.GroupsField (AUTH0_GROUPS_FIELD)", m.groupsField())}
	}
	return nil
}

func checkName(name string) (problem string) {
	switch trimmed := strings.TrimSpace(name); {
	case trimmed == "":
		return "has no name; give it one or remove the entry"
	case trimmed != name:
		return "has spaces around it; remove them"
	}
	return ""
}

// reservedNames are the fields that no claim may write, as plainName writes them, by what to do instead.
var reservedNames = map[string][]string{
	"users are always found by issuer and subject; map the claim to a field of another name": {
		"id", "pk", "uid", "userid", "sub", "subject", "iss", "issuer",
	},
	"people who log in at Auth0 have no password here; remove the entry": {
		"password", "passwd", "pwd", "passwordhash", "passworddigest", "hashedpassword", "encryptedpassword",
	},
	"make people inactive in the application or block them at Auth0; remove the entry": {
		"active", "isactive", "inactive", "enabled", "isenabled", "disabled", "isdisabled",
		"blocked", "isblocked", "banned", "isbanned",
	},
	"set Mapping.StaffGroup (AUTH0_STAFF_GROUP) or Mapping.SuperuserGroup (AUTH0_SUPERUSER_GROUP), or map the claim to a " +
		"field of another name": {
		"staff", "isstaff", "superuser", "issuperuser", "admin", "isadmin", "administrator", "isadministrator",
		"role", "roles", "userrole", "userroles", "permission", "permissions", "userpermissions",
		"group", "groups", "usergroups",
	},
}

func reserved(field string) (mend string) {
	plain := plainName(field)
	for mend, names := range reservedNames {
		// EqualFold, not ToLower: a database may fold the Kelvin sign to k, or ſ to s, as well.
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, plain) }) {
			return mend
		}
	}
	return ""
}

// plainName drops what separates words, and quotes and characters without a width, which a provider might drop as well.
func plainName(field string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, field)
}
