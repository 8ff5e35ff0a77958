package redisstore

import (
	"bytes"
	"testing"
	"time"
)

func FuzzParseValue(f *testing.F) {
	at := time.UnixMilli(1_700_000_000_000).UTC()
	f.Add([]byte(nil))
	f.Add([]byte("\x00\x01S"))
	f.Add([]byte("\x00\x01S-00000000000001data"))
	f.Add([]byte("\x00\x01S000000000000000data"))
	f.Add([]byte("\x00\x01S999999999999000data"))
	f.Add([]byte("\x00\x01T001700000000000abcdefgh=key"))
	f.Add([]byte("\x00\x02S001700000000000data"))
	f.Add(sessionValue(nil, at))
	f.Add(sessionValue([]byte("data"), at))
	f.Add(sessionValue([]byte("data"), time.Unix(1<<40, 0)))
	f.Fuzz(func(t *testing.T, in []byte) {
		v := parseValue(in)
		switch v.kind {
		case kindSession:
			again := sessionValue(v.data, v.expiry)
			if v.expiry.UnixMilli() > 0 && !bytes.Equal(again, in) {
				t.Errorf("got %q from %q, and encoded it to %q", v.data, in, again)
			}
		case kindTomb:
			if v.data != nil || unixMillis(v.expiry) == 0 {
				t.Errorf("tombstone %q: got data %q until %v", in, v.data, v.expiry)
			}
		default:
			if v.data != nil || !v.expiry.IsZero() {
				t.Errorf("unknown value %q: got data %q until %v", in, v.data, v.expiry)
			}
		}
	})
}

// A change of this format needs another version.
func TestValueFormatIsStable(t *testing.T) {
	expiry := time.UnixMilli(1_700_000_000_123).UTC()
	const want = "\x00\x01S001700000000123data"
	if got := sessionValue([]byte("data"), expiry); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}

	tests := map[string]struct {
		in       string
		wantKind byte
	}{
		"session":                  {want, kindSession},
		"session without data":     {"\x00\x01S001700000000123", kindSession},
		"tombstone":                {"\x00\x01T001700000000123abcdefgh", kindTomb},
		"tombstone with successor": {"\x00\x01T001700000000123abcdefgh=key", kindTomb},
		"version 2":                {"\x00\x02S001700000000123data", 0},
		"another kind":             {"\x00\x01X001700000000123data", 0},
		"cut header":               {"\x00\x01S00170000000012", 0},
		"expiry with a sign":       {"\x00\x01S+01700000000123data", 0},
		"expiry of letters":        {"\x00\x01Sabcdefghijklmnodata", 0},
		"empty":                    {"", 0},
	}
	for name, tt := range tests {
		v := parseValue([]byte(tt.in))
		if v.kind != tt.wantKind {
			t.Errorf("%s: got kind %q, want %q", name, v.kind, tt.wantKind)
		}
		if v.kind != 0 && !v.expiry.Equal(expiry) {
			t.Errorf("%s: got expiry %v, want %v", name, v.expiry, expiry)
		}
	}
}

// Redis refuses an expiry that is zero or negative, and a header has room for 15 digits.
func TestExpiryStaysInRange(t *testing.T) {
	tests := map[string]struct {
		in   time.Time
		want int64
	}{
		"zero time":             {time.Time{}, 1},
		"1970":                  {time.Unix(0, 0), 1},
		"before 1970":           {time.Unix(-5, 0), 1},
		"far in the past":       {time.Unix(-1<<62, 0), 1},
		"now":                   {time.UnixMilli(1_700_000_000_123), 1_700_000_000_123},
		"below one millisecond": {time.Unix(1_700_000_000, 999_999), 1_700_000_000_000},
		"year 40000":            {time.Unix(1_200_000_000_000, 0), latestExpiry},
		"far in the future":     {time.Unix(1<<62, 0), latestExpiry},
	}
	for name, tt := range tests {
		if got := unixMillis(tt.in); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
		if got := len(expiryText(tt.in)); got != expiryDigits {
			t.Errorf("%s: got %d digits, want %d", name, got, expiryDigits)
		}
	}
}
