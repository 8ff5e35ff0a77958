package userprovider

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// rfc6901 is the document of RFC 6901, section 5, without the empty pointer, which is not a name.
const rfc6901 = `{
	"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6,
	" ": 7, "m~n": 8
}`

func decodeObject(t testing.TB, document string) map[string]any {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal([]byte(document), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestPointersOfRFC6901(t *testing.T) {
	claims := decodeObject(t, rfc6901)
	space := "/ "
	if got := lookUp(claims, space); got != 7.0 {
		t.Errorf("%s is %v, want 7", space, got)
	}
	for pointer, want := range map[string]any{
		"/foo":   []any{"bar", "baz"},
		"/foo/0": "bar",
		"/":      0.0,
		"/a~1b":  1.0,
		"/c%d":   2.0,
		"/e^f":   3.0,
		"/g|h":   4.0,
		`/i\j`:   5.0,
		`/k"l`:   6.0,
		"/m~0n":  8.0,
	} {
		if got := lookUp(claims, pointer); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", pointer, got, want)
		}
	}
}

func TestNamesAndPointers(t *testing.T) {
	claims := decodeObject(t, `{
		"realm_access": {"roles": ["staff"]},
		"realm_access.roles": "dotted",
		"https://app.example/meta": {"plan": "gold", "list": [{"a": [1, 2]}]},
		"/slash": "not reachable by its plain name",
		"~1": "tilde", "null": null
	}`)
	claims["strings"] = []string{"a", "b"}
	for name, want := range map[string]any{
		"realm_access.roles":                      "dotted",
		"/realm_access/roles/0":                   "staff",
		"/https:~1~1app.example~1meta/plan":       "gold",
		"/https:~1~1app.example~1meta/list/0/a/1": 2.0,
		"/~1slash":                "not reachable by its plain name",
		"/~01":                    "tilde",
		"~1":                      "tilde",
		"/strings/1":              "b",
		"/strings/2":              nil,
		"/slash":                  nil,
		"/null":                   nil,
		"/null/x":                 nil,
		"/realm_access/roles/1":   nil,
		"/realm_access/roles/-":   nil,
		"/realm_access/roles/-1":  nil,
		"/realm_access/roles/00":  nil,
		"/realm_access/roles/+0":  nil,
		"/realm_access/roles/0x0": nil,
		"/realm_access/roles/99999999999999999999": nil,
		"/realm_access/roles/0/x":                  nil,
		"/realm_access/":                           nil,
		"/realm_access/~2":                         nil,
		"/realm_access/roles~":                     nil,
		"":                                         nil,
	} {
		if got := lookUp(claims, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %v, want %v", name, got, want)
		}
	}
}

func TestTopLevelName(t *testing.T) {
	for name, want := range map[string]string{
		"groups":                            "groups",
		"/groups":                           "groups",
		"/groups/0":                         "groups",
		"/https:~1~1app.example~1roles/a":   "https://app.example/roles",
		"/m~0n/x":                           "m~n",
		"https://app.example/realm/a":       "https://app.example/realm/a",
		"/~":                                "/~",
		"/user_metadata/https:~1~1a.b~1c/x": "user_metadata",
	} {
		if got := topLevelName(name); got != want {
			t.Errorf("topLevelName(%q) is %q, want %q", name, got, want)
		}
	}
}

// FuzzLookUp looks up each member of an object by the pointer that leads to it, and any pointer.
func FuzzLookUp(f *testing.F) {
	for _, seed := range []struct{ document, pointer string }{
		{rfc6901, "/foo/0"},
		{`{"a":{"b":[{"c/d":1},null,"~"]}}`, "/a/b/0/c~1d"},
		{`{"~":{"/":{"~1":{"~0":true}}}}`, "/~0/~1/~01/~00"},
		{`{"a":[[[]]]}`, "/a/0/0/-"},
		{`{"":{"":""}}`, "//"},
		{`{}`, "/~/~2/~"},
	} {
		f.Add(seed.document, seed.pointer)
	}
	f.Fuzz(func(t *testing.T, document, pointer string) {
		var claims map[string]any
		if json.Unmarshal([]byte(document), &claims) != nil {
			return
		}
		if lookUp(claims, pointer) != nil && isPointer(pointer) && !isPointerValid(pointer) {
			t.Errorf("the malformed pointer %q leads to a value", pointer)
		}
		checkMembers(t, claims, claims, "")
	})
}

// checkMembers checks the pointers to all members of an object.
func checkMembers(t *testing.T, claims, object map[string]any, prefix string) {
	t.Helper()
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for name, want := range object {
		pointer := prefix + "/" + escape.Replace(name)
		if got := lookUp(claims, pointer); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %v, want %v", pointer, got, want)
		}
		if !isPointerValid(pointer) {
			t.Errorf("the pointer %q is malformed", pointer)
		}
		if inner, ok := want.(map[string]any); ok {
			checkMembers(t, claims, inner, pointer)
		}
	}
}
