package chiauth0

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// The comment of Code lists every code with its status, and every code has its texts.
func TestCodeList(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	documented, constants := "", 0
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.GenDecl:
			if spec, ok := node.Specs[0].(*ast.TypeSpec); ok && spec.Name.Name == "Code" {
				documented = node.Doc.Text()
			}
		case *ast.ValueSpec:
			if ident, ok := node.Type.(*ast.Ident); ok && ident.Name == "Code" {
				constants++
			}
		}
		return true
	})
	if constants != len(codeInfos) {
		t.Errorf("got %d constants and %d codes with texts", constants, len(codeInfos))
	}
	for code, info := range codeInfos {
		found := false
		for line := range strings.Lines(documented) {
			fields := strings.Fields(line)
			if len(fields) > 2 && fields[0] == string(code) &&
				fields[1] == fmt.Sprint(info.status) {
				found = true
			}
		}
		if !found {
			t.Errorf("the list lacks %s with %d", code, info.status)
		}
		if info.title == "" || info.message == "" {
			t.Errorf("%s: got the title %q and the message %q", code, info.title, info.message)
		}
	}
}
