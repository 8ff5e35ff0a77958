package sessionstores

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

const (
	// maxCookie is what browsers accept of one cookie, with its name and attributes (RFC 6265,
	// section 6.1).
	maxCookie = 4096

	// maxParts is how many cookies one value may be split over.
	maxParts = 4

	// maxSameName and maxAttempts bound how much a request with many cookies of one name makes the
	// process decrypt.
	maxSameName = 16
	maxAttempts = 64
)

// A part is a cookie without its attributes.
type part struct{ name, value string }

// splitCookie splits a value over the cookies "name", "name.1", "name.2" and "name.3". The first
// begins with the number of parts and a dot, so that a part which a longer value has left behind is
// not read. Parts of different values do not open together. attributes is the length of a cookie's
// attributes.
func splitCookie(name, value string, attributes int) ([]part, error) {
	room := maxCookie - attributes - len(name) - len("=") - len("4.") - len(".3")
	n := 1
	if room > 0 && value != "" {
		n = (len(value) + room - 1) / room
	}
	if room <= 0 || n > maxParts {
		return nil, fmt.Errorf("%w: the cookie %s has %d bytes, and %d cookies have room for %d: "+
			"keep less in the session, or keep it on a server",
			ErrTooLarge, name, len(value), maxParts, maxParts*max(0, room))
	}

	parts := make([]part, n)
	for i := range parts {
		size := min(room, len(value))
		parts[i] = part{partName(name, i), value[:size]}
		value = value[size:]
	}
	parts[0].value = strconv.Itoa(n) + "." + parts[0].value

	return parts, nil
}

func partName(name string, i int) string {
	if i == 0 {
		return name
	}

	return name + "." + strconv.Itoa(i)
}

// cookieParts has the values of a request's cookies for each part of a name. There is usually one
// value each.
type cookieParts [maxParts][]string

// collect finds the parts in Cookie headers.
func (p *cookieParts) collect(headers []string, name string) {
	for cookie, value := range requestCookies(headers) {
		i, ok := partIndex(cookie, name)
		if ok && i < maxParts && len(p[i]) < maxSameName {
			p[i] = append(p[i], value)
		}
	}
}

// partIndex returns which part of name a cookie is. Earlier releases may have made more parts than
// this one.
func partIndex(cookie, name string) (i int, ok bool) {
	suffix, ok := strings.CutPrefix(cookie, name)
	switch {
	case !ok:
		return 0, false
	case suffix == "":
		return 0, true
	case suffix[0] != '.' || len(suffix) > 3:
		return 0, false
	}

	n, err := strconv.ParseUint(suffix[1:], 10, 8)
	return int(n), err == nil && n > 0
}

// joined yields the values that the parts may have been split from.
func (p *cookieParts) joined() iter.Seq[string] {
	return func(yield func(string) bool) {
		attempts := 0
		for _, first := range p[0] {
			count, value, ok := strings.Cut(first, ".")
			if !ok || len(count) != 1 || count[0] < '1' || count[0] > '0'+maxParts {
				continue
			}

			n := int(count[0] - '0')
			if !p.complete(n) {
				continue
			}
			if !p.join(value, 1, n, &attempts, yield) {
				return
			}
		}
	}
}

// complete reports whether there are values for all of n parts. Without that, joining them would
// cost time and yield nothing.
func (p *cookieParts) complete(n int) bool {
	for _, values := range p[:n] {
		if len(values) == 0 {
			return false
		}
	}

	return true
}

// join appends each value of part next to value, and so on up to part n. It reports whether to go
// on.
func (p *cookieParts) join(value string, next, n int, attempts *int, yield func(string) bool) bool {
	if next == n {
		*attempts++
		return yield(value) && *attempts < maxAttempts
	}

	for _, part := range p[next] {
		if !p.join(value+part, next+1, n, attempts, yield) {
			return false
		}
	}

	return true
}
