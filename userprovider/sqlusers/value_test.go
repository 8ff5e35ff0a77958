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

// nested returns an object in a list in an object, and so on.
func nested(depth int) any {
	value := any("deep")
	for range depth {
		value = map[string]any{"a": []any{value}}
	}
	return value
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// A valueCase is a claim that a login writes into a column of a type.
type valueCase struct {
	dialects []sqlusers.Dialect
	typ      string
	claim    any
	want     string // the text of the value in the database, or refusal
}

// refusal means that the login is refused with an error that names the field.
const refusal = "\x00refused"

type n = json.Number

var (
	onBoth         = []sqlusers.Dialect{sqlusers.SQLite, sqlusers.PostgreSQL}
	onlySQLite     = onBoth[:1]
	onlyPostgreSQL = onBoth[1:]
	long           = strings.Repeat("long ", 1<<20/5)
)

var valueCases = []valueCase{
	{onBoth, "text", "Robert'); DROP TABLE users;--", "Robert'); DROP TABLE users;--"},
	{onBoth, "text", `"quoted" $1 ?1 %s`, `"quoted" $1 ?1 %s`},
	{onBoth, "text", "", ""},
	{onBoth, "text", long, long},
	{onBoth, "text", n("12345678901234567890.50"), "12345678901234567890.50"},
	{onBoth, "text", true, "true"},
	{onBoth, "text", []any{"a", n("1"), nil, "<b>"}, `["a",1,null,"<b>"]`},
	{onBoth, "text", []string{"b", "a"}, `["b","a"]`},
	{
		onBoth, "text",
		map[string]any{"b": n("9007199254740993"), "a": []any{false}},
		`{"a":[false],"b":9007199254740993}`,
	},
	{onBoth, "text", nested(1000), encoded(nested(1000))},
	{onBoth, "text", []any{"\xff"}, refusal},
	{onBoth, "text", map[string]any{"\xff": "x"}, refusal},
	{onBoth, "text", []string{"\xff"}, refusal},
	{onBoth, "text", struct{}{}, refusal},
	{onBoth, "text", []any{make(chan int)}, refusal},
	{onlySQLite, "text", "a\x00b", "a\x00b"},
	{onlySQLite, "text", "\xff", "\xff"},
	{onlyPostgreSQL, "text", "a\x00b", refusal},
	{onlyPostgreSQL, "text", "\xff", refusal},

	{onlySQLite, "varchar(3)", "four", "four"},
	{onlyPostgreSQL, "varchar(3)", "äöü", "äöü"},
	{onlyPostgreSQL, "varchar(3)", "four", refusal},
	{onlyPostgreSQL, "varchar(3)", "aaa ", refusal}, // which PostgreSQL would cut
	{onlyPostgreSQL, "varchar(4)", []any{"a"}, refusal},
	{onlyPostgreSQL, "char(2)", "de", "de"},
	{onlyPostgreSQL, "char(2)", "deu", refusal},
	{onlyPostgreSQL, "char(2)", "de ", refusal},
	{onlyPostgreSQL, "mood", "good", "good"},
	{onlyPostgreSQL, "mood", "gooder", refusal},
	{onlyPostgreSQL, "mood", "", refusal},
	{onlyPostgreSQL, "short", "abc", "abc"},
	{onlyPostgreSQL, "short", "abcd", refusal},
	{onlyPostgreSQL, "short", "no", refusal},
	{onlyPostgreSQL, `varchar(3) COLLATE "nocase"`, "abc", "abc"},

	{onlySQLite, "boolean", true, "1"}, // it has no other
	{onlyPostgreSQL, "boolean", true, "true"},
	{onBoth, "boolean", "true", refusal},
	{onBoth, "boolean", n("1"), refusal},

	{onBoth, "bigint", n("9007199254740993"), "9007199254740993"},
	{onBoth, "bigint", n("-9223372036854775808"), "-9223372036854775808"},
	{onBoth, "bigint", n("9223372036854775808"), refusal},
	{onBoth, "bigint", n("1e3"), "1000"},
	{onBoth, "bigint", n("1.50"), refusal},
	{onBoth, "bigint", n("1e1000000000"), refusal},
	{onBoth, "bigint", 7, "7"},
	{onBoth, "bigint", int64(8), "8"},
	{onBoth, "bigint", 9.0, "9"},
	{onBoth, "bigint", "7", refusal},
	{onBoth, "bigint", true, refusal},
	{onBoth, "bigint", []any{n("7")}, refusal},
	{onlyPostgreSQL, "integer", n("2147483647"), "2147483647"},
	{onlyPostgreSQL, "integer", n("2147483648"), refusal},
	{onlyPostgreSQL, "smallint", n("-32768"), "-32768"},
	{onlyPostgreSQL, "smallint", n("32768"), refusal},

	{onBoth, "double precision", n("0.1"), "0.1"},
	{onBoth, "double precision", n("12345678901234567890"), refusal},
	{onBoth, "double precision", n("0.10000000000000001"), refusal},
	{onBoth, "double precision", n("1e400"), refusal},
	{onBoth, "double precision", n("1e-400"), refusal},
	{onlyPostgreSQL, "real", n("0.1"), "0.1"},
	{onlyPostgreSQL, "real", n("16777217"), refusal},

	{
		onlyPostgreSQL, "numeric", n("12345678901234567890.123456789012345678901234567890"),
		"12345678901234567890.123456789012345678901234567890",
	},
	{onlyPostgreSQL, "numeric", n("1e400"), "1" + strings.Repeat("0", 400)},
	{onlyPostgreSQL, "numeric", n("1e100000"), refusal},
	{onlyPostgreSQL, "numeric", n("NaN"), refusal},
	{onlyPostgreSQL, "numeric", n("Infinity"), refusal},
	{onlyPostgreSQL, "numeric", n("0x10"), refusal},
	{onlyPostgreSQL, "numeric(6,2)", n("1234.50"), "1234.50"},
	{onlyPostgreSQL, "numeric(6,2)", n("1234.505"), refusal},
	{onlyPostgreSQL, "numeric(6,2)", n("12345"), refusal},
	{onlySQLite, "numeric", n("9007199254740993"), "9007199254740993"},
	{onlySQLite, "decimal(6,2)", n("0.1"), "0.1"},
	{onlySQLite, "numeric", n("12345678901234567890"), refusal},
	{onlySQLite, "numeric", "1", refusal},

	{onBoth, "json", "text", `"text"`},
	{onBoth, "json", "1e5", `"1e5"`},
	{onBoth, "json", map[string]any{"a": n("9007199254740993.5")}, `{"a":9007199254740993.5}`},
	{onBoth, "json", n("9007199254740993"), "9007199254740993"},
	{onBoth, "json", []any{"\xff"}, refusal},
	{onBoth, "json", false, "false"},
	{onlySQLite, "json", n("12345678901234567890"), refusal},
	{onlyPostgreSQL, "json", n("12345678901234567890"), "12345678901234567890"},
	{
		onlyPostgreSQL, "jsonb",
		map[string]any{"a": n("12345678901234567890")},
		`{"a": 12345678901234567890}`,
	},
	{onlyPostgreSQL, "jsonb", map[string]any{"a": []any{"\x00"}}, refusal},
	{onlyPostgreSQL, "jsonb", map[string]any{"\x00": "a"}, refusal},
	{onlyPostgreSQL, "jsonb", []string{"\x00"}, refusal},
	{onlyPostgreSQL, "jsonb", `\u0000`, `"\\u0000"`},
	{onlyPostgreSQL, "jsonb", n("1e200000"), refusal},
	{onlyPostgreSQL, "jsonb", nested(20000), refusal}, // by the depth of PostgreSQL's stack
}

func TestColumnsHoldExactlyTheClaim(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		if db.dialect == sqlusers.PostgreSQL {
			mustExec(t, db.DB, "CREATE TYPE mood AS ENUM ('good', 'bad')")
			mustExec(t, db.DB, "CREATE DOMAIN short AS varchar(3) CHECK (VALUE <> 'no')")
			mustExec(t, db.DB, "CREATE COLLATION nocase "+
				"(provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
		}
		createPeople(t, db)
		columns := map[string]string{}
		for _, c := range valueCases {
			if _, ok := columns[c.typ]; ok || !slices.Contains(c.dialects, db.dialect) {
				continue
			}
			columns[c.typ] = fmt.Sprint("field", len(columns))
			mustExec(t, db.DB, "ALTER TABLE users ADD COLUMN "+columns[c.typ]+" "+c.typ)
		}
		users := mustNew(t, db, people(db.dialect))
		for i, c := range valueCases {
			if !slices.Contains(c.dialects, db.dialect) {
				continue
			}
			t.Run(fmt.Sprintf("%s %T %.20v", c.typ, c.claim, c.claim), func(t *testing.T) {
				c.run(t, db, users, columns[c.typ], fmt.Sprint("auth0|", i))
			})
		}
	})
}

