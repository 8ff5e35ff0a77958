// Package fields encodes small records that are stored outside of the process: in a session, in a
// cookie, in Redis.
//
// A record is a version, which is one byte, and a list of fields. A field is an identifier, which
// is one byte, the length of its value, and its value. A reader skips the fields that it does not
// use, so that a release can add a field while older releases still read the record.
//
// A record of text is text: identifiers, lengths and numbers are ASCII. It survives a codec that
// keeps UTF-8 only, such as JSON.
package fields

import "strconv"

// Append adds a field.
func Append[T string | []byte](b []byte, id byte, value T) []byte {
	b = append(b, id)
	b = appendLength(b, len(value))

	return append(b, value...)
}

// AppendNonEmpty adds a field unless the value is empty.
func AppendNonEmpty[T string | []byte](b []byte, id byte, value T) []byte {
	if len(value) == 0 {
		return b
	}

	return Append(b, id, value)
}

// AppendInt adds a field with a decimal number.
func AppendInt(b []byte, id byte, n int64) []byte {
	var digits [20]byte

	return Append(b, id, strconv.AppendInt(digits[:0], n, 10))
}

// appendLength writes five bits in each byte, the low ones first. A byte that is followed by
// another one is 0x60 or more.
func appendLength(b []byte, n int) []byte {
	for ; n >= 1<<5; n >>= 5 {
		b = append(b, 0x60|byte(n&0x1f))
	}

	return append(b, 0x40|byte(n))
}

// A Reader reads the fields of a record, one after the other. The values are parts of the input.
type Reader[T string | []byte] struct {
	rest      T
	malformed bool
}

// Read returns a Reader for the record in b. ok is false if the record has another version.
func Read[T string | []byte](b T, version byte) (r Reader[T], ok bool) {
	if len(b) == 0 || b[0] != version {
		return r, false
	}

	return Reader[T]{rest: b[1:]}, true
}

// Next returns the next field. ok is false after the last field and for a malformed record.
func (r *Reader[T]) Next() (id byte, value T, ok bool) {
	if len(r.rest) == 0 {
		return 0, value, false
	}

	id = r.rest[0]
	r.rest = r.rest[1:]
	n, ok := r.length()
	if !ok || n > len(r.rest) {
		r.malformed = true
		r.rest = r.rest[:0]
		return 0, value, false
	}

	value = r.rest[:n]
	r.rest = r.rest[n:]
	return id, value, true
}

// Malformed reports whether Next has found something that Append did not write.
func (r *Reader[T]) Malformed() bool {
	return r.malformed
}

// maxLength bounds a value: 2³⁰ bytes are more than any record has.
const maxLength = 1 << 30

func (r *Reader[T]) length() (n int, ok bool) {
	for shift := 0; shift <= 30; shift += 5 {
		if len(r.rest) == 0 {
			return 0, false
		}

		c := r.rest[0]
		r.rest = r.rest[1:]
		if c < 0x40 || c > 0x7f {
			return 0, false
		}

		n |= int(c&0x1f) << shift
		if c < 0x60 {
			return n, n <= maxLength
		}
	}

	return 0, false
}

// Int reads the value of a field that AppendInt has written. Anything else is zero.
func Int[T string | []byte](value T) int64 {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0
	}

	return n
}
