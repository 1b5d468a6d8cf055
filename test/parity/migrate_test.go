package parity

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// migration is the change to a program: its import paths.
var migration = strings.NewReplacer(
	`"github.com/openshift/app-netutil/lib/v1alpha"`, `"github.com/podnet/podnet/lib/appnetutil"`,
	`"github.com/openshift/app-netutil/pkg/types"`, `"github.com/podnet/podnet/lib/appnetutil/types"`,
)

// TestMigration builds the sample against either library. Both programs have to print the
// same for a pod that app-netutil understands.
func TestMigration(t *testing.T) {
	source, err := os.ReadFile("sample/main.go")
	if err != nil {
		t.Fatal(err)
	}
	migrated := migration.Replace(string(source))
	if strings.Count(migrated, "openshift/app-netutil") != 1 { // the program's own logging
		t.Fatalf("imports are left:\n%s", migrated)
	}
	s := podnettest.Load(t, "testdata/sample.txtar")
	want, ok := s.Section("output")
	if !ok {
		t.Fatal("no section output")
	}
	for library, program := range map[string]string{"app-netutil": string(source), "podnet": migrated} {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "sample")
			if err := os.WriteFile(file, []byte(program), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("go", "build", "-o", binary, file).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			cmd := exec.Command(binary, filepath.Join(s.Root, "etc/podnetinfo"))
			cmd.Env = s.Environ
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(out)); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}
