package sqlusers

import (
	"strconv"
	"strings"
)

// digits are a decimal number: ±digits × 10^exponent. The digits have no zeros at either end, and
// are empty for zero. All notations of one number have the same digits.
type digits struct {
	negative bool
	digits   string
	exponent int
}

// maxExponent limits exponents: a database would write 1e1000000000 as a gigabyte of zeros.
const maxExponent = 1000

// parseDigits reads a number in JSON's notation (RFC 8259, section 6), in linear time.
func parseDigits(literal string) (digits, bool) {
	var d digits
	rest, negative := strings.CutPrefix(literal, "-")
	mantissa, power, hasPower := cutAny(rest, "eE")
	whole, fraction, hasFraction := strings.Cut(mantissa, ".")
	if !isWhole(whole) {
		return d, false
	}
	if hasFraction && !isDigits(fraction) {
		return d, false
	}
	if hasPower {
		if !isDigits(trimSign(power)) {
			return d, false
		}
		var err error
		if d.exponent, err = strconv.Atoi(power); err != nil {
			return d, false
		}
	}
	all := whole + fraction
	d.digits = strings.TrimRight(all, "0")
	d.exponent += len(all) - len(d.digits) - len(fraction)
	d.digits = strings.TrimLeft(d.digits, "0")
	if d.digits == "" {
		return digits{}, true
	}
	d.negative = negative
	return d, -maxExponent <= d.exponent && d.exponent <= maxExponent
}

// integer returns the number if it is an integer of that many bits.
func (d digits) integer(bits int) (int64, bool) {
	if d.exponent < 0 || d.exponent > 19 {
		return 0, false
	}
	n, err := strconv.ParseInt(d.sign()+"0"+d.digits+strings.Repeat("0", d.exponent), 10, bits)
	return n, err == nil
}

// float returns the number if a float of that many bits is written with the same digits: 0.1 is
// such a number, and 12345678901234567890 is not.
func (d digits) float(bits int) (float64, bool) {
	f, err := strconv.ParseFloat(d.sign()+"0"+d.digits+"e"+strconv.Itoa(d.exponent), bits)
	if err != nil {
		return 0, false
	}
	same, ok := parseDigits(strconv.FormatFloat(f, 'e', -1, bits))
	return f, ok && same == d
}

func (d digits) sign() string {
	if d.negative {
		return "-"
	}
	return ""
}

// isWhole reports whether a text is the part of a number before its point: digits that do not begin
// with an unnecessary zero.
func isWhole(s string) bool {
	if len(s) > 1 && s[0] == '0' {
		return false
	}
	return isDigits(s)
}

// trimSign removes one sign.
func trimSign(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func cutAny(s, chars string) (before, after string, found bool) {
	i := strings.IndexAny(s, chars)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
