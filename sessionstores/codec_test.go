package sessionstores_test

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

type codecCart struct{ Items []string }

// codecBomb has the gob methods of a type whose author forgot a nil check.
type codecBomb struct{}

func (codecBomb) GobEncode() ([]byte, error) { panic("encoding went wrong") }

// codecFuse encodes and panics only when it is decoded, as after a deployment.
type codecFuse struct{}

func (codecFuse) GobEncode() ([]byte, error) { return []byte("x"), nil }
func (*codecFuse) GobDecode([]byte) error    { panic("decoding went wrong") }

func init() {
	gob.Register(codecCart{})
	gob.Register(codecBomb{})
	gob.Register(&codecFuse{})
}

var codecDeadline = time.Date(2026, 11, 23, 12, 34, 56, 789, time.UTC)

// codecSession has a value of every type.
func codecSession() map[string]any {
	return map[string]any{
		"":         "the empty key",
		"bool":     true,
		"bytes":    []byte{0, 1, 0xff},
		"empty":    []byte{},
		"false":    false,
		"float":    -1.5,
		"gob":      codecCart{Items: []string{"tea", "milk"}},
		"int":      -42,
		"int32":    int32(math.MinInt32),
		"int64":    int64(math.MaxInt64),
		"nil":      nil,
		"string":   "héllo\x00",
		"time":     time.Date(1969, 7, 20, 20, 17, 40, 1, time.FixedZone("", -(4*3600+56*60+2))),
		"utc":      time.Unix(0, 999_999_999).UTC(),
		"year 1":   time.Time{},
		"\xff\x00": "any bytes can be a key",
	}
}

func mustEncode(t testing.TB, deadline time.Time, values map[string]any) []byte {
	t.Helper()
	b, err := sessionstores.Codec{}.Encode(deadline, values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameTime is what a time keeps: its instant, its offset, and whether it is in UTC.
func sameTime(a, b time.Time) bool {
	_, aOffset := a.Zone()
	_, bOffset := b.Zone()
	aUTC, bUTC := a.Location() == time.UTC, b.Location() == time.UTC
	return a.Equal(b) && aOffset == bOffset && aUTC == bUTC
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case time.Time:
		b, ok := b.(time.Time)
		return ok && sameTime(a, b)
	case float64:
		b, ok := b.(float64)
		return ok && math.Float64bits(a) == math.Float64bits(b)
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	}
	return reflect.DeepEqual(a, b)
}

func sameSession(
	t testing.TB,
	gotDeadline time.Time,
	got map[string]any,
	deadline time.Time,
	want map[string]any,
) {
	t.Helper()
	if !sameTime(gotDeadline, deadline) {
		t.Errorf("deadline %v, want %v", gotDeadline, deadline)
	}
	if !maps.EqualFunc(got, want, sameValue) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

func TestCodecRoundTrip(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"every type": codecSession(),
		"no values":  {},
		"nil map":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			deadline, got, err := sessionstores.Codec{}.Decode(mustEncode(t, codecDeadline, values))
			if err != nil {
				t.Fatal(err)
			}
			sameSession(t, deadline, got, codecDeadline, values)
			if got == nil {
				t.Error("scs writes into the map: it must not be nil")
			}
		})
	}
}

