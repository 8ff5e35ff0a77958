package cookiestore

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/chiauth0/auth/sessionstores"
)

const (
	// maxCookie is what browsers take of one cookie, its name and attributes included (RFC 6265, section 6.1).
	maxCookie = 4096
	// maxParts is how many cookies one value may be spread over.
	maxParts = 4
	// maxDuplicates and maxAttempts bound what a request with many cookies of the same name can make us decrypt.
	maxDuplicates = 4
	maxAttempts   = 16
)

// A value is spread over "name", "name.1", "name.2" and "name.3". The first begins with the number of parts and a dot, so
// that what a longer value has left behind is not read; parts of different values do not open together.

// split cuts a sealed value into cookies.
func split(name, sealed string, overhead int) ([]sessionstores.BrowserCookie, error) {
	room := maxCookie - overhead - len(name) - len("=") - len("4.") - len(".3")
	n := 1
	if room > 0 {
		n = (len(sealed) + room - 1) / room
	}
	if room <= 0 || n > maxParts {
		return nil, fmt.Errorf("cookiestore: the cookie %s takes %d bytes, and %d cookies of %d have room for %d: "+
			"keep less in the session, or keep it on a server", name, len(sealed), maxParts, maxCookie, max(0, maxParts*room))
	}
	cookies := make([]sessionstores.BrowserCookie, n)
	for i := range cookies {
		part := sealed[:min(room, len(sealed))]
		sealed = sealed[len(part):]
		cookies[i] = sessionstores.BrowserCookie{Name: partName(name, i), Value: part}
	}
	cookies[0].Value = strconv.Itoa(n) + "." + cookies[0].Value
	return cookies, nil
}

func partName(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "." + strconv.Itoa(i)
}

// parts holds the values of a request's cookies of one name: usually one each.
type parts [maxParts][]string

// scan reads Cookie headers. It does not parse the cookies it is not asked for, as r.Cookie would: with kilobytes of
// cookies, that costs more than decrypting one.
func (p *parts) scan(headers []string, name string) {
	for cookie, value := range cookies(headers, name) {
		i := 0
		if len(cookie) == len(name)+2 {
			i = int(cookie[len(name)+1] - '0')
		}
		if len(cookie) <= len(name)+2 && i >= 0 && i < maxParts && (i > 0 || len(cookie) == len(name)) && len(p[i]) < maxDuplicates {
			p[i] = append(p[i], value)
		}
	}
}

// joined yields the values that the parts may have been cut from.
func (p *parts) joined() iter.Seq[string] {
	return func(yield func(string) bool) {
		attempts := 0
		for _, first := range p[0] {
			count, value, ok := strings.Cut(first, ".")
			if !ok || len(count) != 1 || count[0] < '1' || count[0] > '0'+maxParts {
				continue
			}
			if !p.join(value, 1, int(count[0]-'0'), &attempts, yield) {
				return
			}
		}
	}
}

func (p *parts) join(value string, next, n int, attempts *int, yield func(string) bool) bool {
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

// partNames lists the cookies of a request that are parts of name, however many a former version made.
func partNames(headers []string, name string) (names []string) {
	for cookie := range cookies(headers, name) {
		names = append(names, cookie)
	}
	return names
}

// cookies yields the cookies of a request that are called name, or name, a dot and a number.
func cookies(headers []string, name string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, header := range headers {
			for pair := range strings.SplitSeq(header, ";") {
				cookie, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
				suffix, mine := strings.CutPrefix(cookie, name)
				if !ok || !mine || suffix != "" && !isPart(suffix) {
					continue
				}
				if !yield(cookie, value) {
					return
				}
			}
		}
	}
}

func isPart(suffix string) bool {
	if len(suffix) < 2 || len(suffix) > 3 || suffix[0] != '.' {
		return false
	}
	_, err := strconv.ParseUint(suffix[1:], 10, 8)
	return err == nil
}
