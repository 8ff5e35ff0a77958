package chiauth0

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// rfc6750 is the syntax of the credentials (RFC 6750, section 2.1).
var rfc6750 = regexp.MustCompile(`^(?i:bearer) +([A-Za-z0-9._~+/-]+=*) *$`)

// FuzzBearerToken compares the parser with the syntax of the RFC.
func FuzzBearerToken(f *testing.F) {
	for _, seed := range []string{
		"", "Bearer", "Bearer ", "bearer a", "BEARER  a.b-c_d~e+f/g==", "Bearer a b", "Bearer =",
		"Basic a",
		"Bearer a, Bearer b", "Bearer a=b", " Bearer a", "Bearer\ta", "Bearer \x00", "Bearer ä",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{value}
		token, err := bearerToken(r)
		want, valid := "", false
		if match := rfc6750.FindStringSubmatch(value); len(match) == 2 {
			want, valid = match[1], true
		}
		if len(value) > maxBearer {
			return
		}
		if !valid && err == nil {
			t.Errorf("%q gives the token %q, want an error", value, token)
		}
		if valid && (err != nil || token != want) {
			t.Errorf("%q gives the token %q and %v, want %q", value, token, err, want)
		}
		if err == nil && !hasBearer(r) {
			t.Errorf("%q has a token, but hasBearer is false", value)
		}
		if errors.Is(err, errMalformedBearer) && !hasBearer(r) {
			t.Errorf("%q is malformed, but hasBearer is false", value)
		}
	})
}

func TestBearerTokenSize(t *testing.T) {
	t.Parallel()
	for size, accepted := range map[int]bool{maxBearer: true, maxBearer + 1: false} {
		_, err := parseBearer("Bearer " + strings.Repeat("a", size))
		if (err == nil) != accepted {
			t.Errorf("%d bytes: %v, want accepted: %t", size, err, accepted)
		}
	}
}
