package sqlusers

import "strings"

// Schema returns the CREATE TABLE IF NOT EXISTS statement of the table that the zero [Table] describes, for an
// application that has none yet. columns are further ones, each as it stands in SQL, such as "first_name text": they are
// not quoted, and must not come from a stranger.
//
// Issuer and subject are unique together, and no id is ever given twice. The e-mail is not unique: two people may well
// claim the same, and only one of them need have proved it.
func Schema(dialect Dialect, columns ...string) string {
	id, timestamp := "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "timestamptz"
	if dialect == SQLite {
		// Without AUTOINCREMENT the next new user gets the number of a deleted one, and with it what sessions they left.
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
