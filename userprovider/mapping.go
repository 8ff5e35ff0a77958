package userprovider

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A Mapping tells which claims become which fields and roles of the application's users. The zero
// Mapping writes the e-mail and nothing else. A mapping must not change once it is in use. It may
// then be used by several goroutines.
//
// A claim is named as it stands in the token, and the name may be a URL. A name that begins with
// "/" is a JSON Pointer (RFC 6901) into the claims: /realm_access/roles is the member roles of the
// claim realm_access. In a pointer, "/" inside a name is written ~1 and "~" is written ~0, as in
// /https:~1~1app.example~1metadata/plan.
type Mapping struct {
	// Fields are the user fields to write on every login: field name → claim of the ID token.
	// "email" needs no entry, since it always follows the claim email.
	Fields map[string]string

	// AccessTokenFields are further user fields: field name → claim of the access token. They are
	// written only when there is an access token that verified, which needs an audience.
	AccessTokenFields map[string]string

	// GroupsField is the claim that lists the groups of the user. It is a list of strings, one
	// string, which is one group, or an object whose keys are the groups (see [Identity].Groups).
	// Default: groups, which Auth0 drops from tokens (see [Mapping.GroupsWarning]). A URL such as
	// https://app.example/groups is kept.
	GroupsField string

	// StaffGroup and SuperuserGroup are the groups whose members have the role. Every login grants
	// the role to members and revokes it from all others. Default: none, and a login does not
	// change the role.
	StaffGroup, SuperuserGroup string

	// SessionClaims are claims of the ID token that the session keeps, to be read with
	// [Identity.Claim]. They make the session larger, which matters for sessions in cookies.
	// Default: none.
	SessionClaims []string

	// Extract prepares the claims before they are mapped. It may rename, compute and remove them.
	// It gets a copy of the claims of the verified ID token. Fields, the field "email" and the
	// groups are read from what it returns. Default: the claims as they are.
	//
	// Extract cannot change the identity: Login.Claims, and Login.Identity without its Groups, come
	// from the verified claims. A field "email" that Extract computes has therefore no connection
	// to Identity.EmailVerified.
	Extract func(claims map[string]any) map[string]any
}

// emailField is the field that is written without an entry in Mapping.Fields.
const emailField = "email"

// Apply maps the claims of a verified ID token, and the claims of a verified access token or nil.
// It never fails: a claim that cannot be used is left out, and a warning names it. Warnings contain
// no values of claims and are made for a log.
//
// A claim that is null counts as missing, and its field keeps its value. Auth0 sends null for what
// it does not know, and few columns can hold it. To clear a field, let Extract return "" for the
// claim. The lists and objects in Claims and Fields are those of the maps that are passed in.
func (m Mapping) Apply(claims, accessTokenClaims map[string]any) (login Login, warnings []string) {
	source := claims
	if m.Extract != nil {
		source = m.Extract(cloneMap(claims))
	}

	fields := make(map[string]any, len(m.Fields)+len(m.AccessTokenFields)+1)
	mapClaims(fields, m.Fields, source)
	mapClaims(fields, m.AccessTokenFields, accessTokenClaims)
	if warning := mapEmail(fields, source["email"]); warning != "" {
		warnings = append(warnings, warning)
	}

	identity := readIdentity(claims)
	identity.Permissions = readStrings(accessTokenClaims["permissions"])
	identity.Claims = m.sessionClaims(claims)
	groups := m.readGroups(source)
	identity.Groups = groups.names
	if groups.fault != "" && m.hasRoles() {
		warnings = append(warnings,
			fmt.Sprintf("the claim %q, which decides on roles, %s", m.groupsField(), groups.fault))
	}

	login = Login{
		Identity:          identity,
		Claims:            claims,
		AccessTokenClaims: accessTokenClaims,
		Fields:            fields,
	}
	if !groups.withheld {
		login.Staff = role(m.StaffGroup, groups.names)
		login.Superuser = role(m.SuperuserGroup, groups.names)
	}
	return login, warnings
}

// FieldNames returns the sorted names of all fields that a login may write, for [FieldChecker].
func (m Mapping) FieldNames() []string {
	names := slices.AppendSeq([]string{emailField}, maps.Keys(m.Fields))
	names = slices.AppendSeq(names, maps.Keys(m.AccessTokenFields))
	slices.Sort(names)
	return slices.Compact(names)
}

// Roles reports which roles a login sets, for [RoleChecker].
func (m Mapping) Roles() (staff, superuser bool) {
	return m.StaffGroup != "", m.SuperuserGroup != ""
}

func (m Mapping) groupsField() string {
	if m.GroupsField == "" {
		return "groups"
	}
	return m.GroupsField
}

func (m Mapping) hasRoles() bool {
	staff, superuser := m.Roles()
	return staff || superuser
}

// sessionClaims returns the claims that the session keeps, as JSON.
func (m Mapping) sessionClaims(claims map[string]any) map[string]json.RawMessage {
	var kept map[string]json.RawMessage
	for _, name := range m.SessionClaims {
		value := lookUp(claims, name)
		if value == nil {
			continue
		}
		encoded, err := encodeClaim(value)
		if err != nil { // no claim of a JSON Web Token
			continue
		}
		if kept == nil {
			kept = make(map[string]json.RawMessage, len(m.SessionClaims))
		}
		kept[name] = encoded
	}
	return kept
}

// mapClaims writes the mapped claims into fields. It skips "email", which mapEmail writes.
func mapClaims(fields map[string]any, mapping map[string]string, claims map[string]any) {
	for field, claim := range mapping {
		if field == emailField {
			continue
		}
		if value := lookUp(claims, claim); value != nil {
			fields[field] = value
		}
	}
}

func mapEmail(fields map[string]any, claim any) (warning string) {
	if claim == nil {
		return ""
	}
	email, ok := claim.(string)
	if !ok {
		return fmt.Sprintf("the claim \"email\" is %T, not a string: the e-mail keeps its "+
			"value", claim)
	}
	if email != "" {
		fields[emailField] = email
	}
	return ""
}

func role(group string, groups []string) *bool {
	if group == "" {
		return nil
	}
	return new(slices.Contains(groups, group))
}
