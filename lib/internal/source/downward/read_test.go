//go:build unix

package downward

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
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
	const entry = `[{"name":"a","dns":{}}]`
	many := map[string]string{"etc/podinfo/annotations": `a="1"`}
	for n := range maxFiles + 1 {
		many["etc/podinfo/f"+strconv.Itoa(n)] = ""
	}
	for _, tt := range []struct {
		name         string
		files, links map[string]string
		want         map[string]string
		dir          string
		problems     []string
	}{
		{
			name:  "kubelet's layout",
			files: map[string]string{"etc/podnetinfo/..t/annotations": `new="1"`},
			links: map[string]string{"etc/podnetinfo/..data": "..t", "etc/podnetinfo/annotations": "..data/annotations"},
			want:  map[string]string{"new": "1"},
			dir:   "/etc/podnetinfo",
		},
		{
			name:  "an absolute link",
			files: map[string]string{"v/annotations": `new="1"`},
			links: map[string]string{"etc/podnetinfo/..data": "/v"},
			want:  map[string]string{"new": "1"},
			dir:   "/etc/podnetinfo",
		},
		{
			name:  "a plain file",
			files: map[string]string{"etc/podnetinfo/annotations": `plain="1"`},
			want:  map[string]string{"plain": "1"},
			dir:   "/etc/podnetinfo",
		},
		{
			name:  "the second place",
			files: map[string]string{"etc/podinfo/annotations": `second="1"`, "etc/podnetinfo/labels": `a="1"`},
			want:  map[string]string{"second": "1"},
			dir:   "/etc/podinfo",
		},
		{
			name:  "the first of both",
			files: map[string]string{"etc/podinfo/annotations": `second="1"`, "etc/podnetinfo/annotations": `first="1"`},
			want:  map[string]string{"first": "1"},
			dir:   "/etc/podnetinfo",
		},
		{
			name:     "labels alone",
			files:    map[string]string{"etc/podinfo/labels": `a="1"`, "etc/podnetinfo/uid": "1"},
			dir:      "/etc/podinfo",
			problems: []string{"/etc/podnetinfo/annotations no-annotations"},
		},
		{
			name: "single annotations by their names",
			files: map[string]string{
				"etc/podinfo/network-status": entry, "etc/podinfo/mapped-dir": "/shared",
				"etc/podinfo/k8s.v1.cni.cncf.io_networks": "a,b", "etc/podinfo/network-info": "\n",
				"etc/podinfo/k8s.ovn.org-pod-networks": "{}", "etc/podinfo/name": "pod",
			},
			want: map[string]string{
				networkStatus: entry, "userspace/mapped-dir": "/shared",
				"k8s.v1.cni.cncf.io/networks": "a,b", "k8s.ovn.org/pod-networks": "{}",
			},
			dir: "/etc/podinfo",
		},
		{
			name:     "single annotations by their form",
			files:    map[string]string{"etc/podnetinfo/net": entry, "etc/podnetinfo/status": `[{"name":"b","dns":{}}]`, "etc/podnetinfo/x": "{}"},
			want:     map[string]string{networkStatus: entry},
			dir:      "/etc/podnetinfo",
			problems: []string{"/etc/podnetinfo/status conflict"},
		},
		{
			name: "all annotations count more",
			files: map[string]string{
				"etc/podinfo/annotations": `k8s.v1.cni.cncf.io/networks="a"` + "\n" + `userspace/mapped-dir="/a"`,
				"etc/podinfo/networks":    "b", "etc/podinfo/mapped-dir": "/a\n",
			},
			want:     map[string]string{"k8s.v1.cni.cncf.io/networks": "a", "userspace/mapped-dir": "/a"},
			dir:      "/etc/podinfo",
			problems: []string{"/etc/podinfo/networks conflict"},
		},
		{
			name:  "one annotation in a file with the name for all",
			files: map[string]string{"etc/podinfo/annotations": " " + entry},
			want:  map[string]string{networkStatus: " " + entry},
			dir:   "/etc/podinfo",
		},
		{
			name:     "one of no known form",
			files:    map[string]string{"etc/podinfo/annotations": "{}"},
			dir:      "/etc/podinfo",
			problems: []string{"/etc/podinfo/annotations malformed"},
		},
		{
			name:     "no annotation yet",
			files:    map[string]string{"etc/podinfo/network-status": ""},
			want:     map[string]string{},
			dir:      "/etc/podinfo",
			problems: nil,
		},
		{
			name:     "a link out of the root",
			links:    map[string]string{"etc/podnetinfo/annotations": "/proc/self/environ"},
			problems: []string{"/etc/podnetinfo/annotations no-annotations"},
		},
		{name: "nothing", problems: []string{"/etc/podnetinfo/annotations no-annotations"}},
		{
			name:     "too large",
			files:    map[string]string{"etc/podnetinfo/annotations": string(make([]byte, rootfs.MaxAnnotations+1))},
			dir:      "/etc/podnetinfo",
			problems: []string{"/etc/podnetinfo/annotations unreadable"},
		},
		{
			name: "other files that are too large",
			files: map[string]string{
				"etc/podnetinfo/..t/annotations": "", "etc/podnetinfo/..t/a": string(make([]byte, maxOther)),
				"etc/podnetinfo/..t/b": "1", "etc/podnetinfo/..t/c/d": "",
			},
			links:    map[string]string{"etc/podnetinfo/..data": "..t"},
			want:     map[string]string{},
			dir:      "/etc/podnetinfo",
			problems: []string{"/etc/podnetinfo/b unreadable"},
		},
		{
			name: "too many files", files: many, want: map[string]string{"a": "1"}, dir: "/etc/podinfo",
			problems: []string{"/etc/podinfo unreadable"},
		},
		{
			name:     "a file for a directory",
			files:    map[string]string{"etc/podnetinfo": ""},
			dir:      "/etc/podnetinfo",
			problems: []string{"/etc/podnetinfo/annotations unreadable", "/etc/podnetinfo/labels unreadable"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root, _ := write(t, tt.files, tt.links)
			v := Read(root, nil)
			if diff := cmp.Diff(tt.want, values(v.Annotations)); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.problems, problems(v.Facts)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if v.Dir != tt.dir {
				t.Errorf("directory %q, want %q", v.Dir, tt.dir)
			}
			checkOrigins(t, v.Facts)
		})
	}
}

