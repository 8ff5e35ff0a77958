package userprovider

import (
	"strconv"
	"strings"
)

// lookUp returns the claim of a name, or nil if there is none. A name that begins with "/" is a
// JSON Pointer (RFC 6901, section 4).
func lookUp(claims map[string]any, name string) any {
	if !isPointer(name) {
		return claims[name]
	}
	var value any = claims
	for token := range strings.SplitSeq(name[1:], "/") {
		key, ok := unescapeToken(token)
		if !ok {
			return nil
		}
		value = member(value, key)
		if value == nil {
			return nil
		}
	}
	return value
}

func isPointer(name string) bool { return strings.HasPrefix(name, "/") }

// topLevelName returns the name of the claim that a name leads into.
func topLevelName(name string) string {
	if !isPointer(name) {
		return name
	}
	first, _, _ := strings.Cut(name[1:], "/")
	key, ok := unescapeToken(first)
	if !ok {
		return name
	}
	return key
}

// member returns the member of an object or the element of a list, or nil.
func member(value any, key string) any {
	switch value := value.(type) {
	case map[string]any:
		return value[key]
	case []any:
		if i, ok := listIndex(key, len(value)); ok {
			return value[i]
		}
	case []string: // from an Extract; JSON has only []any
		if i, ok := listIndex(key, len(value)); ok {
			return value[i]
		}
	}
	return nil
}

// listIndex reads the index of a list element. It has no sign and no leading zeros.
func listIndex(token string, length int) (int, bool) {
	index, err := strconv.Atoi(token)
	if err != nil || strconv.Itoa(index) != token {
		return 0, false
	}
	return index, 0 <= index && index < length
}

// unescapeToken replaces ~1 by / and ~0 by ~, in this order, so that ~01 becomes ~1. It reports
// false for a "~" that neither 0 nor 1 follows.
func unescapeToken(token string) (string, bool) {
	for rest := token; ; {
		_, after, found := strings.Cut(rest, "~")
		if !found {
			break
		}
		if after == "" || after[0] != '0' && after[0] != '1' {
			return "", false
		}
		rest = after
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~"), true
}

// isPointerValid reports whether every "~" in a pointer is part of an escape.
func isPointerValid(pointer string) bool {
	for token := range strings.SplitSeq(pointer, "/") {
		if _, ok := unescapeToken(token); !ok {
			return false
		}
	}
	return true
}
