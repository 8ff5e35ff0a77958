package sqlusers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// check refuses a table that cannot keep a provider's promises. Names come first, because all else depends on them; of each
// sort of fault every one is reported.
func (s *settings) check(ctx context.Context, db *sql.DB, selected []string, skipIDCheck bool) error {
	faults := s.checkNames(selected)
	if len(faults) == 0 {
		faults = slices.Concat(s.checkID(skipIDCheck), s.checkTypes(), s.checkFilled())
	}
	if len(faults) == 0 {
		id := s.columns.ID
		faults = []error{
			s.checkUnique(ctx, db, s.conflictTarget(), s.key()),
			s.checkUnique(ctx, db, quote(id), []string{id}),
		}
	}
	return errors.Join(faults...)
}

func (s *settings) fault(format string, args ...any) error {
	return fmt.Errorf("sqlusers: table %s: %w", s.name, fmt.Errorf(format, args...))
}

func (s *settings) checkNames(selected []string) (faults []error) {
	if len(s.catalog) == 0 {
		return []error{s.fault("there is no such table; create it first (Schema has one), or mend Table.Name")}
	}
	have := strings.Join(slices.Sorted(maps.Keys(s.catalog)), ", ")
	for _, list := range []struct {
		where string
		names []string
	}{
		{"Columns", s.known()}, {"Select", selected}, {"Defaults", slices.Sorted(maps.Keys(s.defaults))},
	} {
		for _, name := range list.names {
			// SQLite takes "name" for the text 'name' where it is no column, so nothing else would notice.
			if _, ok := s.catalog[name]; !ok {
				faults = append(faults, s.fault("there is no column %q; mend Table.%s (it has %s)", name, list.where, have))
			}
		}
	}
	seen := map[string]bool{}
	for _, name := range s.known() {
		if seen[name] {
			faults = append(faults, s.fault("the column %q stands twice in Table.Columns", name))
		}
		seen[name] = true
	}
	for _, name := range s.key() {
		if _, ok := s.defaults[name]; ok {
			faults = append(faults, s.fault("Table.Defaults has the column %q, which every login sets itself", name))
		}
	}
	return faults
}

func (s *settings) checkID(skipIDCheck bool) (faults []error) {
	id := s.catalog[s.columns.ID]
	if id.kind != integer && id.kind != text && id.typ != "uuid" {
		faults = append(faults, s.fault("the column %q is %s; an ID must be an integer, text or a UUID", id.name, id.typ))
	}
	if id.reused && !skipIDCheck {
		faults = append(faults, s.fault("the column %q is an INTEGER PRIMARY KEY without AUTOINCREMENT: SQLite gives a deleted "+
			"user's number to the next new one, who would be in the other's sessions; add AUTOINCREMENT, or set "+
			"Table.SkipIDCheck if users are never deleted", id.name))
	}
	return faults
}

func (s *settings) checkTypes() (faults []error) {
	for _, name := range s.key() {
		if c := s.catalog[name]; c.kind != text || !c.exact {
			faults = append(faults, s.fault("the column %q is %s; it says who somebody is, so it must be text that is compared "+
				"byte by byte", name, c.typ))
		}
	}
	for _, name := range []string{s.columns.Active, s.columns.Staff, s.columns.Superuser} {
		if c := s.catalog[name]; name != "" && s.dialect == PostgreSQL && c.kind != boolean {
			faults = append(faults, s.fault("the column %q is %s; it must be boolean", name, c.typ))
		}
	}
	return faults
}

// checkFilled looks for columns that would make every first login fail.
func (s *settings) checkFilled() (faults []error) {
	for _, name := range slices.Sorted(maps.Keys(s.catalog)) {
		if _, ok := s.defaults[name]; !ok && s.catalog[name].required && !s.alwaysWritten(name) {
			faults = append(faults, s.fault("the column %q must not be NULL and has no default; give it one in Table.Defaults", name))
		}
	}
	return faults
}

// checkUnique has the database plan, not run, what only a unique index on exactly these columns can do.
func (s *settings) checkUnique(ctx context.Context, db *sql.DB, target string, names []string) error {
	//nolint:gosec // every name is quoted
	explain := "EXPLAIN INSERT INTO " + s.table() + " (" + quote(s.columns.Subject) + ") SELECT '' WHERE FALSE ON CONFLICT (" +
		target + ") DO NOTHING"
	rows, err := db.QueryContext(ctx, explain)
	if err == nil {
		for rows.Next() {
		}
		err = errors.Join(rows.Err(), rows.Close())
	}
	if err != nil {
		return s.fault("it needs a UNIQUE constraint on exactly (%s), compared byte by byte, so that nobody is there twice; "+
			"the database says: %w", strings.Join(names, ", "), err)
	}
	return nil
}