// run writes the claim by an update and by an insert.
func (c valueCase) run(
	t *testing.T, db database, users *sqlusers.Provider[person], field, subject string,
) {
	mustSync(t, users, loginOf(subject, nil))
	for _, subject := range []string{subject, subject + "-new"} {
		login := loginOf(subject, map[string]any{field: c.claim, "first_name": "Ada"})
		_, err := users.SyncUser(t.Context(), login)
		if c.want == refusal {
			wantError(t, err, userprovider.ErrInvalid, field)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := db.read(t, field, subject); got != c.want {
			t.Errorf("the column holds %.80q, want %.80q", got, c.want)
		}
		before := db.version(t)
		mustSync(t, users, login)
		if db.version(t) != before {
			t.Error("the same login again wrote to the table, want no write")
		}
	}
	stored := db.query(t, "SELECT count(*) FROM users WHERE first_name = 'Ada' AND subject LIKE '"+
		subject+"%'")
	if c.want == refusal && stored != "0" {
		t.Errorf("a refused login stored something in %s rows, want 0", stored)
	}
}

// read returns the value of a field as the database writes it as text.
func (db database) read(t testing.TB, field, subject string) string {
	t.Helper()
	if db.dialect == sqlusers.SQLite {
		value := db.query(t, "SELECT "+field+" FROM users WHERE subject = ?1", subject)
		kind := db.query(t, "SELECT typeof("+field+") FROM users WHERE subject = ?1", subject)
		if kind == "blob" {
			t.Error("the value is a blob")
		}
		return value
	}
	return db.query(t, "SELECT CAST("+field+" AS text) FROM users WHERE subject = $1", subject)
}

// FuzzClaims stores any JSON in every kind of column of SQLite, which accepts almost any value. The
// column then holds the same value, or the login is refused with the name of the field.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		`"text"`, `"\u0000"`, `12345678901234567890`, `1.0`, `-0`, `1e3`, `9007199254740993`,
		`true`, `null`, `[]`, `{"a":[1e400,"<",null]}`, `"1e5"`, `0.1`, `5e-324`, `1e15`, `"é"`,
	} {
		f.Add(seed)
	}
	db := openSQLite(f)
	createPeople(f, db,
		"a text", "b boolean", "c integer", "d numeric", "e double precision", "f json")
	users := mustNew(f, db, people(db.dialect))
	f.Fuzz(func(t *testing.T, source string) {
		claim, ok := decode(source)
		if !ok || claim == nil {
			return
		}
		for _, field := range []string{"a", "b", "c", "d", "e", "f"} {
			subject := "auth0|" + field
			login := loginOf(subject, map[string]any{field: claim})
			if _, err := users.SyncUser(t.Context(), login); err != nil {
				wantError(t, err, userprovider.ErrInvalid, `"`+field+`"`)
				continue
			}
			var got any
			row := db.QueryRow("SELECT "+field+" FROM users WHERE subject = ?1", subject)
			if err := row.Scan(&got); err != nil {
				t.Fatal(err)
			}
			if !holdsClaim(field, got, claim) {
				t.Errorf("the column %s holds %v, want %v", field, got, claim)
			}
		}
	})
}

// holdsClaim compares what SQLite returns for a column of FuzzClaims with the claim.
func holdsClaim(field string, got, claim any) bool {
	if field == "a" { // text
		if s, ok := claim.(string); ok {
			return got == s
		}
	}
	if field == "b" { // boolean, which SQLite stores as a number
		got = got == int64(1)
	}
	text, isText := got.(string)
	if !isText {
		text = encoded(got)
	}
	stored, ok := decode(text)
	return ok && sameClaim(stored, claim)
}

func decode(source string) (value any, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(source))
	decoder.UseNumber()
	err := decoder.Decode(&value)
	return value, err == nil
}

// sameClaim compares numbers by their value.
func sameClaim(a, b any) bool {
	x, isNumber := a.(json.Number)
	y, areNumbers := b.(json.Number)
	if !isNumber || !areNumbers {
		return reflect.DeepEqual(a, b)
	}
	if x == y {
		return true
	}
	p, pOK := new(big.Rat).SetString(x.String())
	q, qOK := new(big.Rat).SetString(y.String())
	return pOK && qOK && p.Cmp(q) == 0
}
