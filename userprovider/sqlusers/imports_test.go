package sqlusers_test

import (
	"os/exec"
	"strings"
	"testing"
)

// An application links the driver that it imports itself. An application without SQL links none.
func TestNoDriverIsImported(t *testing.T) {
	format := "{{if not .Standard}}{{.ImportPath}}{{end}}"
	output, err := exec.Command("go", "list", "-deps", "-f", format, "../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(output))
	if len(packages) < 3 {
		t.Fatalf("go list names the packages %q, want at least 3", packages)
	}
	for _, path := range packages {
		if !strings.HasPrefix(path, "github.com/chiauth0/auth/") {
			t.Errorf("a package in userprovider imports %s", path)
		}
	}
	output, err = exec.Command("go", "list", "-deps", "../../chiauth0",
		"../../sessionstores/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(output)) {
		if path == "database/sql" || strings.Contains(path, "sqlite") ||
			strings.Contains(path, "pgx") {
			t.Errorf("an application without SQL links %s", path)
		}
	}
}
