package render_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
	"github.com/podnet/podnet/lib/render"
)

var update = flag.Bool("update", false, "write what the profiles give into testdata/profiles; read every change")

// scenario resolves a pod of the library's scenarios, or of this package's.
func scenario(t testing.TB, name string) (*podnet.Pod, render.ConfigOptions) {
	t.Helper()
	file := filepath.Join("../podnet/testdata", name+".txtar")
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join("testdata/pods", name+".txtar")
	}
	s := podnettest.Load(t, file)
	pod, err := podnet.Discover(t.Context(), s.Options())
	if err != nil {
		t.Fatal(err)
	}
	if pod.CPUs == nil { // many of the library's scenarios are about networks alone
		pod.CPUs = &podnet.CPUs{NUMANodes: []int{0}}
		if err := pod.CPUs.Allowed.UnmarshalText([]byte("2-9")); err != nil {
			t.Fatal(err)
		}
	}
	if limit := uint64(1 << 30); len(pod.Hugepages) == 0 {
		pod.Hugepages = []podnet.Hugepages{{Size: "2Mi", LimitBytes: &limit}}
	}
	return pod, render.ConfigOptions{
		Dir:  "/etc/cnf",
		GIDs: func(device string) ([]podnet.GID, error) { return podnet.GIDs(s.Root, device) },
	}
}

// TestProfiles compares the files of each profile for each of these pods with the
// golden ones: FILE, or PROFILE.error with the error's text.
func TestProfiles(t *testing.T) {
	goldens, err := filepath.Glob("testdata/profiles/*.txtar")
	if err != nil || len(goldens) < 12 {
		t.Fatalf("%d goldens, %v: want one for each of twelve pods at least", len(goldens), err)
	}
	shown := map[string]int{} // by profile, and by profile and kind of error
	for _, golden := range goldens {
		name := strings.TrimSuffix(filepath.Base(golden), ".txtar")
		t.Run(name, func(t *testing.T) {
			pod, options := scenario(t, name)
			want, err := txtar.ParseFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			got := &txtar.Archive{Comment: want.Comment}
			for _, p := range render.Profiles() {
				rendered, err := render.Files(pod, p, options)
				shown[string(p)]++
				if err != nil {
					shown[string(p)]--
					for _, code := range []podnet.Code{podnet.CodeAmbiguous, podnet.CodeMissing, podnet.CodeNoPorts, podnet.CodeNotPresent} {
						if errors.Is(err, code) {
							shown[string(p)+" "+string(code)]++
						}
					}
					got.Files = append(got.Files, txtar.File{Name: string(p) + ".error", Data: []byte(err.Error() + "\n")})
					continue
				}
				for _, f := range rendered {
					got.Files = append(got.Files, txtar.File{Name: f.Name, Data: f.Text})
				}
			}
			text := txtar.Format(got)
			if *update {
				if err := os.WriteFile(golden, text, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(want)), string(text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for _, p := range render.Profiles() {
		name := string(p)
		missing := shown[name+" missing"] + shown[name+" no-ports"] + shown[name+" not-present"]
		if ambiguous := shown[name+" ambiguous"]; shown[name] < 10 || ambiguous == 0 || missing == 0 {
			t.Errorf("%s is shown by %d pods, %d that are ambiguous and %d that lack something", name, shown[name], ambiguous, missing)
		}
		t.Logf("%s: %d texts", name, shown[name])
	}
}

// golden gives a file of a profile as it is in the goldens, by pod.
func golden(t *testing.T, name string) map[string]string {
	t.Helper()
	goldens, err := filepath.Glob("testdata/profiles/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	byPod := map[string]string{}
	for _, file := range goldens {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name == name {
				byPod[strings.TrimSuffix(filepath.Base(file), ".txtar")] = string(bytes.TrimSpace(f.Data))
			}
		}
	}
	if len(byPod) == 0 {
		t.Fatalf("no golden has %s", name)
	}
	return byPod
}
