package sqlusers

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"testing"
)

// FuzzParseDigits compares with big.Rat, which is not safe for numbers of a token: 1e1000000000
// takes it a gigabyte.
func FuzzParseDigits(f *testing.F) {
	for _, seed := range []string{
		"0", "-0", "0.0", "10", "-1.50", "1e3", "1E-3", "12345678901234567890", "00", "01", ".5",
		"5.", "+1", "1e", "1e+", "1e++1", "", "-", "0x10", "NaN", "Infinity", "1_000", "1e999",
		"1e1001", "9223372036854775807", "-9223372036854775808", "0.1", "5e-324",
		"1.7976931348623157e308", "1e9999999999999999999999",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, literal string) {
		d, ok := parseDigits(literal)
		if !ok {
			return
		}
		if !isJSONNumber(literal) {
			t.Fatalf("parseDigits accepts %q, which is not a number", literal)
		}
		if len(literal) > 2000 {
			return
		}
		want, _ := new(big.Rat).SetString(literal)
		got, _ := new(big.Rat).SetString(d.sign() + "0" + d.digits + "e" + strconv.Itoa(d.exponent))
		if want == nil || got == nil || got.Cmp(want) != 0 {
			t.Fatalf("parseDigits(%q) is %+v", literal, d)
		}
		n, ok := d.integer(64)
		isInt64 := want.IsInt() && want.Num().IsInt64()
		if ok != isInt64 {
			t.Errorf("%q is an integer: %t, want %t", literal, ok, isInt64)
		}
		if ok && new(big.Rat).SetInt64(n).Cmp(want) != 0 {
			t.Errorf("%q is the integer %d", literal, n)
		}
		if n, ok := d.integer(16); ok && n != int64(int16(n)) {
			t.Errorf("%q is the integer %d of 16 bits", literal, n)
		}
	})
}

// isJSONNumber reports whether a text is a number without spaces around it.
func isJSONNumber(literal string) bool {
	var number json.Number
	err := json.Unmarshal([]byte(literal), &number)
	return err == nil && number.String() == literal && !strings.HasPrefix(literal, `"`)
}

func TestParseDigitsReadsEveryNotation(t *testing.T) {
	for literal, want := range map[string]digits{
		"0": {}, "-0.00e7": {}, "1": {digits: "1"},
		"-10":  {negative: true, digits: "1", exponent: 1},
		"1.50": {digits: "15", exponent: -1}, "0.05": {digits: "5", exponent: -2},
		"1E+3": {digits: "1", exponent: 3},
		"1e-3": {digits: "1", exponent: -3}, "120e-1": {digits: "12"},
		"1e1000": {digits: "1", exponent: 1000},
	} {
		if have, ok := parseDigits(literal); !ok || have != want {
			t.Errorf("parseDigits(%q) is %+v, %t, want %+v", literal, have, ok, want)
		}
	}
}

// A float must be written with the digits of the number.
func TestFloatsAreExact(t *testing.T) {
	for literal, want := range map[string][2]bool{ // of 32 and of 64 bits
		"0": {true, true}, "-0.0": {true, true}, "0.1": {true, true}, "16777216": {true, true},
		"16777217":         {false, true},
		"9007199254740992": {false, true}, "9007199254740993": {false, false},
		"1e39": {false, true}, "1e309": {false, false},
		"5e-324": {false, true}, "1e-325": {false, false}, "0.10000000000000001": {false, false},
		"1e23": {true, true},
	} {
		d, ok := parseDigits(literal)
		if !ok {
			t.Errorf("parseDigits(%q) reports false, want true", literal)
		}
		for i, bits := range []int{32, 64} {
			if _, ok := d.float(bits); ok != want[i] {
				t.Errorf("%q fits into a float of %d bits: %t, want %t", literal, bits, ok, want[i])
			}
		}
	}
}
