package chiauth0

import (
	"encoding/json"
	"testing"
)

func TestRepairExpiry(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"expires_in":3600}`:            `{"expires_in":3600}`,
		`{"expires_in":3600.9}`:          `{"expires_in":3600}`,
		`{"expires_in":"60"}`:            `{"expires_in":60}`,
		`{"expires_in":1e3}`:             `{"expires_in":1000}`,
		`{"expires_in":""}`:              `{}`,
		`{"expires_in":true}`:            `{}`,
		`{"expires_in":-1}`:              `{}`,
		`{"expires_in":null}`:            `{}`,
		`{"expires_in":1e99}`:            `{}`,
		`{"id_token":"a","x":[1,{}]}`:    `{"id_token":"a","x":[1,{}]}`,
		`{"expires_in":{},"id_token":1}`: `{"id_token":1}`,
		`not JSON`:                       `not JSON`,
		`[1]`:                            `[1]`,
	} {
		if got := string(repairExpiry([]byte(in))); got != want {
			t.Errorf("repairExpiry(%s): got %s, want %s", in, got, want)
		}
	}
}

func FuzzRepairExpiry(f *testing.F) {
	f.Add([]byte(`{"expires_in":"3600","id_token":"x"}`))
	f.Add([]byte(`{"expires_in":1e308}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, body []byte) {
		repaired := repairExpiry(body)
		if json.Valid(body) != json.Valid(repaired) {
			t.Fatalf("repairExpiry(%q): got %q", body, repaired)
		}
		var object map[string]any
		if json.Unmarshal(body, &object) != nil {
			return
		}
		delete(object, "expires_in")
		var rest map[string]any
		if err := json.Unmarshal(repaired, &rest); err != nil {
			t.Fatal(err)
		}
		delete(rest, "expires_in")
		if len(rest) != len(object) {
			t.Fatalf("repairExpiry(%q): got %q, which lacks a value", body, repaired)
		}
	})
}
