package sessionstores_test

import (
	"fmt"
	"time"

	"github.com/chiauth0/auth/sessionstores"
)

// The manager does this on every request: the types that went in come out.
func ExampleCodec() {
	var codec sessionstores.Codec
	deadline := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

	encoded, err := codec.Encode(deadline, map[string]any{"visits": 3, "theme": "dark"})
	if err != nil {
		fmt.Println(err)
		return
	}
	until, values, err := codec.Decode(encoded)
	fmt.Printf("%d bytes, until %s\n", len(encoded), until.Format(time.DateOnly))
	visits, theme := values["visits"], values["theme"]
	fmt.Printf("%T %v, %T %v, %v\n", visits, visits, theme, theme, err)
	// Output:
	// 30 bytes, until 2030-01-01
	// int 3, string dark, <nil>
}
