package chiauth0

// What a session and its record hold of a login is packed: strings behind their lengths, numbers in groups of five bits, the
// low ones first. The bytes of a number are ASCII, so that what is packed from text is text, and passes through
// any codec.

func packUint(b []byte, n uint64) []byte {
	for ; n >= 1<<5; n >>= 5 {
		b = append(b, 0x60|byte(n&0x1f))
	}
	return append(b, 0x40|byte(n))
}

// packInt gives small numbers of either sign few bytes.
func packInt(b []byte, n int64) []byte { return packUint(b, uint64(n)<<1^uint64(n>>63)) }

func packString(b []byte, s string) []byte { return append(packUint(b, uint64(len(s))), s...) }

// reader takes packed values off the front of a string. After the first one that is not there it is bad, and gives zeros.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) byte() byte {
	if r.rest == "" {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uint() uint64 {
	var n uint64
	for shift := 0; shift < 64 && !r.bad; shift += 5 {
		b := r.byte()
		if b < 0x40 || b > 0x7f {
			break
		}
		n |= uint64(b&0x1f) << shift
		if b < 0x60 {
			return n
		}
	}
	r.bad = true
	return 0
}

func (r *reader) int() int64 {
	u := r.uint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) string() string {
	n := r.uint()
	if r.bad || n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}
