package chiauth0_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(content string) string {
		path := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "_"))
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}

	for name, content := range map[string]string{
		"without a line end":          "from a file",
		"with a line end":             "from a file\n",
		"with the line end of MS-DOS": "from a file\r\n",
	} {
		t.Run("a client secret "+name, func(t *testing.T) {
			setenv(t, neededVariables())
			t.Setenv("AUTH0_CLIENT_SECRET", "")
			t.Setenv("AUTH0_CLIENT_SECRET_FILE", file(content))
			c, err := chiauth0.ConfigFromEnv()
			if err != nil {
				t.Fatal(err)
			}
			if c.ClientSecret != "from a file" {
				t.Errorf("ClientSecret is %q, want %q", c.ClientSecret, "from a file")
			}
		})
	}
	for name, content := range map[string]string{
		"in one line":       secret32 + "1," + secret32 + "2\n",
		"in a line each":    secret32 + "1\n" + secret32 + "2\n",
		"in lines of DOS":   secret32 + "1\r\n" + secret32 + "2\r\n",
		"without line ends": secret32 + "1, " + secret32 + "2",
	} {
		t.Run("secrets "+name, func(t *testing.T) {
			setenv(t, neededVariables())
			t.Setenv("AUTH0_SECRET_FILE", file(content))
			c, err := chiauth0.ConfigFromEnv()
			if err != nil {
				t.Fatal(err)
			}
			want := []string{secret32 + "1", secret32 + "2"}
			if !reflect.DeepEqual(c.Secrets, want) {
				t.Errorf("Secrets are %q, want %q", c.Secrets, want)
			}
		})
	}

	for name, test := range map[string]struct {
		variables map[string]string
		want      []string
	}{
		"a missing file": {
			map[string]string{"AUTH0_CLIENT_SECRET_FILE": filepath.Join(dir, "missing")},
			[]string{"AUTH0_CLIENT_SECRET_FILE", "missing"},
		},
		"an empty file": {
			map[string]string{"AUTH0_SECRET_FILE": file("\n")},
			[]string{"AUTH0_SECRET_FILE", "empty"},
		},
		"a directory": {
			map[string]string{"AUTH0_SECRET_FILE": dir}, []string{"AUTH0_SECRET_FILE", dir},
		},
		"a large file": {
			map[string]string{"AUTH0_SECRET_FILE": "/dev/zero"},
			[]string{"AUTH0_SECRET_FILE", "65536"},
		},
		"a file and a value": {
			map[string]string{"AUTH0_CLIENT_SECRET": "x", "AUTH0_CLIENT_SECRET_FILE": dir},
			[]string{"AUTH0_CLIENT_SECRET_FILE", "both set"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			variables := neededVariables()
			delete(variables, "AUTH0_CLIENT_SECRET")
			maps.Copy(variables, test.variables)
			setenv(t, variables)
			wantFault(t, test.want)
		})
	}
	for name, content := range map[string]string{
		"white space":   "hunter2 hunter2 \n",
		"two line ends": "hunter2\n\n",
		"quotes":        "\"hunter2\"\n",
	} {
		t.Run("a file with "+name, func(t *testing.T) {
			for _, variable := range []string{"AUTH0_CLIENT_SECRET", "AUTH0_SECRET"} {
				setenv(t, neededVariables())
				t.Setenv(variable, "")
				t.Setenv(variable+"_FILE", file(content))
				wantFault(t, []string{variable, "remove"})
			}
		})
	}
}
