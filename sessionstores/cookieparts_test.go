package sessionstores

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// cookieLine returns a Cookie header with parts.
func cookieLine(parts []part) string {
	pairs := make([]string, len(parts))
	for i, p := range parts {
		pairs[i] = p.name + "=" + p.value
	}

	return strings.Join(pairs, "; ")
}

func joinedValues(name string, headers ...string) []string {
	var parts cookieParts
	parts.collect(headers, name)

	return slices.Collect(parts.joined())
}

func mustSplit(t *testing.T, name, value string) []part {
	t.Helper()
	parts, err := splitCookie(name, value, 100)
	if err != nil {
		t.Fatal(err)
	}

	return parts
}

func TestSplitCookieFitsIntoBrowsers(t *testing.T) {
	for _, size := range []int{0, 1, 3000, 3980, 3981, 3982, 5000, 12_000, 15_900} {
		value := strings.Repeat("x", size)
		parts := mustSplit(t, "sid", value)
		for _, p := range parts {
			if got := len(p.name) + len("=") + len(p.value) + 100; got > maxCookie {
				t.Errorf("%d bytes: a cookie has %d bytes, want at most %d", size, got, maxCookie)
			}
		}
		if got := joinedValues("sid", cookieLine(parts)); !slices.Equal(got, []string{value}) {
			t.Errorf("%d bytes: got %d values, want the one that was split", size, len(got))
		}
	}
}

func TestSplitCookieRefusesWhatDoesNotFit(t *testing.T) {
	for name, tt := range map[string]struct{ size, attributes int }{
		"five parts":            {16_000, 100},
		"no room for the value": {1, 4090},
	} {
		_, err := splitCookie("sid", strings.Repeat("x", tt.size), tt.attributes)
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %v, want ErrTooLarge", name, err)
		}
	}
}

func TestPartsOfACookieAreJoinedInOrder(t *testing.T) {
	long := strings.Repeat("a", 4000) + strings.Repeat("b", 4000)
	parts := mustSplit(t, "sid", long)
	shuffled := []part{parts[2], {"other", "1"}, parts[1], parts[0]}
	if got := joinedValues("sid", cookieLine(shuffled)); !slices.Equal(got, []string{long}) {
		t.Errorf("got %d values, want the one that was split", len(got))
	}
}

func TestPartsThatAreIncompleteAreNotJoined(t *testing.T) {
	for _, line := range []string{
		"", "sid", "sid=", "sid=x", "sid=0.x", "sid=5.x", "sid=12.x", "sid=.x", "sid=-.x",
		"sid=2.x", "sid=3.x; sid.1=y", "sid=3.x; sid.2=y", "sid.1=y", "sidx=1.x", "SID=1.x",
	} {
		if got := joinedValues("sid", line); len(got) > 0 {
			t.Errorf("%q: got %q, want nothing", line, got)
		}
	}
}

func TestPartsLeftBehindAreNotRead(t *testing.T) {
	got := joinedValues("sid", "sid=1.small; sid.1=old; sid.12=older; sid.x=1; sid.01=2")
	if !slices.Equal(got, []string{"small"}) {
		t.Errorf("got %q, want small", got)
	}
}

func TestEachCombinationOfEqualNamesIsTried(t *testing.T) {
	got := joinedValues("sid", "sid=2.a; sid=1.b", "sid=2.c; sid.1=x; sid.1=y")
	want := []string{"ax", "ay", "b", "cx", "cy"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestManyCookiesOfOneNameCostABoundedTime(t *testing.T) {
	flood := strings.Repeat("sid=4.x; sid.1=x; sid.2=x; sid.3=x; ", 100)
	if got := len(joinedValues("sid", flood)); got != maxAttempts {
		t.Errorf("values: got %d, want %d", got, maxAttempts)
	}

	long := strings.Repeat("x", 20_000)
	incomplete := strings.Repeat("sid=4."+long+"; sid.1="+long+"; sid.2="+long+"; ", maxSameName)
	headers := []string{incomplete}
	got := testing.AllocsPerRun(1, func() { joinedValues("sid", headers...) })
	if got > 50 {
		t.Errorf("allocations for parts that are incomplete: got %v, want at most 50", got)
	}
}

// A value that is split is joined again, as net/http sends it.
func FuzzSplitCookie(f *testing.F) {
	f.Add("small", 100)
	f.Add(strings.Repeat("l", 11_000), 100)
	f.Add("", 4080)
	f.Fuzz(func(t *testing.T, value string, attributes int) {
		if attributes < 0 || attributes > 1<<20 || strings.ContainsAny(value, "; \t") {
			return
		}
		parts, err := splitCookie("sid", value, attributes)
		if err != nil {
			return
		}
		for _, p := range parts {
			if size := len(p.name) + len("=") + len(p.value) + attributes; size > maxCookie {
				t.Fatalf("a cookie has %d bytes, want at most %d", size, maxCookie)
			}
		}
		if got := joinedValues("sid", cookieLine(parts)); !slices.Equal(got, []string{value}) {
			t.Fatalf("%d bytes in %d cookies: got %d values", len(value), len(parts), len(got))
		}
	})
}

// Any Cookie header yields a bounded number of values, each of which is made of its cookies.
func FuzzJoinCookie(f *testing.F) {
	f.Add("sid=1.small", "sid=2.a; sid.1=b")
	f.Add("sid=1.; sid.1=x; sid.10=y; sid=; ;;=; sid", "")
	f.Fuzz(func(t *testing.T, first, second string) {
		values := joinedValues("sid", first, second)
		if len(values) > maxAttempts {
			t.Fatalf("got %d values, want at most %d", len(values), maxAttempts)
		}
		for _, value := range values {
			if len(value) > len(first)+len(second) {
				t.Fatalf("got a value of %d bytes from %d", len(value), len(first)+len(second))
			}
		}
	})
}

// The scanner finds the cookies that net/http finds.
func FuzzRequestCookies(f *testing.F) {
	f.Add("sid=x", "a=1;sid=y ; \tb=2")
	f.Add(`sid="quoted"; ;=;`, "sid")
	f.Fuzz(func(t *testing.T, first, second string) {
		headers := []string{first, second}
		found := make(map[string]bool)
		for name, value := range requestCookies(headers) {
			found[name+"="+strings.Trim(value, `"`)] = true
		}

		r := http.Request{Header: http.Header{"Cookie": headers}}
		for _, c := range r.Cookies() {
			pair := c.Name + "=" + strings.Trim(c.Value, `"`)
			spaced := strings.ContainsAny(first+second, " \t\"\r\n\v\f\u0085\u00a0")
			if c.Value != "" && !found[pair] && !spaced {
				t.Errorf("net/http finds %q in %q, the scanner does not", pair, headers)
			}
		}
	})
}
