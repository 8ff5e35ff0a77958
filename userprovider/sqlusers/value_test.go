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
	both       = []sqlusers.Dialect{sqlusers.SQLite, sqlusers.PostgreSQL}
	sqlite     = both[:1]
	postgreSQL = both[1:]
	long       = strings.Repeat("long ", 1<<20/5)
)

var valueCases = []valueCase{
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
	{both, "text", nested(1000), encoded(nested(1000))},
	{both, "text", []any{"\xff"}, refusal},
	{both, "text", map[string]any{"\xff": "x"}, refusal},
	{both, "text", []string{"\xff"}, refusal},
	{both, "text", struct{}{}, refusal},
	{both, "text", []any{make(chan int)}, refusal},
	{sqlite, "text", "a\x00b", "a\x00b"},
	{sqlite, "text", "\xff", "\xff"},
	{postgreSQL, "text", "a\x00b", refusal},
	{postgreSQL, "text", "\xff", refusal},

	{sqlite, "varchar(3)", "four", "four"},
	{postgreSQL, "varchar(3)", "äöü", "äöü"},
	{postgreSQL, "varchar(3)", "four", refusal},
	{postgreSQL, "varchar(3)", "aaa ", refusal}, // which PostgreSQL would cut
	{postgreSQL, "varchar(4)", []any{"a"}, refusal},
	{postgreSQL, "char(2)", "de", "de"},
	{postgreSQL, "char(2)", "deu", refusal},
	{postgreSQL, "char(2)", "de ", refusal},
	{postgreSQL, "mood", "good", "good"},
	{postgreSQL, "mood", "gooder", refusal},
	{postgreSQL, "mood", "", refusal},
	{postgreSQL, "short", "abc", "abc"},
	{postgreSQL, "short", "abcd", refusal},
	{postgreSQL, "short", "no", refusal},
	{postgreSQL, `varchar(3) COLLATE "nocase"`, "abc", "abc"},

	{sqlite, "boolean", true, "1"}, // it has no other
	{postgreSQL, "boolean", true, "true"},
	{both, "boolean", "true", refusal},
	{both, "boolean", n("1"), refusal},

	{both, "bigint", n("9007199254740993"), "9007199254740993"},
	{both, "bigint", n("-9223372036854775808"), "-9223372036854775808"},
	{both, "bigint", n("9223372036854775808"), refusal},
	{both, "bigint", n("1e3"), "1000"},
	{both, "bigint", n("1.50"), refusal},
	{both, "bigint", n("1e1000000000"), refusal},
	{both, "bigint", 7, "7"},
	{both, "bigint", int64(8), "8"},
	{both, "bigint", 9.0, "9"},
	{both, "bigint", "7", refusal},
	{both, "bigint", true, refusal},
	{both, "bigint", []any{n("7")}, refusal},
	{postgreSQL, "integer", n("2147483647"), "2147483647"},
	{postgreSQL, "integer", n("2147483648"), refusal},
	{postgreSQL, "smallint", n("-32768"), "-32768"},
	{postgreSQL, "smallint", n("32768"), refusal},

	{both, "double precision", n("0.1"), "0.1"},
	{both, "double precision", n("12345678901234567890"), refusal},
	{both, "double precision", n("0.10000000000000001"), refusal},
	{both, "double precision", n("1e400"), refusal},
	{both, "double precision", n("1e-400"), refusal},
	{postgreSQL, "real", n("0.1"), "0.1"},
	{postgreSQL, "real", n("16777217"), refusal},

	{postgreSQL, "numeric", n("12345678901234567890.123456789012345678901234567890"),
		"12345678901234567890.123456789012345678901234567890"},
	{postgreSQL, "numeric", n("1e400"), "1" + strings.Repeat("0", 400)},
	{postgreSQL, "numeric", n("1e100000"), refusal},
	{postgreSQL, "numeric", n("NaN"), refusal},
	{postgreSQL, "numeric", n("Infinity"), refusal},
	{postgreSQL, "numeric", n("0x10"), refusal},
	{postgreSQL, "numeric(6,2)", n("1234.50"), "1234.50"},
	{postgreSQL, "numeric(6,2)", n("1234.505"), refusal},
	{postgreSQL, "numeric(6,2)", n("12345"), refusal},
	{sqlite, "numeric", n("9007199254740993"), "9007199254740993"},
	{sqlite, "decimal(6,2)", n("0.1"), "0.1"},
	{sqlite, "numeric", n("12345678901234567890"), refusal},
	{sqlite, "numeric", "1", refusal},

	{both, "json", "text", `"text"`},
	{both, "json", "1e5", `"1e5"`},
	{both, "json", map[string]any{"a": n("9007199254740993.5")}, `{"a":9007199254740993.5}`},
	{both, "json", n("9007199254740993"), "9007199254740993"},
	{both, "json", []any{"\xff"}, refusal},
	{both, "json", false, "false"},
	{sqlite, "json", n("12345678901234567890"), refusal},
	{postgreSQL, "json", n("12345678901234567890"), "12345678901234567890"},
	{postgreSQL, "jsonb", map[string]any{"a": n("12345678901234567890")},
		`{"a": 12345678901234567890}`},
	{postgreSQL, "jsonb", map[string]any{"a": []any{"\x00"}}, refusal},
	{postgreSQL, "jsonb", map[string]any{"\x00": "a"}, refusal},
	{postgreSQL, "jsonb", []string{"\x00"}, refusal},
	{postgreSQL, "jsonb", `\u0000`, `"\\u0000"`},
	{postgreSQL, "jsonb", n("1e200000"), refusal},
	{postgreSQL, "jsonb", nested(20000), refusal}, // by the depth of PostgreSQL's stack
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
