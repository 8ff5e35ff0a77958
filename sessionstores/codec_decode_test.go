package sessionstores_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/chiauth0/auth/sessionstores"
)

func TestCodecDecodeRefuses(t *testing.T) {
	head := "\x01\x01\x00\x00"           // version 1, deadline 1970 in UTC
	text := head + "\x01\x01k\x07"       // one value that is a string
	second := "\x00\x80\x94\xeb\xdc\x03" // 10⁹ nanoseconds
	tests := map[string]struct{ in, want string }{
		"nothing":                  {"", "version"},
		"another version":          {"\x02\x01\x00\x00\x00", "version 1"},
		"text":                     {"hello", "version"},
		"only the version":         {"\x01", "end of data"},
		"bytes left over":          {head + "\x00\x00", "left over"},
		"more values than bytes":   {head + "\xff\xff\xff\xff\x0f", "beyond the end"},
		"key beyond the end":       {head + "\x01\x05k", "beyond the end"},
		"string of 2^63 bytes":     {text + strings.Repeat("\xff", 8) + "\x7f", "beyond the end"},
		"length of 65 bits":        {text + strings.Repeat("\xff", 9) + "\x02", "too large"},
		"endless length":           {text + strings.Repeat("\xff", 10) + "\x01", "too large"},
		"unknown tag":              {head + "\x01\x01k\x63", "unknown tag 99"},
		"the same key twice":       {head + "\x02\x01k\x00\x01k\x00", "out of order"},
		"keys out of order":        {head + "\x02\x01k\x00\x01a\x00", "out of order"},
		"int32 too large":          {head + "\x01\x01k\x04\x80\x80\x80\x80\x10", "out of range"},
		"float of seven bytes":     {head + "\x01\x01k\x061234567", "end of data"},
		"time zone of no kind":     {head + "\x01\x01k\x09\x02\x00\x00", "out of range"},
		"a second of nanoseconds":  {head + "\x01\x01k\x09\x01" + second, "out of range"},
		"deadline of no time zone": {"\x01\x07\x00\x00\x00", "out of range"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, values, err := sessionstores.Codec{}.Decode([]byte(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) || values != nil {
				t.Errorf("got %v, error %v; want an error that says %q", values, err, tt.want)
			}
		})
	}

	t.Run("cut short anywhere", func(t *testing.T) {
		whole := mustEncode(t, codecDeadline, codecSession())
		for n := range whole {
			if _, _, err := (sessionstores.Codec{}).Decode(whole[:n]); err == nil {
				t.Errorf("the first %d of %d bytes decoded", n, len(whole))
			}
		}
	})
}

// A gob value that cannot be decoded keeps its bytes, and the values beside it are decoded.
func TestCodecKeepsGobValuesThatCannotBeDecoded(t *testing.T) {
	cart := mustEncode(t, codecDeadline, map[string]any{"k": codecCart{Items: []string{"tea"}}})
	_, found, ok := bytes.Cut(cart, []byte("\x01k\x0a"))
	if !ok {
		t.Fatal("the encoded cart has no gob value")
	}
	cartGob := string(found[1:])

	head := "\x01\x01\x00\x00\x02" // version 1, deadline 1970 in UTC, two values
	for name, encoded := range map[string]string{
		"nothing":                    "",
		"garbage":                    "\x02\x00\x00",
		"a message of 8 GB":          "\xfb\xff\xff\xff\xff",
		"bytes after its end":        cartGob + "\x00",
		"a type that is not there":   strings.Replace(cartGob, "codecCart", "codecCard", 1),
		"a type that panics":         fuseGob(t),
		"a value that is cut in two": cartGob[:len(cartGob)/2],
	} {
		t.Run(name, func(t *testing.T) {
			b := binary.AppendUvarint([]byte(head+"\x01a\x0a"), uint64(len(encoded)))
			b = append(b, encoded+"\x01b\x07\x03tea"...)
			deadline, values, err := sessionstores.Codec{}.Decode(b)
			if err != nil || values["b"] != "tea" {
				t.Fatalf("got %v, error %v, want the value beside it", values, err)
			}
			if got := mustEncode(t, deadline, values); !bytes.Equal(got, b) {
				t.Errorf("encoded again: got\n%x, want\n%x", got, b)
			}
		})
	}
}

// fuseGob returns a gob value whose type panics when it is decoded.
func fuseGob(t *testing.T) string {
	t.Helper()
	encoded := mustEncode(t, codecDeadline, map[string]any{"k": &codecFuse{}})
	_, found, ok := bytes.Cut(encoded, []byte("\x01k\x0a"))
	if !ok {
		t.Fatal("the encoded value has no gob value")
	}

	return string(found[1:])
}

// A few hostile bytes do not cost megabytes.
func TestCodecDecodeAllocatesInProportion(t *testing.T) {
	hostile := [][]byte{
		[]byte("\x01\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
		[]byte("\x01\x01\x00\x00\x01\x01k\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
		[]byte("\x01\x01\x00\x00\x01\x01k\x0a\x06\xfb\x7f\xff\xff\xff\xff"),
	}
	for _, in := range hostile {
		const rounds = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			_, _, _ = sessionstores.Codec{}.Decode(in)
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / rounds; got > 64<<10 {
			t.Errorf("%x: %d bytes allocated", in, got)
		}
	}
}
