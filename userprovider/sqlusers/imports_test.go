package sqlusers_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNoDriverIsImported: an application links the driver that it chose, and an application without
// SQL none. What only tests import reaches nobody.
func TestNoDriverIsImported(t *testing.T) {
	output, err := exec.Command("go", "list", "-deps", "-f", "{{if not "+
		".Standard}}{{.ImportPath}}{{end}}", "../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(output))
	if len(packages) < 3 {
		t.Fatalf("go list names %q, so this test sees nothing", packages)
	}
	for _, path := range packages {
		if !strings.HasPrefix(path, "github.com/chiauth0/auth/") {
			t.Errorf("userprovider and what is below it import %s", path)
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
