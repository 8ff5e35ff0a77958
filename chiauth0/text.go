package chiauth0

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxLogged      = 200  // bytes of a value that comes from a request or from Auth0
	maxDescription = 1000 // bytes of Auth0's description on a page
)

// cut makes a value of a request fit for the log: without control characters, 200 bytes at most.
func cut(s string) string { return clean(s, maxLogged) }

// clean takes control characters and invalid UTF-8 out of s and cuts it at limit bytes.
func clean(s string, limit int) string {
	cutOff := len(s) > limit
	if cutOff {
		end := limit
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if cutOff {
		s += "…"
	}
	return s
}
