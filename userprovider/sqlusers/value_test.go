package sqlusers_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chiauth0/auth/userprovider"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// nested is an object in an object in an object …
func nested(depth int) any {
	value := any("deep")
	for range depth {
		value = map[string]any{"a": []any{value}}
	}
	return value
}

// TestValues: a column holds just what the claim says afterwards, or the login is refused with the
// field's name.
func TestValues(t *testing.T) {
	long := strings.Repeat("long ", 1<<20/5)
	const refused = "\x00refused"
	type n = json.Number
	both := []sqlusers.Dialect{sqlusers.SQLite, sqlusers.PostgreSQL}
	sqlite, postgreSQL := both[:1], both[1:]
	deep, err := json.Marshal(nested(1000))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		dialects []sqlusers.Dialect
		typ      string
		claim    any
		want     string // as the database writes it
	}{
		{both, "text", "Robert'); DROP TABLE users;--", "Robert'); DROP TABLE users;--"},
		{both, "text", `"quoted" $1 ?1 %s`, `"quoted" $1 ?1 %s`},
		{both, "text", "", ""},
		{both, "text", long, long},
		{both, "text", n("12345678901234567890.50"), "12345678901234567890.50"},
		{both, "text", true, "true"},
		{both, "text", []any{"a", n("1"), nil, "<b>"}, `["a",1,null,"<b>"]`},
		{both, "text", []string{"b", "a"}, `["b","a"]`},
		{both, "text", map[string]any{"b": n("9007199254740993"), "a": []any{false}},
			`{"a":[false],"b":9007199254740993}`},
		{both, "text", nested(1000), string(deep)},
		{both, "text", []any{"\xff"}, refused},
		{both, "text", map[string]any{"\xff": "x"}, refused},
		{both, "text", []string{"\xff"}, refused},
		{both, "text", struct{}{}, refused},
		{both, "text", []any{make(chan int)}, refused},
		{sqlite, "text", "a\x00b", "a\x00b"},
		{sqlite, "text", "\xff", "\xff"},
		{postgreSQL, "text", "a\x00b", refused},
		{postgreSQL, "text", "\xff", refused},

		{sqlite, "varchar(3)", "four", "four"},
		{postgreSQL, "varchar(3)", "äöü", "äöü"},
		{postgreSQL, "varchar(3)", "four", refused},
		{postgreSQL, "varchar(3)", "aaa ", refused}, // which PostgreSQL would cut
		{postgreSQL, "varchar(4)", []any{"a"}, refused},
		{postgreSQL, "char(2)", "de", "de"},
		{postgreSQL, "char(2)", "deu", refused},
		{postgreSQL, "char(2)", "de ", refused},
		{postgreSQL, "mood", "good", "good"},
		{postgreSQL, "mood", "gooder", refused},
		{postgreSQL, "mood", "", refused},
		{postgreSQL, "short", "abc", "abc"},
		{postgreSQL, "short", "abcd", refused},
		{postgreSQL, "short", "no", refused},
		{postgreSQL, `varchar(3) COLLATE "nocase"`, "abc", "abc"},

		{sqlite, "boolean", true, "1"}, // it has no other
		{postgreSQL, "boolean", true, "true"},
		{both, "boolean", "true", refused},
		{both, "boolean", n("1"), refused},

		{both, "bigint", n("9007199254740993"), "9007199254740993"},
		{both, "bigint", n("-9223372036854775808"), "-9223372036854775808"},
		{both, "bigint", n("9223372036854775808"), refused},
		{both, "bigint", n("1e3"), "1000"},
		{both, "bigint", n("1.50"), refused},
		{both, "bigint", n("1e1000000000"), refused},
		{both, "bigint", 7, "7"},
		{both, "bigint", int64(8), "8"},
		{both, "bigint", 9.0, "9"},
		{both, "bigint", "7", refused},
		{both, "bigint", true, refused},
		{both, "bigint", []any{n("7")}, refused},
		{postgreSQL, "integer", n("2147483647"), "2147483647"},
		{postgreSQL, "integer", n("2147483648"), refused},
		{postgreSQL, "smallint", n("-32768"), "-32768"},
		{postgreSQL, "smallint", n("32768"), refused},

		{both, "double precision", n("0.1"), "0.1"},
		{both, "double precision", n("12345678901234567890"), refused},
		{both, "double precision", n("0.10000000000000001"), refused},
		{both, "double precision", n("1e400"), refused},
		{both, "double precision", n("1e-400"), refused},
		{postgreSQL, "real", n("0.1"), "0.1"},
		{postgreSQL, "real", n("16777217"), refused},

		{postgreSQL, "numeric", n("12345678901234567890.123456789012345678901234567890"),
			"12345678901234567890.123456789012345678901234567890"},
		{postgreSQL, "numeric", n("1e400"), "1" + strings.Repeat("0", 400)},
		{postgreSQL, "numeric", n("1e100000"), refused},
		{postgreSQL, "numeric", n("NaN"), refused},
		{postgreSQL, "numeric", n("Infinity"), refused},
		{postgreSQL, "numeric", n("0x10"), refused},
		{postgreSQL, "numeric(6,2)", n("1234.50"), "1234.50"},
		{postgreSQL, "numeric(6,2)", n("1234.505"), refused},
		{postgreSQL, "numeric(6,2)", n("12345"), refused},
		{sqlite, "numeric", n("9007199254740993"), "9007199254740993"},
		{sqlite, "decimal(6,2)", n("0.1"), "0.1"},
		{sqlite, "numeric", n("12345678901234567890"), refused},
		{sqlite, "numeric", "1", refused},

		{both, "json", "text", `"text"`},
		{both, "json", "1e5", `"1e5"`},
		{both, "json", map[string]any{"a": n("9007199254740993.5")}, `{"a":9007199254740993.5}`},
		{both, "json", n("9007199254740993"), "9007199254740993"},
		{both, "json", []any{"\xff"}, refused},
		{both, "json", false, "false"},
		{sqlite, "json", n("12345678901234567890"), refused},
		{postgreSQL, "json", n("12345678901234567890"), "12345678901234567890"},
		{postgreSQL, "jsonb", map[string]any{"a": n("12345678901234567890")},
			`{"a": 12345678901234567890}`},
		{postgreSQL, "jsonb", map[string]any{"a": []any{"\x00"}}, refused},
		{postgreSQL, "jsonb", map[string]any{"\x00": "a"}, refused},
		{postgreSQL, "jsonb", []string{"\x00"}, refused},
		{postgreSQL, "jsonb", `\u0000`, `"\\u0000"`},
		{postgreSQL, "jsonb", n("1e200000"), refused},
		{postgreSQL, "jsonb", nested(20000), refused}, // by the depth of PostgreSQL's stack
	}
	for _, dialect := range both {
		t.Run(dialect.String(), func(t *testing.T) {
			db := openDialect(t, dialect)
			if dialect == sqlusers.PostgreSQL {
				mustExec(t, db.DB, "CREATE TYPE mood AS ENUM ('good', 'bad')")
				mustExec(t, db.DB, "CREATE DOMAIN short AS varchar(3) CHECK (VALUE <> 'no')")
				mustExec(t, db.DB, "CREATE COLLATION nocase (provider = icu, locale = "+
					"'und-u-ks-level2', deterministic = false)")
			}
			columns := map[string]string{}
			createPeople(t, db)
			for _, c := range cases {
				if _, ok := columns[c.typ]; ok || !slices.Contains(c.dialects, dialect) {
					continue
				}
				columns[c.typ] = fmt.Sprint("field", len(columns))
				mustExec(t, db.DB, "ALTER TABLE users ADD COLUMN "+columns[c.typ]+" "+c.typ)
			}
			users := mustNew(t, db, people(dialect))
			for i, c := range cases {
				if !slices.Contains(c.dialects, dialect) {
					continue
				}
				t.Run(fmt.Sprintf("%s %T %.20v", c.typ, c.claim, c.claim), func(t *testing.T) {
					field, subject := columns[c.typ], fmt.Sprint("auth0|", i)
					login := loginOf(subject, map[string]any{field: c.claim, "first_name": "Ada"})
					mustSync(t, users, loginOf(subject, nil))
					_, err := users.SyncUser(t.Context(), login) // an update
					login.Identity.Subject += "-new"
					_, firstErr := users.SyncUser(t.Context(), login) // an insert
					if c.want == refused {
						for _, err := range []error{err, firstErr} {
							if err == nil || !strings.Contains(err.Error(), field) {
								t.Errorf("got the error %v, want one that names %s", err, field)
							}
						}
						if n := db.query(t,
							"SELECT count(*) FROM users WHERE subject LIKE '"+subject+"%' AND first_name = 'Ada'"); n != "0" {
							t.Errorf("a login that was refused stored something in %s rows", n)
						}
						return
					}
					if err != nil || firstErr != nil {
						t.Fatal(err, firstErr)
					}
					for _, subject := range []string{subject, subject + "-new"} {
						have := db.read(t, field, subject)
						if have != c.want {
							t.Errorf("it holds %.80q, want %.80q", have, c.want)
						}
					}
					before := db.version(t)
					mustSync(t, users, login)
					if db.version(t) != before {
						t.Error("the same login again wrote something")
					}
				})
			}
		})
	}
}

