package sessionstores_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// benchSession is a signed-in session: the identity, and two small values of the application.
func benchSession() map[string]any {
	return map[string]any{
		"identity": bytes.Repeat([]byte("i"), 310),
		"theme":    "dark",
		"visits":   1234,
	}
}

// jsonCodec encodes with json.Marshal. It loses the types, and is here for comparison.
type jsonCodec struct{}

type jsonSession struct {
	Deadline time.Time
	Values   map[string]any
}

func (jsonCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	return json.Marshal(jsonSession{deadline, values})
}

func (jsonCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var s jsonSession
	err := json.Unmarshal(b, &s)
	return s.Deadline, s.Values, err
}

var benchCodecs = []struct {
	name  string
	codec scs.Codec
}{{"ours", sessionstores.Codec{}}, {"gob", scs.GobCodec{}}, {"json", jsonCodec{}}}

func BenchmarkCodecDecode(b *testing.B) {
	for _, c := range benchCodecs {
		b.Run(c.name, func(b *testing.B) {
			encoded, err := c.codec.Encode(codecDeadline, benchSession())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.codec.Decode(encoded); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(encoded)), "bytes/session")
		})
	}
}

func BenchmarkCodecEncode(b *testing.B) {
	for _, c := range benchCodecs {
		b.Run(c.name, func(b *testing.B) {
			values := benchSession()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.codec.Encode(codecDeadline, values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
