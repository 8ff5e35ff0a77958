package userprovider

import (
	"fmt"
	"maps"
	"slices"
)

// A Mapping says which claims become which fields and roles of the application's users. The zero Mapping writes the
// e-mail and nothing else. It is read-only once it is in use, and may then be used by several goroutines.
type Mapping struct {
	// Fields are the user fields to write on every login: field name → claim of the ID token. A claim's name may be a
	// URL; it is looked up as it stands. "email" needs no entry: it always follows the claim email.
	Fields map[string]string

	// AccessTokenFields are further user fields: field name → claim of the access token. They are written only when
	// there is an access token that verified.
	AccessTokenFields map[string]string

	// GroupsField is the claim that lists the user's groups. Default: groups, which Auth0 drops from tokens when an
	// Action sets it (see [Mapping.Warnings]); a URL such as https://app.example/groups is kept.
	GroupsField string

	// StaffGroup and SuperuserGroup are the groups whose members get the role; it is taken from everybody else, on every
	// login. Default: none, and the role is not touched.
	StaffGroup, SuperuserGroup string

	// Extract prepares the claims before they are mapped: it may rename, compute and drop them. It gets a copy of the
	// verified ID token's claims, and what it returns is where Fields, the field "email" and the groups are read from.
	// Default: the claims as they are.
	//
	// Extract cannot change who the user is. Login.Claims and all of Login.Identity but its Groups come from the
	// verified claims, the e-mail and email_verified among them: the one says nothing about the other unless both are
	// Auth0's.
	Extract func(claims map[string]any) map[string]any
}

// emailField is the one field that is written without being mapped.
const emailField = "email"

// Login applies the mapping to the claims of a verified ID token, and of a verified access token or nil. It never fails:
// what it could not use is left out, and the warnings say so, in words that are fit for a log (they have no values of
// claims in them).
//
// A claim that is null counts as absent: the field stays as it is. Auth0 sends null for what it does not know, and few
// fields can hold it; an Extract that puts "" in its place clears the field. Claims and Fields share what lists and
// objects they have with the maps passed in.
func (m Mapping) Login(claims, accessTokenClaims map[string]any) (login Login, warnings []string) {
	source := claims
	if m.Extract != nil {
		source = m.Extract(cloneMap(claims))
	}

	fields := make(map[string]any, len(m.Fields)+len(m.AccessTokenFields)+1)
	mapClaims(fields, m.Fields, source)
	mapClaims(fields, m.AccessTokenFields, accessTokenClaims)
	switch email := source["email"].(type) {
	case nil:
	case string:
		if email != "" {
			fields[emailField] = email
		}
	default:
		warnings = append(warnings, fmt.Sprintf("the claim \"email\" is %T, not a string: the e-mail stays as it is", email))
	}

	groups, fault := readGroups(source[m.groupsField()])
	if fault != "" && m.hasRoles() {
		warnings = append(warnings, fmt.Sprintf("the claim %q that decides on roles %s", m.groupsField(), fault))
	}

	identity := readIdentity(claims)
	identity.Groups = groups
	return Login{
		Identity:  identity,
		Claims:    claims,
		Fields:    fields,
		Staff:     role(m.StaffGroup, groups),
		Superuser: role(m.SuperuserGroup, groups),
	}, warnings
}

// FieldNames returns the sorted names of all fields that a login may write, for [FieldChecker].
func (m Mapping) FieldNames() []string {
	names := slices.AppendSeq([]string{emailField}, maps.Keys(m.Fields))
	names = slices.AppendSeq(names, maps.Keys(m.AccessTokenFields))
	slices.Sort(names)
	return slices.Compact(names)
}

func (m Mapping) groupsField() string {
	if m.GroupsField == "" {
		return "groups"
	}
	return m.GroupsField
}

func (m Mapping) hasRoles() bool { return m.StaffGroup != "" || m.SuperuserGroup != "" }

// mapClaims leaves "email" out: it has a rule of its own, and Validate sees to it that no mapping says otherwise.
func mapClaims(fields map[string]any, mapping map[string]string, claims map[string]any) {
	for field, claim := range mapping {
		if value := claims[claim]; value != nil && field != emailField {
			fields[field] = value
		}
	}
}

func role(group string, groups []string) *bool {
	if group == "" {
		return nil
	}
	return new(slices.Contains(groups, group))
}