// read returns a field as the database's own JSON or text has it, whatever its type.
func (db database) read(t testing.TB, field, subject string) string {
	t.Helper()
	if db.dialect == sqlusers.SQLite {
		have := db.query(t, "SELECT "+field+" FROM users WHERE subject = ?1", subject)
		kind := db.query(t, "SELECT typeof("+field+") FROM users WHERE subject = ?1", subject)
		if kind == "blob" {
			t.Error("it is a blob")
		}
		return have
	}
	return db.query(t, "SELECT CAST("+field+" AS text) FROM users WHERE subject = $1", subject)
}

// FuzzClaims stores whatever JSON says into every kind of column of SQLite, which takes nearly
// anything: what it then holds says the same, or the login was refused with the field's name.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		`"text"`, `"\u0000"`, `12345678901234567890`, `1.0`, `-0`, `1e3`, `9007199254740993`,
		`true`, `null`, `[]`,
		`{"a":[1e400,"<",null]}`, `"1e5"`, `0.1`, `5e-324`, `1e15`, `"é"`,
	} {
		f.Add(seed)
	}
	db := openSQLite(f)
	createPeople(f, db, "a text",
		"b boolean", "c integer", "d numeric", "e double precision", "f json")
	users := mustNew(f, db, people(db.dialect))
	f.Fuzz(func(t *testing.T, source string) {
		claim, ok := decode(source)
		if !ok || claim == nil {
			return
		}
		for _, field := range []string{"a", "b", "c", "d", "e", "f"} {
			login := userprovider.Login{
				Identity: userprovider.Identity{Issuer: issuer, Subject: "auth0|" + field},
				Fields:   map[string]any{field: claim},
			}
			if _, err := users.SyncUser(t.Context(), login); err != nil {
				if !strings.Contains(err.Error(), `"`+field+`"`) {
					t.Errorf("%s: the error does not name the field: %v", field, err)
				}
				continue
			}
			var have any
			if err := db.QueryRow("SELECT "+field+" FROM users WHERE subject = "+
				"?1", "auth0|"+field).Scan(&have); err != nil {
				t.Fatal(err)
			}
			if field == "b" { // which SQLite keeps as a number
				have = have == int64(1)
			}
			text, isText := have.(string)
			if s, ok := claim.(string); ok && field == "a" {
				if text != s {
					t.Errorf("%s holds %q, want %q", field, have, s)
				}
				continue
			}
			if !isText {
				encoded, err := json.Marshal(have)
				if err != nil {
					t.Fatal(err)
				}
				text = string(encoded)
			}
			stored, ok := decode(text)
			if !ok || !sameClaim(stored, claim) {
				t.Errorf("%s holds %v, want %v", field, have, claim)
			}
		}
	})
}

func decode(source string) (value any, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(source))
	decoder.UseNumber()
	err := decoder.Decode(&value)
	return value, err == nil
}

// sameClaim compares numbers by their value, everything else as it is.
func sameClaim(a, b any) bool {
	x, xOK := a.(json.Number)
	y, yOK := b.(json.Number)
	if xOK && yOK {
		p, pOK := new(big.Rat).SetString(x.String())
		q, qOK := new(big.Rat).SetString(y.String())
		return x == y || pOK && qOK && p.Cmp(q) == 0
	}
	return reflect.DeepEqual(a, b)
}
