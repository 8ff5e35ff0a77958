package sqlusers

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// CheckFields implements [userprovider.FieldChecker]. A field is a column of the table, by its
// exact name, and "email" is Columns.Email. The error names the columns that do not exist, those
// that no claim may write (the columns in [Columns], and those that userprovider's Mapping.Validate
// refuses), and those whose type can hold no claim.
func (p *Provider[T]) CheckFields(fields []string) error {
	var faults []error
	for _, field := range fields {
		if _, err := p.fieldColumn(field); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// CheckRoles implements [userprovider.RoleChecker]. The error names the roles that have no column,
// or a column that the database computes.
func (p *Provider[T]) CheckRoles(staff, superuser bool) error {
	var faults []error
	if staff {
		faults = append(faults, p.checkRole("Staff", p.columns.Staff))
	}
	if superuser {
		faults = append(faults, p.checkRole("Superuser", p.columns.Superuser))
	}
	return errors.Join(faults...)
}

func (s *settings) checkRole(role, name string) error {
	setting := role + "Group"
	switch {
	case name == "":
		return s.fault("there is no %s column, and userprovider.Mapping sets that role; name the "+
			"column in Table.Columns.%s, or leave Mapping.%s empty", role, role, setting)
	case s.catalog[name].generated:
		return s.fault("the %s column %q is computed by the database, and userprovider.Mapping "+
			"sets that role; leave Mapping.%s empty", role, name, setting)
	}
	return nil
}

const emailField = "email"

// fieldColumn returns the column of a field. It has no name if the field is the e-mail and the
// table has no column for it.
func (s *settings) fieldColumn(field string) (column, error) {
	name := field
	if field == emailField {
		name = s.columns.Email
		if name == "" {
			return column{}, nil
		}
	}
	fault := func(format string, args ...any) (column, error) {
		return column{}, s.fault("the field %q "+format, append([]any{field}, args...)...)
	}
	c, ok := s.catalog[name]
	switch {
	case !ok:
		return fault("is no column; add it to the table, or remove it from the mapping (the "+
			"table has %s)",
			strings.Join(slices.Sorted(maps.Keys(s.catalog)), ", "))
	case field != emailField && s.isReserved(field):
		return fault("is a column that no claim may write; map the claim to another one")
	case c.generated:
		return fault("is a column that the database computes; map the claim to another one")
	case c.kind == other, c.kind == moment:
		return fault("is %s, which can hold no claim; map the claim to a text, number, boolean or "+
			"JSON column", describeType(c.typ))
	}
	return c, nil
}

// isReserved reports whether no claim may write the field. For fields such as role the claim
// decides, which Mapping.Validate has checked.
func (s *settings) isReserved(field string) bool {
	isField := func(name string) bool { return strings.EqualFold(name, field) }
	if slices.ContainsFunc(s.meaningful(), isField) {
		return true
	}
	mapping := userprovider.Mapping{Fields: map[string]string{field: "https://app.example/claim"}}
	return mapping.Validate() != nil
}

func describeType(typ string) string {
	if typ == "" { // which SQLite accepts
		return "of no type"
	}
	return "of the type " + typ
}

// An assignment is a column and the value that a login writes into it.
type assignment struct {
	column column
	value  any
}

// changes returns what a login writes, in a fixed order, or an error that names the field that
// cannot be written.
func (s *settings) changes(login userprovider.Login) ([]assignment, error) {
	if err := s.checkIdentity(login.Identity); err != nil {
		return nil, err
	}
	changes, err := s.fieldChanges(login.Fields)
	if err != nil {
		return nil, err
	}
	for _, role := range []struct {
		name, column string
		value        *bool
	}{
		{"Staff", s.columns.Staff, login.Staff},
		{"Superuser", s.columns.Superuser, login.Superuser},
	} {
		if role.value == nil {
			continue
		}
		if err := s.checkRole(role.name, role.column); err != nil {
			return nil, err
		}
		changes = append(changes, assignment{s.catalog[role.column], *role.value})
	}
	if s.reactivate {
		changes = append(changes, assignment{s.catalog[s.columns.Active], true})
	}
	return changes, nil
}

func (s *settings) fieldChanges(fields map[string]any) ([]assignment, error) {
	var changes []assignment
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		c, err := s.fieldColumn(field)
		if err != nil {
			return nil, err
		}
		if c.name == "" {
			continue
		}
		value, err := c.value(s.dialect, fields[field])
		if err != nil {
			return nil, s.invalid("the field %q %w", field, err)
		}
		changes = append(changes, assignment{c, value})
	}
	return changes, nil
}

// checkIdentity returns an error for a login whose user the table cannot keep.
func (s *settings) checkIdentity(identity userprovider.Identity) error {
	if identity.Issuer == "" || identity.Subject == "" {
		return s.invalid("a login needs issuer and subject, got %q and %q",
			identity.Issuer, identity.Subject)
	}
	if s.columns.Issuer == "" && identity.Issuer != s.issuer {
		return s.fault("the login is of the issuer %q, but Table.Issuer is %q, and there is no "+
			"issuer column; write Table.Issuer as in the ID token, or add a "+
			"column", identity.Issuer, s.issuer)
	}
	values := s.keyValues(identity)
	for i, name := range s.key() {
		// PostgreSQL cuts off spaces at the end of a text that is too long, and two users would
		// become one.
		if _, err := s.catalog[name].value(s.dialect, values[i]); err != nil {
			return s.invalid("the column %q %w", name, err)
		}
	}
	return nil
}