func TestReadOrigins(t *testing.T) {
	root, _ := write(t, map[string]string{"v/annotations": `a="1"`, "v/networks": "x"}, nil)
	want := map[string]fact.Text{
		"a":                           {Origin: fact.Origin{Source: fact.Annotation, Where: "a"}, Value: "1"},
		"k8s.v1.cni.cncf.io/networks": {Origin: fact.Origin{Source: fact.DownwardAPI, Where: "/v/networks"}, Value: "x"},
	}
	if diff := cmp.Diff(want, Read(root, []string{"/v"}).Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

func TestTarget(t *testing.T) {
	root, _ := write(t, map[string]string{"plain/annotations": ""}, map[string]string{"v/..data": "..t"})
	for dir, want := range map[string]string{"/v": "..t", "/plain": "", "/none": ""} {
		if got := Target(root, dir); got != want {
			t.Errorf("Target(%s) = %q, want %q", dir, got, want)
		}
	}
}

// TestReadSwaps updates the volume all the time as kubelet does, and holds that
// no two files that are read are of different states.
func TestReadSwaps(t *testing.T) {
	root, dir := write(t, map[string]string{"v/..0/annotations": `state="0"`, "v/..0/labels": `state="0"`},
		map[string]string{"v/..data": "..0"})
	var stop atomic.Bool
	done := make(chan error)
	go func() {
		var err error
		for n := 1; err == nil && !stop.Load(); n++ {
			err = update(filepath.Join(dir, "v"), n)
			time.Sleep(100 * time.Microsecond)
		}
		done <- err
	}()
	seen := map[string]bool{}
	for range 300 {
		v := Read(root, []string{"/v"})
		state := v.Annotations["state"].Value
		seen[state] = true
		var label string
		for _, f := range v.Facts {
			if l, ok := f.(fact.Label); ok {
				label = l.Value
			}
		}
		if label != state {
			t.Fatalf("annotations are of state %q, labels of %q", state, label)
		}
	}
	stop.Store(true)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(seen) < 2 {
		t.Errorf("no update was seen")
	}
}

// update makes state n of the volume, and removes the one before.
func update(volume string, n int) error {
	next := filepath.Join(volume, fmt.Sprint("..", n))
	if err := os.Mkdir(next, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"annotations", "labels"} {
		if err := os.WriteFile(filepath.Join(next, name), fmt.Appendf(nil, "state=\"%d\"", n), 0o600); err != nil {
			return err
		}
	}
	tmp := filepath.Join(volume, "..data_tmp")
	if err := os.Symlink(filepath.Base(next), tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(volume, "..data")); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(volume, fmt.Sprint("..", n-1)))
}

func TestHugepages(t *testing.T) {
	root, _ := write(t, map[string]string{
		"v/annotations":                   "",
		"v/hugepages_2M_request_app":      "512",
		"v/hugepages_1G_limit_app-side":   "4096\n",
		"v/hugepages_32M_request_app":     "much",
		"v/hugepages_64K_request_app":     "",
		"v/hugepages_request":             "1073741824",
		"v/hugepages_request_1G":          "2",
		"v/hugepages_1G":                  "2",
		"v/hugepages_512M_limit_app/file": "2",
	}, nil)
	at := func(name string) fact.Origin { return fact.Origin{Source: fact.DownwardAPI, Where: "/v/" + name} }
	want := []fact.Fact{
		fact.HugepageAmount{Origin: at("hugepages_1G_limit_app-side"), Container: "app-side", Limit: true, Size: 1 << 30, Value: 4096},
		fact.HugepageAmount{Origin: at("hugepages_2M_request_app"), Container: "app", Size: 2 << 20, Value: 512},
		fact.HugepageAmount{Origin: at("hugepages_request"), Value: 1 << 30},
		fact.HugepageAmount{Origin: at("hugepages_request_1G"), Size: 1 << 30, Value: 2},
	}
	var got []fact.Fact
	facts := Read(root, []string{"/v"}).Facts
	for _, f := range facts {
		if a, ok := f.(fact.HugepageAmount); ok {
			got = append(got, a)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("amounts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"/v/hugepages_1G malformed", "/v/hugepages_32M_request_app malformed",
		"/v/hugepages_512M_limit_app unreadable", "/v/hugepages_64K_request_app malformed",
	}, problems(facts)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
