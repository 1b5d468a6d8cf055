package podnettest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

const scenario = `It shows a VF.

-- /sys/bus/pci/devices/0000:3b:02.6/vendor --
0x8086
-- /sys/class/net/ --
-- annotations/b --
two
lines
-- annotations/a --
x=y "z"
-- podinfo/hugepages_1G_request --
1024
-- environ --
# a comment
A=1

B=x=y
C="two\nlines"
D={"json":"it is"}
E="
-- symlinks --
/var/run -> /run
/sys/bus/pci/devices/0000:3b:02.6/driver -> ../../../drivers/vfio-pci
-- want.json --
{}
`

func TestWrite(t *testing.T) {
	s := podnettest.New(t, scenario)
	if got := strings.TrimSpace(s.Comment); got != "It shows a VF." {
		t.Errorf("comment is %q", got)
	}
	if diff := cmp.Diff([]string{"A=1", "B=x=y", "C=two\nlines", `D={"json":"it is"}`, `E="`}, s.Environ); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if got, ok := s.Section("want.json"); !ok || string(got) != "{}\n" {
		t.Errorf("section want.json is %q, %v", got, ok)
	}
	if _, ok := s.Section("environ"); ok {
		t.Error("environ is a section of the test's own")
	}
	for name, want := range map[string]string{
		"/sys/bus/pci/devices/0000:3b:02.6/vendor":    "0x8086\n",
		"/etc/podnetinfo/annotations":                 "a=\"x=y \\\"z\\\"\"\nb=\"two\\nlines\"",
		"/etc/podnetinfo/..data/annotations":          "a=\"x=y \\\"z\\\"\"\nb=\"two\\nlines\"",
		"/etc/podnetinfo/..data/hugepages_1G_request": "1024\n",
	} {
		got, err := os.ReadFile(filepath.Join(s.Root, name))
		if err != nil || string(got) != want {
			t.Errorf("%s is %q, %v, want %q", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"/var/run": "/run",
		"/sys/bus/pci/devices/0000:3b:02.6/driver": "../../../drivers/vfio-pci",
		"/etc/podnetinfo/annotations":              "..data/annotations",
	} {
		if got, err := os.Readlink(filepath.Join(s.Root, name)); err != nil || got != want {
			t.Errorf("link %s leads to %q, %v, want %q", name, got, err, want)
		}
	}
	if info, err := os.Stat(filepath.Join(s.Root, "sys/class/net")); err != nil || !info.IsDir() {
		t.Errorf("the directory is not there: %v", err)
	}
	if got, err := os.Readlink(filepath.Join(s.Root, "etc/podnetinfo/..data")); err != nil || !strings.HasPrefix(got, "..") {
		t.Errorf("..data leads to %q, %v", got, err)
	}
	if o := s.Options(); o.Root != s.Root || !cmp.Equal(o.Environ, s.Environ) {
		t.Errorf("options are %+v", o)
	}
}

func TestRawAnnotations(t *testing.T) {
	s := podnettest.New(t, "-- podinfo/annotations --\nnot kubelet's\n")
	got, err := os.ReadFile(filepath.Join(s.Root, "etc/podnetinfo/annotations"))
	if err != nil || string(got) != "not kubelet's\n" {
		t.Errorf("annotations are %q, %v", got, err)
	}
	if s.Environ == nil {
		t.Error("without a section environ the test's own environment is used")
	}
}

func TestWriteAgain(t *testing.T) {
	s := podnettest.New(t, scenario)
	first := s.Root
	if err := s.Write(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if s.Root == first {
		t.Error("the root is the first one still")
	}
	if err := s.Write(first); err == nil {
		t.Error("a scenario can be written over another")
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"section twice", "-- a --\n-- a --\n", `section "a" is there twice`},
		{"unclean path", "-- /a/../b --\n", `section "/a/../b": not a clean path: write "/b"`},
		{"directory with content", "-- /a/ --\nx\n", `section "/a/": a directory has no content`},
		{"both kinds of annotations", "-- annotations/a --\n-- podinfo/annotations --\n", `section "podinfo/annotations" excludes sections "annotations/KEY"`},
		{"bad variable", "-- environ --\nA=1\nB\n", `section "environ": line 2: "B" is not of the form NAME=value`},
		{"bad quotes", "-- environ --\nA=\"\\q\"\n", `section "environ": line 1: A: the value is not a quoted Go string`},
		{"bad link", "-- symlinks --\n/a /b\n", `section "symlinks": line 1: "/a /b" is not of the form path -> target`},
		{"relative link", "-- symlinks --\na -> b\n", `section "symlinks": line 1: "a" is not a clean absolute path`},
		{"file and link", "-- /a --\n-- symlinks --\n/a -> b\n", `"/a" is both a file and a link`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := podnettest.Parse([]byte(tt.in))
			if err == nil || s != nil {
				t.Fatalf("Parse = %v, %v, want an error", s, err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFormatAnnotations(t *testing.T) {
	got := podnettest.FormatAnnotations(map[string]string{"b": "\x00é", "a": ""})
	if want := "a=\"\"\nb=" + strconv.Quote("\x00é"); got != want {
		t.Errorf("annotations are %q, want %q", got, want)
	}
}

func Example() {
	s, err := podnettest.Parse([]byte(`
A pod with one VF.

-- annotations/k8s.v1.cni.cncf.io/network-status --
[{
    "name": "ns/sriov-a",
    "interface": "net1",
    "device-info": {"type": "pci", "pci": {"pci-address": "0000:3b:02.6"}}
}]
-- environ --
PCIDEVICE_OPENSHIFT_IO_SRIOV_A=0000:3b:02.6
-- /sys/bus/pci/devices/0000:3b:02.6/numa_node --
1
-- symlinks --
/sys/bus/pci/devices/0000:3b:02.6/driver -> ../../../../bus/pci/drivers/vfio-pci
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	root, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	if err := s.Write(root); err != nil { // a test calls Load or New instead
		fmt.Println(err)
		return
	}
	pod, err := podnet.Discover(context.Background(), s.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range pod.Interfaces {
		fmt.Println(i.Name, i.Kind, i.PCI.Address, i.PCI.Driver, "node", *i.PCI.NUMANode)
	}
	// Output: net1 pci 0000:3b:02.6 vfio-pci node 1
}
