package chiauth0

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "",
		"plain words":                  "plain words",
		"a\r\nlevel=ERROR\x1b[31m\x00": "a  level=ERROR [31m ",
		"\xff\xfe":                     "\uFFFD",
		strings.Repeat("x", 200):       strings.Repeat("x", 200),
		strings.Repeat("x", 201):       strings.Repeat("x", 200) + "…",
		strings.Repeat("ä", 101):       strings.Repeat("ä", 100) + "…",
		"x" + strings.Repeat("ä", 100): "x" + strings.Repeat("ä", 99) + "…",
	} {
		if got := cut(in); got != want {
			t.Errorf("cut(%q): got %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\nb", 3)
	f.Add("\xff\xff\xff", 2)
	f.Add("äöü", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 0 || limit > 1<<16 {
			return
		}
		got := clean(s, limit)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("clean(%q, %d): got %q, which is not clean", s, limit, got)
		}
		if most := 3*limit + len("…"); len(got) > most {
			t.Fatalf("clean(%q, %d): got %d bytes, want at most %d", s, limit, len(got), most)
		}
	})
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][]string{
		"":                              {},
		"de":                            {"de"},
		"en;q=0.3, de-CH, fr;q=0.8":     {"de-CH", "fr", "en"},
		"<script>":                      nil,
		strings.Repeat("de,", 100):      nil,
		"en-US,en;q=0.5;level=1,*;q=0":  nil,
		"zh-Hant-TW, zh-TW;q=0.9, *":    {"zh-Hant-TW", "mul", "zh-TW"},
		"de;q=0, en":                    {"en"},
		"xx-invalid-subtagthatistoolon": nil,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", header)
		if got := languages(r); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

func FuzzLanguages(f *testing.F) {
	f.Add("de-CH, en;q=0.5")
	f.Add(strings.Repeat("-", 300))
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", header)
		for _, tag := range languages(r) {
			if strings.ContainsAny(tag, "<>\"'& ") {
				t.Fatalf("%q: got the tag %q", header, tag)
			}
		}
	})
}
