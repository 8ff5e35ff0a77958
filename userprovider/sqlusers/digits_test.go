package sqlusers

import (
	"encoding/json"
	"math/big"
	"testing"
)

// FuzzParseDigits compares with big.Rat, which cannot be used for a stranger's numbers:
// 1e1000000000 takes it a gigabyte.
func FuzzParseDigits(f *testing.F) {
	for _, seed := range []string{
		"0", "-0", "0.0", "10", "-1.50", "1e3", "1E-3", "12345678901234567890", "00", "01", ".5",
		"5.", "+1", "1e", "1e+", "1e++1",
		"", "-", "0x10", "NaN", "Infinity", "1_000", "1e999", "1e1001", "9223372036854775807",
		"-9223372036854775808", "0.1",
		"5e-324", "1.7976931348623157e308", "1e9999999999999999999999",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, literal string) {
		d, ok := parseDigits(literal)
		isNumber := json.Valid([]byte(literal)) && literal != "" &&
			(literal[0] == '-' || '0' <= literal[0] && literal[0] <= '9') &&
			literal[len(literal)-1] >= '0'
		if ok && !isNumber {
			t.Fatalf("%q is taken for a number", literal)
		}
		if !ok {
			return
		}
		if len(literal) > 2000 {
			return
		}
		want, _ := new(big.Rat).SetString(literal)
		have, _ := new(big.Rat).SetString(d.sign() + "0" + d.digits + "e" + big.NewInt(int64(d.exponent)).String())
		if want == nil || have == nil || have.Cmp(want) != 0 {
			t.Fatalf("%q is read as %+v", literal, d)
		}
		if n, ok := d.integer(64); ok != (want.IsInt() && want.Num().IsInt64()) || ok &&
			new(big.Rat).SetInt64(n).Cmp(want) != 0 {
			t.Errorf("%q as an integer: %d, %t", literal, n, ok)
		}
		if n, ok := d.integer(16); ok && (n < -32768 || n > 32767) {
			t.Errorf("%q as an integer of 16 bits: %d", literal, n)
		}
	})
}

// TestParseDigitsTakesJSON: no number that a token can have is refused for its notation.
func TestParseDigitsTakesJSON(t *testing.T) {
	for literal, want := range map[string]digits{
		"0": {}, "-0.00e7": {}, "1": {digits: "1"},
		"-10":  {negative: true, digits: "1", exponent: 1},
		"1.50": {digits: "15", exponent: -1}, "0.05": {digits: "5", exponent: -2},
		"1E+3": {digits: "1", exponent: 3},
		"1e-3": {digits: "1", exponent: -3}, "120e-1": {digits: "12"},
		"1e1000": {digits: "1", exponent: 1000},
	} {
		if have, ok := parseDigits(literal); !ok || have != want {
			t.Errorf("%q is read as %+v, %t", literal, have, ok)
		}
	}
}

// TestFloats: a float is what it is written as, or refused.
func TestFloats(t *testing.T) {
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
			t.Errorf("%q is no number", literal)
		}
		for i, bits := range []int{32, 64} {
			if _, ok := d.float(bits); ok != want[i] {
				t.Errorf("%q fits into a float of %d bits: %t, want %t", literal, bits, ok, want[i])
			}
		}
	}
}
