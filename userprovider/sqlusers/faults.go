package sqlusers

import (
	"errors"
	"strings"
)

// isUniqueViolation asks for PostgreSQL's SQLSTATE (its manual, appendix A) and for SQLite's message, which is the same
// in all drivers; so none has to be imported.
func isUniqueViolation(err error) bool {
	state := sqlState(err)
	return state == "23505" || state == "" && strings.Contains(err.Error(), "UNIQUE constraint failed")
}

// isDataFault reports whether the database says that a value cannot be one of the column's type (class 22).
func isDataFault(err error) bool { return strings.HasPrefix(sqlState(err), "22") }

func sqlState(err error) string {
	var stated interface{ SQLState() string }
	if !errors.As(err, &stated) {
		return ""
	}
	return stated.SQLState()
}
