package sqlusers

import (
	"context"
	"database/sql"
	"strings"
)

func (s *settings) readSQLite(ctx context.Context, db *sql.DB) error {
	schema, name := s.schemaAndName()
	rows, err := db.QueryContext(ctx, `SELECT name, type, "notnull", dflt_value IS NOT NULL, pk, hidden
FROM pragma_table_xinfo(?1, ?2)`, name, sql.NullString{String: schema, Valid: schema != ""})
	if err != nil {
		return err
	}
	defer rows.Close()
	keys, rowID := 0, ""
	for rows.Next() {
		var c column
		var notNull, hasDefault bool
		var key, hidden int
		if err := rows.Scan(&c.name, &c.typ, &notNull, &hasDefault, &key, &hidden); err != nil {
			return err
		}
		c.kind, c.exact, c.bits, c.scale = sqliteKind(c.typ), true, 64, anyScale
		c.generated = hidden != 0
		// SQLite lets a primary key be NULL, unless it is an INTEGER, which it then fills in.
		c.required = (notNull || key > 0) && !hasDefault
		if key > 0 {
			keys++
			if strings.EqualFold(c.typ, "INTEGER") {
				rowID = c.name
			}
		}
		s.catalog[c.name] = c
	}
	if err := rows.Err(); err != nil || keys != 1 || rowID == "" {
		return err
	}
	rows.Close()

	master := "sqlite_master"
	if schema != "" {
		master = quote(schema) + ".sqlite_master"
	}
	var definition string
	err = db.QueryRowContext(ctx, "SELECT sql FROM "+master+" WHERE type = 'table' AND name = ?1 COLLATE NOCASE", name).
		Scan(&definition)
	if err != nil {
		return err
	}
	c := s.catalog[rowID]
	c.required = false
	c.reused = !strings.Contains(strings.ToUpper(definition), "AUTOINCREMENT")
	s.catalog[rowID] = c
	return nil
}

// sqliteKind follows the rules by which SQLite itself reads a declared type ("Datatypes In SQLite", section 3.1), but
// for booleans, times and JSON, of which it has no types and people have columns.
func sqliteKind(typ string) kind {
	typ = strings.ToUpper(typ)
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(typ, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("INT"):
		return integer
	case has("CHAR", "CLOB", "TEXT"):
		return text
	case has("BLOB"):
		return other
	case has("REAL", "FLOA", "DOUB"): //nolint:misspell // SQLite's spelling
		return float
	case has("BOOL"):
		return boolean
	case has("JSON"):
		return document
	case has("NUM", "DEC"):
		return decimal
	default:
		return other
	}
}
