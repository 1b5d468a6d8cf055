//go:build unix

package downward

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
)

// write makes files and links below a new root.
func write(t *testing.T, files, links map[string]string) (rootfs.FS, string) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range links {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, file); err != nil {
			t.Fatal(err)
		}
	}
	root, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root, dir
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name         string
		files, links map[string]string
		want         []string
		problem      fact.Code
	}{
		{
			name:  "kubelet's layout",
			files: map[string]string{"etc/podnetinfo/..t/annotations": `new="1"`},
			links: map[string]string{"etc/podnetinfo/..data": "..t", "etc/podnetinfo/annotations": "..data/annotations"},
			want:  []string{"new"},
		},
		{
			name:  "a plain file",
			files: map[string]string{"etc/podnetinfo/annotations": `plain="1"`},
			want:  []string{"plain"},
		},
		{
			name:  "the second place",
			files: map[string]string{"etc/podinfo/annotations": `second="1"`, "etc/podnetinfo/labels": `a="1"`},
			want:  []string{"second"},
		},
		{
			name:  "the first of both",
			files: map[string]string{"etc/podinfo/annotations": `second="1"`, "etc/podnetinfo/annotations": `first="1"`},
			want:  []string{"first"},
		},
		{
			name:    "a link out of the root",
			links:   map[string]string{"etc/podnetinfo/annotations": "/proc/self/environ"},
			problem: fact.NoAnnotations,
		},
		{name: "nothing", problem: fact.NoAnnotations},
		{
			name:    "too large",
			files:   map[string]string{"etc/podnetinfo/annotations": string(make([]byte, rootfs.MaxAnnotations+1))},
			problem: fact.Unreadable,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root, _ := write(t, tt.files, tt.links)
			v := Read(root, DefaultDirs, "")
			if diff := cmp.Diff(tt.want, keys(v.Annotations)); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
			if (v.Annotations == nil) != (tt.problem != "") {
				t.Errorf("annotations are %v beside the problem %q", v.Annotations, tt.problem)
			}
			if tt.problem == "" && len(v.Facts) == 0 {
				return
			}
			if p, ok := v.Facts[0].(fact.Problem); !ok || p.Code != tt.problem {
				t.Errorf("facts are %v, want the problem %q", v.Facts, tt.problem)
			}
		})
	}
}

// TestReadSwap updates the volume as kubelet does, between the link's reading and
// the file's: the old directory is gone by then.
func TestReadSwap(t *testing.T) {
	root, dir := write(t,
		map[string]string{"v/..new/annotations": `state="new"`},
		map[string]string{"v/..data": "..old"})
	go func() {
		tmp := filepath.Join(dir, "v/..data_tmp")
		_ = os.Symlink("..new", tmp)
		_ = os.Rename(tmp, filepath.Join(dir, "v/..data"))
	}()
	for range 10000 {
		v := Read(root, []string{"/v"}, "")
		if v.Annotations == nil {
			continue // before the swap
		}
		if v.Annotations["state"] != "new" {
			t.Fatalf("annotations are %v", v.Annotations)
		}
		return
	}
	t.Fatal("the new state was never seen")
}

func TestHugepageRequests(t *testing.T) {
	files := map[string]string{
		"v/annotations":                     "",
		"v/hugepages_2M_request_app":        "512",
		"v/hugepages_1G_request_app-side_x": "2048",
		"v/hugepages_1G_limit_app":          "4096",
		"v/hugepages_32M_request_app":       "much",
		"v/hugepages_request":               "7",
	}
	requests := func(container string) map[string]uint64 {
		root, _ := write(t, files, nil)
		got := map[string]uint64{}
		for _, f := range Read(root, []string{"/v"}, container).Facts {
			switch f := f.(type) {
			case fact.HugepageRequest:
				got[f.Size.String()] = f.Bytes
			case fact.Problem:
				got[f.Where+" "+string(f.Code)] = 0
			}
		}
		return got
	}
	const mib = 1 << 20
	if diff := cmp.Diff(map[string]uint64{"2Mi": 512 * mib, "/v/hugepages_32M_request_app malformed": 0}, requests("app")); diff != "" {
		t.Errorf("requests of app (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]uint64{"1Gi": 2048 * mib}, requests("app-side_x")); diff != "" {
		t.Errorf("requests of app-side_x (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]uint64{}, requests("")); diff != "" {
		t.Errorf("requests of a container that does not know its name, of two (-want +got):\n%s", diff)
	}
	delete(files, "v/hugepages_1G_request_app-side_x")
	if diff := cmp.Diff(map[string]uint64{"2Mi": 512 * mib, "/v/hugepages_32M_request_app malformed": 0}, requests("")); diff != "" {
		t.Errorf("requests of the only container (-want +got):\n%s", diff)
	}
}