// Decoding returns any values as they were encoded. The bytes do not depend on the order of the
// map.
func TestCodecRoundTripProperty(t *testing.T) {
	type row struct {
		Bool    bool
		Int     int
		Int32   int32
		Int64   int64
		Float   float64
		Text    string
		Bytes   []byte
		Sec     int64
		Nsec    uint32
		Offset  int32
		Cart    codecCart
		KeySeed int64
	}
	property := func(r row) bool {
		zoned := time.Unix(r.Sec, int64(r.Nsec)).In(time.FixedZone("somewhere", int(r.Offset)))
		values := map[string]any{}
		keys := rand.New(rand.NewPCG(uint64(r.KeySeed), 0))
		for _, v := range []any{
			r.Bool, r.Int, r.Int32, r.Int64, r.Float, r.Text, append([]byte{}, r.Bytes...), zoned,
			nil,
			[]string{r.Text},
		} {
			values[fmt.Sprint(keys.Uint32())] = v
		}
		encoded := mustEncode(t, zoned, values)
		deadline, got, err := sessionstores.Codec{}.Decode(encoded)
		if err != nil {
			t.Error(err)
			return false
		}
		sameSession(t, deadline, got, zoned, values)
		return bytes.Equal(encoded, mustEncode(t, zoned, maps.Clone(values))) &&
			bytes.Equal(encoded, mustEncode(t, deadline, got))
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// A time of the server's own zone comes back in it, with its name and its summer time, as from gob.
func TestCodecKeepsLocalTime(t *testing.T) {
	now := time.Now()
	_, values, err := sessionstores.Codec{}.Decode(mustEncode(t, now, map[string]any{"at": now}))
	if err != nil {
		t.Fatal(err)
	}
	if at := values["at"].(time.Time); !at.Equal(now) || at.Location() != time.Local {
		t.Errorf("%v came back as %v", now, at)
	}
}

// Sessions outlive deployments: every later release decodes these bytes. They change only with the
// version, the first byte.
func TestCodecFormatIsStable(t *testing.T) {
	const golden = "01" + // version
		"01" + "e0cba1b00d" + "9506" + // deadline: UTC, seconds, nanoseconds
		"0a" + // ten values
		"0162" + "02" + // b: true
		"0163" + "0803" + "0001ff" + // c: bytes
		"0166" + "06" + "000000000000f8bf" + // f: float64
		"0169" + "03" + "53" + // i: int
		"016a" + "04" + "ffffffff0f" + // j: int32
		"016b" + "05" + "feffffffffffffffff01" + // k: int64
		"016e" + "00" + // n: nil
		"0173" + "07" + "02" + "6869" + // s: string
		"0174" + "09" + "00" + "0000" + "a038" + // t: time at +01:00
		"0178" + "01" // x: false
	values := map[string]any{
		"b": true, "c": []byte{0, 1, 0xff}, "f": -1.5, "i": -42, "j": int32(math.MinInt32),
		"k": int64(
			math.MaxInt64,
		), "n": nil, "s": "hi", "t": time.Unix(0, 0).In(time.FixedZone("", 3600)), "x": false,
	}
	if got := hex.EncodeToString(mustEncode(t, codecDeadline, values)); got != golden {
		t.Errorf("encoded\n%s, want\n%s", got, golden)
	}
	b, _ := hex.DecodeString(golden)
	deadline, got, err := sessionstores.Codec{}.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	sameSession(t, deadline, got, codecDeadline, values)
}

// An application may write into what it gets, and a store may use its memory again.
func TestCodecDecodedDataIsPrivate(t *testing.T) {
	encoded := mustEncode(t, codecDeadline, map[string]any{
		"a": []byte("first"), "b": []byte("second"), "s": "text",
	})
	pristine := bytes.Clone(encoded)
	_, values, err := sessionstores.Codec{}.Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}

	a := values["a"].([]byte)
	copy(a, "XXXXX")
	_ = append(a, "overrun into what follows"...)
	if !bytes.Equal(encoded, pristine) {
		t.Error("writing into a decoded value changed the encoded data")
	}
	clear(encoded)
	if b := string(values["b"].([]byte)); b != "second" || values["s"] != "text" {
		t.Errorf("other values became %q and %q", b, values["s"])
	}
}

func TestCodecEncodeErrorNamesValue(t *testing.T) {
	type unregistered struct{ X int }
	for want, value := range map[string]any{
		"of type sessionstores_test.unregistered": unregistered{1},
		"of type func()":                    func() {},
		"of type chan int":                  make(chan int),
		"gob panicked: encoding went wrong": codecBomb{},
	} {
		values := map[string]any{"ok": 1, "basket": value}
		_, err := sessionstores.Codec{}.Encode(codecDeadline, values)
		if err == nil {
			t.Errorf("%T: got no error", value)
			continue
		}
		for _, part := range []string{want, `"basket"`, "gob.Register"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%T: got %q, want %q in it", value, err, part)
			}
		}
	}
}
