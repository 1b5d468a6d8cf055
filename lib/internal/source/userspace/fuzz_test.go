package userspace

import (
	"testing"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// FuzzConfigurationData checks that a socket is where it was said to be:
// absolute, abstract, below the directory, or reported; and that an entry says
// the same in a file as in the annotation.
func FuzzConfigurationData(f *testing.F) {
	for _, s := range []string{
		`{"ifName":"net1","name":"n","config":{"iftype":"vhostuser","vhost":{"mode":"client","socketfile":"s"}}}`,
		`{"ifName":"net1","config":{"iftype":"memif","memif":{"role":"slave","socketfile":"@s"}}},{}`,
		`{"name":"n","config":{"memif":{"role":"master","mode":"ip","socketfile":"../s"}},"ipResult":{"ips":[{"address":"10.0.0.1/8","gateway":"x"}]}}`,
		`{"ifName":7,"config":[]}`, "null", "",
	} {
		f.Add(s, "/a")
		f.Add(s, "a")
	}
	root, err := rootfs.New(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, entry, dir string) {
		all := texts(map[string]string{Key: "[" + entry + "]", MappedDirKey: dir})
		check(t, Read(root, all), fact.Annotation)

		p := parser{}
		p.entry([]byte(entry), -1, fact.Origin{Source: fact.File, Where: "/f"}, directory{})
		if len(p.facts) == 0 {
			t.Fatal("no facts, and no problem")
		}
		check(t, p.facts, fact.File)
	})
}

func check(t *testing.T, facts []fact.Fact, source string) {
	t.Helper()
	relative := false
	var paths []string
	for _, f := range facts {
		at := f.From()
		if at.Where == "" || at.Source != source && at.Source != fact.File {
			t.Fatalf("%T from %q", f, at)
		}
		switch f := f.(type) {
		case fact.Problem:
			relative = relative || f.Code == fact.RelativePath
		case fact.Userspace:
			if part := f.At(".name").Where; part != at.Where+".name" && (at.Source != fact.File || part != at.Where+"#name") {
				t.Fatalf("the name is from %q", part)
			}
			if f.Interface == "" && f.Name == "" || (f.Index < 0) != (at.Source == fact.File) {
				t.Fatalf("%+v", f)
			}
			switch d := f.Device.(type) {
			case fact.VhostUser:
				paths = append(paths, d.Path)
			case fact.Memif:
				paths = append(paths, d.Path)
			}
		}
	}
	for _, p := range paths {
		if p != "" && p[0] != '/' && p[0] != '@' && !relative {
			t.Fatalf("path %q, without a word", p)
		}
	}
}
