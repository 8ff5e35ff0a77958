package sqlusers

import "context"

// postgreSQLColumns reads the columns of a table, which is looked up as in a statement. A domain
// counts as its base type.
const postgreSQLColumns = `SELECT a.attname::text,
  format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, NULL),
  CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN base.typname::text ELSE t.typname::text END,
  CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END,
  coalesce(c.collisdeterministic, true),
  a.attnotnull OR t.typnotnull,
  a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
  a.attgenerated <> '' OR a.attidentity = 'a'
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_collation c ON c.oid = a.attcollation
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`

func (s *settings) readPostgreSQL(ctx context.Context, db Querier) error {
	rows, err := db.QueryContext(ctx, postgreSQLColumns, s.table())
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		var plain, base string
		var modifier int
		if err := rows.Scan(
			&c.name, &c.typ, &plain, &base, &modifier, &c.exact,
			&c.notNull, &c.hasDefault, &c.generated,
		); err != nil {
			return err
		}
		c.describe(base, plain, modifier)
		s.catalog[c.name] = c
	}
	return rows.Err()
}

// describe reads the internal name of a type and its modifier, the numbers in its brackets
// (src/include/utils/numeric.h, and atttypmod in PostgreSQL's documentation of pg_attribute).
func (c *column) describe(base, plain string, modifier int) {
	c.scale = anyScale
	switch base {
	case "text":
		c.kind = text
	case "varchar", "bpchar":
		c.kind = text
		c.padded = base == "bpchar"
		c.exact = c.exact && !c.padded // in char(n), "a" equals "a "
		if modifier > 4 {
			c.length = modifier - 4
		}
	case "citext":
		c.kind, c.exact = text, false
	case "enum":
		c.kind, c.exact, c.castText = text, false, plain
	case "bool":
		c.kind = boolean
	case "int2":
		c.kind, c.bits = integer, 16
	case "int4":
		c.kind, c.bits = integer, 32
	case "int8":
		c.kind, c.bits = integer, 64
	case "numeric":
		c.kind = decimal
		if modifier >= 4 {
			c.scale = ((modifier-4)&0x7ff ^ 1024) - 1024 // eleven bits, signed
		}
	case "float4":
		c.kind, c.bits = float, 32
	case "float8":
		c.kind, c.bits = float, 64
	case "json":
		c.kind, c.castText = document, plain
	case "jsonb":
		c.kind = document
	case "timestamptz":
		c.kind, c.zoned = moment, true
	case "timestamp", "date":
		c.kind = moment
	}
}
