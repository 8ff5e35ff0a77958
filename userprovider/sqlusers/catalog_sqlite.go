package sqlusers

import (
	"context"
	"database/sql"
	"strings"
)

const sqliteColumns = `SELECT name, type, "notnull", coalesce(dflt_value, 'NULL'), pk, hidden
FROM pragma_table_xinfo(?1, ?2)`

func (s *settings) readSQLite(ctx context.Context, db Querier) error {
	primaryKey, err := s.readSQLiteColumns(ctx, db)
	if err != nil || len(primaryKey) != 1 {
		return err
	}
	c := s.catalog[primaryKey[0]]
	if !strings.EqualFold(c.typ, "INTEGER") {
		return nil
	}
	definition, err := s.readSQLiteDefinition(ctx, db)
	if err != nil {
		return err
	}
	_, options, _ := cutLast(strings.ToUpper(definition), ")")
	if strings.Contains(options, "WITHOUT") {
		return nil // WITHOUT ROWID: a key like any other
	}
	// An INTEGER PRIMARY KEY is the number of the row, which SQLite fills in.
	c.hasDefault = true
	c.reused = !strings.Contains(strings.ToUpper(definition), "AUTOINCREMENT")
	s.catalog[c.name] = c
	return nil
}

// readSQLiteColumns fills the catalog and returns the columns of the primary key.
func (s *settings) readSQLiteColumns(ctx context.Context, db Querier) ([]string, error) {
	schema, name := s.schemaAndName()
	schemaOrNull := sql.NullString{String: schema, Valid: schema != ""}
	rows, err := db.QueryContext(ctx, sqliteColumns, name, schemaOrNull)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var primaryKey []string
	for rows.Next() {
		var c column
		var standard string
		var key, hidden int
		if err := rows.Scan(&c.name, &c.typ, &c.notNull, &standard, &key, &hidden); err != nil {
			return nil, err
		}
		c.kind, c.exact, c.bits, c.scale = sqliteKind(c.typ), true, 64, anyScale
		c.hasDefault = !strings.EqualFold(standard, "NULL")
		c.generated = hidden != 0
		if key > 0 {
			// SQLite accepts NULL in a primary key that is not an INTEGER. No user has that ID.
			c.notNull = true
			primaryKey = append(primaryKey, c.name)
		}
		s.catalog[c.name] = c
	}
	return primaryKey, rows.Err()
}

// readSQLiteDefinition returns the CREATE TABLE statement.
func (s *settings) readSQLiteDefinition(ctx context.Context, db Querier) (string, error) {
	schema, name := s.schemaAndName()
	master := "sqlite_master"
	if schema != "" {
		master = s.quote(schema) + ".sqlite_master"
	}
	query := "SELECT sql FROM " + master + " WHERE type = 'table' AND name = ?1 COLLATE NOCASE"
	rows, err := db.QueryContext(ctx, query, name)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var definition string
	for rows.Next() {
		if err := rows.Scan(&definition); err != nil {
			return "", err
		}
	}
	return definition, rows.Err()
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// sqliteKind follows the rules by which SQLite reads a declared type ("Datatypes In SQLite",
// section 3.1). In addition it recognizes booleans, times and JSON, for which SQLite has no types.
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
	case has("DATE", "TIME"):
		return moment
	default:
		return other
	}
}
