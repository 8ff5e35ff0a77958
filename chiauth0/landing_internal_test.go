package chiauth0

import (
	"net/url"
	"strings"
	"testing"
)

// landing is where a browser that is at base goes for a Location: an origin and a path. It follows
// the URL Standard (https://url.spec.whatwg.org/#url-parsing) and shares nothing with the code
// under test, nor with net/url, which reads several of these differently.
func landing(base, location string) (origin, path string) {
	location = strings.Trim(location, controlsAndSpace)
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(location)
	baseScheme, baseHost, _ := strings.Cut(base, "://")
	scheme, rest, absolute := cutScheme(location)
	special := scheme == "https" || scheme == "http"
	switch {
	case absolute && !special:
		return scheme + ":", rest
	case absolute && scheme == baseScheme && !startsWithSlashes(rest, 2):
		// The one exception: a special scheme that is the base's own, and no two slashes after it,
		// is relative.
	case absolute:
		return authority(scheme, strings.TrimLeft(rest, `/\`))
	case startsWithSlashes(location, 2):
		return authority(baseScheme, strings.TrimLeft(location, `/\`))
	default:
		rest = location
	}
	return baseScheme + "://" + baseHost, strings.ReplaceAll(rest, `\`, "/")
}

const controlsAndSpace = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\v\f\r\x0e\x0f" +
	"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f "

func startsWithSlashes(s string, n int) bool {
	return len(s) >= n && strings.Trim(s[:n], `/\`) == ""
}

func cutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, ":")
	scheme = strings.ToLower(scheme)
	for i, c := range scheme {
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return "", s, false
		}
	}
	return scheme, rest, ok && scheme != ""
}

func authority(scheme, s string) (origin, path string) {
	end := strings.IndexAny(s, `/\?#`)
	if end < 0 {
		end = len(s)
	}
	host, path := s[:end], s[end:]
	host = host[strings.LastIndexByte(host, '@')+1:]
	if decoded, err := url.PathUnescape(host); err == nil {
		host = decoded
	}
	host = strings.ToLower(strings.ReplaceAll(host, "。", "."))
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[scheme])
	return scheme + "://" + host, strings.ReplaceAll(path, `\`, "/")
}

func TestLanding(t *testing.T) {
	const here = "https://app.example"
	for location, want := range map[string]string{
		"/account":                          here + "/account",
		"account":                           here + "account",
		"https://app.example/account":       here + "/account",
		"HTTPS://APP.EXAMPLE:443/account":   here + "/account",
		"https:/account":                    here + "/account",
		"//evil.example/x":                  "https://evil.example/x",
		`/\evil.example/x`:                  "https://evil.example/x",
		"/\t/evil.example":                  "https://evil.example",
		"\x20\n//evil.example":              "https://evil.example",
		"///evil.example":                   "https://evil.example",
		"http:evil.example":                 "http://evil.example",
		`https:\\evil.example`:              "https://evil.example",
		"https://app.example@evil.example":  "https://evil.example",
		`https://evil.example\@app.example`: "https://evil.example/@app.example",
		"https://%65vil.example":            "https://evil.example",
		"https://app.example:8443/":         here + ":8443/",
		"java\nscript:alert(1)":             "javascript:alert(1)",
	} {
		if origin, path := landing(here, location); origin+path != want {
			t.Errorf("landing(%q) = %q %q, want %q", location, origin, path, want)
		}
	}
}
