package sessionstores

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/alexedwards/scs/v2"
)

// A Codec encodes the values of a session; [New] gives one to the manager that it makes. It is an
// [scs.Codec]. Its zero value is ready for use, also concurrently.
//
// The types that scs has getters for (string, bool, int, int32, int64, float64, []byte, time.Time)
// and nil are encoded directly. A value of another type is encoded with encoding/gob, by itself.
// Its type must be registered with [gob.Register] at start, as scs's own codec requires, too. Equal
// sessions encode to equal bytes, except for gob values that hold maps.
//
// A time keeps its instant and its offset from UTC, as in gob. A nil []byte becomes an empty one.
// Decoded data shares no memory with the input, and each []byte in it is a copy. The strings in it
// are parts of one string: clone one that is kept for much longer than the session.
//
// A gob value that cannot be decoded, because its type was renamed or is not registered, does not
// affect the others. It keeps its bytes: Encode writes them again. The getters of the manager
// return their zero value for it.
//
// Decode returns an error for anything that Encode did not write. It does not panic. It allocates
// in proportion to its input, except in gob, which allocates what an encoded map announces. Only
// registered types are decoded.
type Codec struct{}

var _ scs.Codec = Codec{}

// The encoding is the version, the deadline, the number of values, and the values ordered by key:
// key, tag, content. Integers are varints. Strings and bytes follow their length. A new format gets
// a new version, and this one stays readable.
const codecVersion = 1

const (
	tagNil = iota
	tagFalse
	tagTrue
	tagInt
	tagInt32
	tagInt64
	tagFloat64
	tagString
	tagBytes
	tagTime
	tagGob
)

// undecodable is a gob value that this process cannot decode, as it was encoded.
type undecodable string

// Encode encodes a session. It fails only for a value that gob cannot encode. The error names its
// key and its type.
func (Codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	var few [16]string // keeps the keys of a usual session on the stack
	keys, size := few[:0], 32
	for key, value := range values {
		keys = append(keys, key)
		size += len(key) + 24
		switch v := value.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	slices.Sort(keys)

	b := append(make([]byte, 0, size), codecVersion)
	b = appendTime(b, deadline)
	b = binary.AppendUvarint(b, uint64(len(keys)))
	for _, key := range keys {
		b = appendSized(b, key)

		var err error
		if b, err = appendValue(b, values[key]); err != nil {
			return nil, fmt.Errorf(
				"sessionstores: cannot encode the session value %q of type %T: %w "+
					"(call gob.Register for its type at start, or store it as a string or []byte)",
				key, values[key], err)
		}
	}

	return b, nil
}

func appendValue(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(b, tagNil), nil
	case bool:
		if v {
			return append(b, tagTrue), nil
		}
		return append(b, tagFalse), nil
	case int:
		return binary.AppendVarint(append(b, tagInt), int64(v)), nil
	case int32:
		return binary.AppendVarint(append(b, tagInt32), int64(v)), nil
	case int64:
		return binary.AppendVarint(append(b, tagInt64), v), nil
	case float64:
		return binary.LittleEndian.AppendUint64(append(b, tagFloat64), math.Float64bits(v)), nil
	case string:
		return appendSized(append(b, tagString), v), nil
	case []byte:
		return appendSized(append(b, tagBytes), v), nil
	case time.Time:
		return appendTime(append(b, tagTime), v), nil
	case undecodable:
		return appendSized(append(b, tagGob), string(v)), nil
	default:
		encoded, err := gobEncode(v)
		return appendSized(append(b, tagGob), encoded), err
	}
}

func appendSized[T string | []byte](b []byte, v T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// appendTime writes whether the time is in UTC, its seconds and nanoseconds, and, unless in UTC,
// its offset in seconds.
func appendTime(b []byte, t time.Time) []byte {
	utc := t.Location() == time.UTC
	if utc {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	b = binary.AppendVarint(b, t.Unix())
	b = binary.AppendUvarint(b, uint64(t.Nanosecond()))
	if !utc {
		_, offset := t.Zone()
		b = binary.AppendVarint(b, int64(offset))
	}
	return b
}

// gobEncode encodes v as an interface value, which carries the name of its type.
func gobEncode(v any) (b []byte, err error) {
	defer recoverGob(&err)
	var buf bytes.Buffer
	err = gob.NewEncoder(&buf).Encode(&v)
	return buf.Bytes(), err
}

func gobDecode(b []byte) (v any, err error) {
	defer recoverGob(&err)
	r := bytes.NewReader(b)
	if err := gob.NewDecoder(r).Decode(&v); err != nil {
		return nil, err
	}
	if r.Len() > 0 {
		return nil, errors.New("there are bytes after its end")
	}
	return v, nil
}

// recoverGob turns a panic of gob, or of a type's GobEncode or GobDecode, into an error. Data of an
// earlier deployment must not stop a later one.
func recoverGob(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("gob panicked: %v", p)
	}
}
