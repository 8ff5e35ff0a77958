package sessionstores

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
)

var somePayload = payload{
	deadline:   time.UnixMilli(1_800_000_000_123).UTC(),
	persistent: true,
	attachment: []byte("ATTACHMENTID"),
	names:      []byte("name:one name:two"),
	origin:     []byte{1, 'u', 0x43, 'w', 'e', 'b'},
	values:     []byte{1, 2, 3},
}

func TestPayloadIsDecodedAsItWasEncoded(t *testing.T) {
	for name, want := range map[string]payload{
		"all fields": somePayload,
		"no names":   {deadline: somePayload.deadline, values: []byte("values")},
		"no values":  {deadline: somePayload.deadline, values: []byte{}},
		"long values": {
			deadline: somePayload.deadline, values: bytes.Repeat([]byte{0xff}, 100_000),
		},
	} {
		got, ok := decodePayload(want.encode())
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %t, want %+v", name, got, ok, want)
		}
	}
}

// Sessions outlive deployments: every later release decodes these bytes.
func TestPayloadFormatIsStable(t *testing.T) {
	const want = "c1" + // version
		"644d31383030303030303030313233" + // d: deadline
		"7040" + // p: persistent
		"614c4154544143484d454e544944" + // a: attachment
		"6e516e616d653a6f6e65206e616d653a74776f" + // n: names
		"6f46017543776562" + // o: origin
		"7643010203" // v: values
	if got := hex.EncodeToString(somePayload.encode()); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

func TestOtherBytesAreNoPayload(t *testing.T) {
	whole := somePayload.encode()
	gob, err := scs.GobCodec{}.Encode(somePayload.deadline, map[string]any{"a": "b"})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing":            nil,
		"the version only":   whole[:1],
		"no values":          whole[:len(whole)-5],
		"a truncated record": whole[:len(whole)-1],
		"a session of scs":   gob,
		"JSON":               []byte(`{"Deadline":"2026-11-25T00:00:00Z","Values":{}}`),
	} {
		if p, ok := decodePayload(b); ok {
			t.Errorf("%s: got %+v, want no payload", name, p)
		}
	}
}

func TestFieldsOfALaterReleaseAreSkipped(t *testing.T) {
	later := append(somePayload.encode(), 'x', 0x43, 'n', 'e', 'w')
	got, ok := decodePayload(later)
	if !ok || !reflect.DeepEqual(got, somePayload) {
		t.Errorf("got %+v, %t, want %+v", got, ok, somePayload)
	}
}

// What decodes as a payload is decoded again as it was encoded.
func FuzzPayload(f *testing.F) {
	f.Add(somePayload.encode())
	f.Add([]byte{payloadVersion, 'v', 0x40})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := decodePayload(b)
		if !ok {
			return
		}
		again, ok := decodePayload(p.encode())
		if !ok || !reflect.DeepEqual(again, p) {
			t.Errorf("got %+v, %t, want %+v", again, ok, p)
		}
	})
}

// What a store returns for the origin of a session is read without a panic, and is valid or empty.
func FuzzOrigin(f *testing.F) {
	f.Add([]byte{originVersion, 'c', 0x41, '1', 'u', 0x43, 'w', 'e', 'b'})
	f.Add([]byte{originVersion, 'u', 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		created, userAgent := decodeOrigin(b)
		if len(userAgent) > len(b) {
			t.Errorf("got a user agent of %d bytes from %d", len(userAgent), len(b))
		}
		if len(b) == 0 && !created.IsZero() {
			t.Errorf("got creation %v from nothing, want zero", created)
		}
	})
}
