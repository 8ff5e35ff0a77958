package userprovider

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// The origin of a mapping, as errors name it: the field, and the environment variable that
// chiauth0.ConfigFromEnv reads it from.
const (
	fromIDToken     = "Mapping.Fields (AUTH0_USER_FIELD_MAPPING)"
	fromAccessToken = "Mapping.AccessTokenFields (AUTH0_ACCESS_TOKEN_CLAIM_MAPPING)"
)

// Validate returns all faults of the mapping, joined: names that are empty or have spaces around
// them, malformed pointers, a field mapped twice, and fields that a claim must not write.
//
// Users can edit some of their claims. So no claim may write the fields that decide who a user is
// (id, subject, issuer …), how they authenticate (password …) and what they may do (active, staff,
// superuser …). Names are recognized in all usual spellings: IsStaff, is_staff and is-staff are the
// same. Fields for roles, groups and permissions (role, roles, groups …) may be mapped from a claim
// whose name is a URL, since such a claim is set by an Auth0 Action.
//
// "username" may be mapped. A provider that finds its users by it refuses it in CheckFields.
// "email" may only be mapped to the claim email of the ID token, which changes nothing:
// Identity.EmailVerified applies to that claim alone.
func (m Mapping) Validate() error {
	return errors.Join(slices.Concat(
		validateFields(fromIDToken, m.Fields),
		validateFields(fromAccessToken, m.AccessTokenFields),
		m.validateDuplicates(),
		m.validateSettings(),
		m.validateSessionClaims(),
	)...)
}

func validateFields(origin string, mapping map[string]string) (faults []error) {
	for _, field := range slices.Sorted(maps.Keys(mapping)) {
		faults = append(faults, validateField(origin, field, mapping[field])...)
	}
	return faults
}

func validateField(origin, field, claim string) (faults []error) {
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("userprovider: "+origin+": "+format, args...))
	}
	if problem := checkName(field); problem != "" {
		fault("the field %q for the claim %q %s", field, claim, problem)
		return faults
	}
	if problem := checkClaimName(claim); problem != "" {
		fault("the claim %q for the field %q %s", claim, field, problem)
	}
	if fix := reservedFix(field); fix != "" {
		fault("no claim may write the field %q, so it cannot be mapped to %q; "+
			"%s", field, claim, fix)
	}
	if isRightsField(field) && !isURL(topLevelName(claim)) {
		fault("the claim %q must not write the field %q; %s", claim, field, rightsFix)
	}
	if isEmailName(field) && (origin != fromIDToken || field != emailField || claim != "email") {
		fault(`the field %q always follows the claim "email" of the ID token, so it cannot be `+
			"mapped to %q; remove it, or map the claim to a field of another name", field, claim)
	}
	return faults
}

func (m Mapping) validateDuplicates() (faults []error) {
	for _, field := range slices.Sorted(maps.Keys(m.AccessTokenFields)) {
		claim, twice := m.Fields[field]
		if !twice {
			continue
		}
		faults = append(faults, fmt.Errorf(
			"userprovider: the field %q is mapped to the claim %q in %s and to %q in %s; "+
				"remove one of them",
			field, claim, fromIDToken, m.AccessTokenFields[field], fromAccessToken))
	}
	return faults
}

func (m Mapping) validateSettings() (faults []error) {
	for _, setting := range []struct {
		name, value string
		check       func(string) string
	}{
		{"Mapping.GroupsField (AUTH0_GROUPS_FIELD)", m.GroupsField, checkClaimName},
		{"Mapping.StaffGroup (AUTH0_STAFF_GROUP)", m.StaffGroup, checkName},
		{"Mapping.SuperuserGroup (AUTH0_SUPERUSER_GROUP)", m.SuperuserGroup, checkName},
	} {
		if setting.value == "" {
			continue
		}
		if problem := setting.check(setting.value); problem != "" {
			faults = append(faults,
				fmt.Errorf("userprovider: %s: %q %s", setting.name, setting.value, problem))
		}
	}
	return faults
}

func (m Mapping) validateSessionClaims() (faults []error) {
	seen := map[string]bool{}
	for _, claim := range m.SessionClaims {
		problem := checkClaimName(claim)
		if problem == "" && seen[claim] {
			problem = "is there twice; remove one of them"
		}
		seen[claim] = true
		if problem != "" {
			faults = append(faults,
				fmt.Errorf("userprovider: Mapping.SessionClaims: the claim %q %s", claim, problem))
		}
	}
	return faults
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

func checkClaimName(name string) (problem string) {
	if problem := checkName(name); problem != "" {
		return problem
	}
	if isPointer(name) && !isPointerValid(name) {
		return `is a JSON Pointer with a "~" that neither 0 nor 1 follows; write "~" as ~0`
	}
	return ""
}

// reservedFields are the fields that no claim may write, in the form of plainName, by the fix.
var reservedFields = map[string][]string{
	"users are found by issuer and subject; map the claim to a field of another name": {
		"id", "pk", "uid", "userid", "sub", "subject", "iss", "issuer",
	},
	"users who log in at Auth0 have no password in the application; remove the entry": {
		"password", "passwd", "pwd", "passwordhash", "passworddigest", "hashedpassword",
		"encryptedpassword",
	},
	"make users inactive in the application or block them at Auth0; remove the entry": {
		"active", "isactive", "inactive", "enabled", "isenabled", "disabled", "isdisabled",
		"blocked", "isblocked", "banned", "isbanned", "deleted", "isdeleted", "deletedat",
	},
	"set Mapping.StaffGroup (AUTH0_STAFF_GROUP) or Mapping.SuperuserGroup " +
		"(AUTH0_SUPERUSER_GROUP), or map the claim to a field of another name": {
		"staff", "isstaff", "superuser", "issuperuser", "superadmin", "issuperadmin",
		"admin", "isadmin", "administrator", "isadministrator",
	},
}

// rightsFields are the fields that only a claim with a URL for a name may write.
var rightsFields = []string{
	"role", "roles", "userrole", "userroles", "permission", "permissions", "userpermissions",
	"group", "groups", "usergroups",
}

const rightsFix = "a field for rights may only be mapped from a claim whose name is a URL, which " +
	"an Auth0 Action sets, such as https://app.example/roles; rename the claim, set " +
	"Mapping.StaffGroup (AUTH0_STAFF_GROUP) or Mapping.SuperuserGroup (AUTH0_SUPERUSER_GROUP), " +
	"or map the claim to a field of another name"

// reservedFix returns what to do in place of mapping the field, or "" for a field that may be
// mapped.
func reservedFix(field string) (fix string) {
	for fix, names := range reservedFields {
		if contains(names, field) {
			return fix
		}
	}
	return ""
}

func isRightsField(field string) bool { return contains(rightsFields, field) }

// contains compares with EqualFold, since a database may also fold the Kelvin sign to k, or ſ to s.
func contains(names []string, field string) bool {
	plain := plainName(field)
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.EqualFold(name, plain)
	})
}

// isURL reports whether a claim's name is an absolute http or https URL.
func isURL(name string) bool {
	u, err := url.Parse(name)
	if err != nil {
		return false
	}
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != ""
}

func isEmailName(field string) bool { return strings.EqualFold(plainName(field), emailField) }

// plainName removes separators, quotes and characters without a width, which a provider might
// ignore as well.
func plainName(field string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, field)
}
