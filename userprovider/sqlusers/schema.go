package sqlusers

import "strings"

// Schema returns a CREATE TABLE IF NOT EXISTS statement for the table that the zero [Table]
// describes, for an application that has no table yet. columns are further columns in SQL, such as
// "first_name text". They are not quoted, and must not come from user input.
//
// Issuer and subject are unique together, and no ID is given twice. The e-mail is not unique: two
// users can have the same, and one of them may not have verified it.
func Schema(dialect Dialect, columns ...string) string {
	id, timestamp := "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "timestamptz"
	if dialect == SQLite {
		// Without AUTOINCREMENT a new user can get the number, and so the sessions, of a deleted
		// one.
		id, timestamp = "INTEGER PRIMARY KEY AUTOINCREMENT", "timestamp"
	}
	lines := []string{
		"id " + id,
		"issuer text NOT NULL",
		"subject text NOT NULL",
		"email text",
		"active boolean NOT NULL DEFAULT true",
		"staff boolean NOT NULL DEFAULT false",
		"superuser boolean NOT NULL DEFAULT false",
		"created_at " + timestamp + " NOT NULL DEFAULT CURRENT_TIMESTAMP",
		"updated_at " + timestamp + " NOT NULL DEFAULT CURRENT_TIMESTAMP",
		"last_login " + timestamp,
	}
	lines = append(lines, columns...)
	lines = append(lines, "UNIQUE (issuer, subject)")
	return "CREATE TABLE IF NOT EXISTS users (\n  " + strings.Join(lines, ",\n  ") + "\n)"
}
