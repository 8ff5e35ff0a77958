package sqlusers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value returns what a driver gets for a claim. The column then holds exactly this value, or the
// error tells why it cannot, as the end of a sentence about the field: nothing is cut off, rounded
// or replaced. Text holds any claim, as JSON if it is not a string. JSON holds any claim. Columns
// of other types hold claims of their own type.
func (c column) value(dialect Dialect, claim any) (any, error) {
	switch c.kind {
	case text:
		return c.textValue(dialect, claim)
	case boolean:
		if b, ok := claim.(bool); ok {
			return b, nil
		}
	case integer, decimal, float:
		if literal, ok := number(claim); ok {
			return c.number(dialect, literal)
		}
	case document:
		literal, ok := number(claim)
		if ok && dialect == SQLite {
			// SQLite converts text that looks like a number in a column declared as JSON.
			return column{kind: decimal, scale: anyScale}.number(dialect, literal)
		}
		return encode(claim) // jsonb refuses NUL itself
	case other, moment: // fieldColumn has refused it
	}
	return nil, fmt.Errorf("is %s, and its claim is %T; map another claim, or convert this one in "+
		"Mapping.Extract", describeType(c.typ), claim)
}

func (c column) textValue(dialect Dialect, claim any) (any, error) {
	s, ok := claim.(string)
	if !ok {
		var err error
		if s, err = encode(claim); err != nil {
			return nil, err
		}
	}
	return s, c.checkText(dialect, s)
}

func (c column) checkText(dialect Dialect, s string) error {
	if dialect != PostgreSQL {
		return nil
	}
	switch {
	case !utf8.ValidString(s):
		return errors.New("would hold text that is not valid UTF-8, which PostgreSQL does not " +
			"store")
	case strings.Contains(s, "\x00"):
		return errors.New("would hold a NUL character, which PostgreSQL does not store in text")
	case c.length > 0 && utf8.RuneCountInString(s) > c.length:
		return fmt.Errorf("holds %d characters, and its claim has %d",
			c.length, utf8.RuneCountInString(s))
	case c.padded && strings.HasSuffix(s, " "):
		return fmt.Errorf("is %s, which does not keep the space at the end of its claim",
			describeType(c.typ))
	}
	return nil
}

// number returns the decimal notation of a claim.
func number(claim any) (literal string, ok bool) {
	switch claim := claim.(type) {
	case json.Number:
		return claim.String(), true
	case float64: // from an Extract, as int and int64; tokens have only json.Number
		return strconv.FormatFloat(claim, 'g', -1, 64), true
	case int:
		return strconv.Itoa(claim), true
	case int64:
		return strconv.FormatInt(claim, 10), true
	default:
		return "", false
	}
}

func (c column) number(dialect Dialect, literal string) (any, error) {
	d, ok := parseDigits(literal)
	if !ok {
		return nil, fmt.Errorf("is %s, and its claim %.40q is not a number that it can hold",
			describeType(c.typ), literal)
	}
	switch {
	case c.kind == integer:
		if n, ok := d.integer(c.bits); ok {
			return n, nil
		}
	case c.kind == float:
		if f, ok := d.float(c.bits); ok {
			return f, nil
		}
	case dialect == PostgreSQL:
		if -d.exponent <= c.scale {
			return literal, nil
		}
	default: // SQLite stores decimals as either
		if n, ok := d.integer(64); ok {
			return n, nil
		}
		if f, ok := d.float(64); ok {
			return f, nil
		}
	}
	return nil, fmt.Errorf("is %s, which cannot hold the number %.40s exactly",
		describeType(c.typ), literal)
}

// encode returns a claim as JSON. Equal values have the same text.
func encode(claim any) (string, error) {
	if err := checkEncodable(claim); err != nil {
		return "", err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(claim); err != nil {
		return "", fmt.Errorf("cannot hold its claim as JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// checkEncodable refuses strings that package json would change, and types that JSON does not have.
func checkEncodable(claim any) error {
	switch claim := claim.(type) {
	case nil, bool, float64, int, int64, json.Number:
		return nil
	case string:
		if !utf8.ValidString(claim) {
			return errors.New("would hold text that is not valid UTF-8, which JSON cannot")
		}
		return nil
	case []string:
		for _, entry := range claim {
			if err := checkEncodable(entry); err != nil {
				return err
			}
		}
		return nil
	case []any:
		for _, entry := range claim {
			if err := checkEncodable(entry); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for name, entry := range claim {
			if err := checkEncodable(name); err != nil {
				return err
			}
			if err := checkEncodable(entry); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("cannot hold %T, which is not a type of JSON; convert it in "+
			"Mapping.Extract",
			claim)
	}
}
