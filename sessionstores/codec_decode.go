package sessionstores

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Decode decodes what [Codec.Encode] has encoded. An error says that b is damaged, or was written
// by another codec.
func (Codec) Decode(b []byte) (deadline time.Time, values map[string]any, err error) {
	if len(b) == 0 || b[0] != codecVersion {
		return time.Time{}, nil, fmt.Errorf(
			"sessionstores: cannot decode session: %d bytes that do not begin with "+
				"format version %d: another codec or a newer release has written them",
			len(b), codecVersion)
	}
	d := decoder{in: string(b), pos: 1}
	deadline = d.time()
	n := d.size(minValue)
	if d.err == nil {
		values = make(map[string]any, n)
	}
	last := ""
	for i := 0; i < n && d.err == nil; i++ {
		key := d.string()
		if i > 0 && key <= last {
			d.fail("keys out of order")
		}
		value := d.value()
		if d.err != nil {
			err := fmt.Errorf("sessionstores: cannot decode session value %q: %w", key, d.err)
			return time.Time{}, nil, err
		}
		values[key], last = value, key
	}
	if d.err == nil && d.pos < len(d.in) {
		d.fail("bytes left over")
	}
	if d.err != nil {
		return time.Time{}, nil, fmt.Errorf("sessionstores: cannot decode session: %w", d.err)
	}
	return deadline, values, nil
}

// minValue is the least number of bytes that a value takes: the length of its key, and its tag.
const minValue = 2

// A decoder reads from a copy of the input, as a string: keys and strings can be parts of it
// without being copied again. After the first error it reads zero values.
type decoder struct {
	in  string
	pos int
	err error
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%s at byte %d of %d", what, d.pos, len(d.in))
		d.pos = len(d.in)
	}
}

func (d *decoder) value() any {
	switch tag := d.byte(); tag {
	case tagNil:
		return nil
	case tagFalse:
		return false
	case tagTrue:
		return true
	case tagInt:
		v := d.varint()
		if v < math.MinInt || v > math.MaxInt {
			d.fail("int of another platform, too large for this one,")
		}
		return int(v)
	case tagInt32:
		v := d.varint()
		if v < math.MinInt32 || v > math.MaxInt32 {
			d.fail("int32 out of range")
		}
		return int32(v)
	case tagInt64:
		return d.varint()
	case tagFloat64:
		return math.Float64frombits(binary.LittleEndian.Uint64([]byte(d.next(8))))
	case tagString:
		return d.string()
	case tagBytes:
		return []byte(d.string())
	case tagTime:
		return d.time()
	case tagGob:
		return d.gob()
	default:
		d.fail(fmt.Sprintf("unknown tag %d", tag))
		return nil
	}
}

func (d *decoder) gob() any {
	encoded := d.string()
	if d.err != nil {
		return nil
	}

	v, err := gobDecode([]byte(encoded))
	if err != nil {
		return undecodable(encoded)
	}

	return v
}

func (d *decoder) time() time.Time {
	zone, seconds, nanoseconds := d.byte(), d.varint(), d.uvarint()
	if zone > 1 || nanoseconds >= uint64(time.Second) {
		d.fail("time out of range")
	}
	t := time.Unix(seconds, int64(nanoseconds)) // in time.Local
	if zone == 1 || d.err != nil {
		return t.UTC()
	}
	offset := int(d.varint())
	if _, local := t.Zone(); local == offset {
		return t
	}
	return t.In(time.FixedZone("", offset))
}

func (d *decoder) string() string {
	return d.next(d.size(1))
}

// size reads the number of items that follow, each of which has at least minSize bytes. It checks
// that there can be so many before anything is allocated for them.
func (d *decoder) size(minSize int) int {
	n := d.uvarint()
	if n > uint64((len(d.in)-d.pos)/minSize) {
		d.fail("length beyond the end")
		return 0
	}
	return int(n)
}

func (d *decoder) byte() byte {
	return d.next(1)[0]
}

// next returns the next n bytes, or n zero bytes when there are fewer than that.
func (d *decoder) next(n int) string {
	const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00"
	if n > len(d.in)-d.pos {
		d.fail("end of data")
		return zeros[:n]
	}
	s := d.in[d.pos : d.pos+n]
	d.pos += n
	return s
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b := d.byte()
		if shift == 63 && b > 1 {
			break
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	d.fail("number too large")
	return 0
}

// findString returns the string value under a key of an encoded session, without decoding the other
// values. ok is false if there is none, or if b is malformed before it.
func findString(b []byte, key string) (value string, ok bool) {
	if len(b) == 0 || b[0] != codecVersion {
		return "", false
	}

	s := scanner{rest: b[1:]}
	s.skipTime()
	for n := s.uvarint(); n > 0 && !s.bad; n-- {
		name := s.sized()
		tag := s.byte()
		if string(name) != key {
			s.skipValue(tag)
			continue
		}

		if tag != tagString {
			return "", false
		}
		v := s.sized()
		return string(v), !s.bad
	}

	return "", false
}

// A scanner walks over encoded values. After the first error it is bad and reads zero values.
type scanner struct {
	rest []byte
	bad  bool
}

func (s *scanner) skipValue(tag byte) {
	switch tag {
	case tagNil, tagFalse, tagTrue:
	case tagInt, tagInt32, tagInt64:
		s.uvarint()
	case tagFloat64:
		s.next(8)
	case tagString, tagBytes, tagGob:
		s.sized()
	case tagTime:
		s.skipTime()
	default:
		s.fail()
	}
}

func (s *scanner) skipTime() {
	utc := s.byte()
	s.uvarint() // seconds
	s.uvarint() // nanoseconds
	if utc == 0 {
		s.uvarint() // offset
	}
}

func (s *scanner) sized() []byte {
	return s.next(s.uvarint())
}

func (s *scanner) byte() byte {
	if b := s.next(1); len(b) == 1 {
		return b[0]
	}

	return 0
}

func (s *scanner) uvarint() uint64 {
	v, n := binary.Uvarint(s.rest)
	if n <= 0 {
		s.fail()
		return 0
	}
	s.rest = s.rest[n:]

	return v
}

func (s *scanner) next(n uint64) []byte {
	if n > uint64(len(s.rest)) {
		s.fail()
		return nil
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]

	return b
}

func (s *scanner) fail() {
	s.bad = true
	s.rest = nil
}
