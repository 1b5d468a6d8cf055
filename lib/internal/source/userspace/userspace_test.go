package userspace

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// tree makes a root with the files.
func tree(tb testing.TB, files map[string]string) rootfs.FS {
	tb.Helper()
	dir := tb.TempDir()
	for name, content := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	root, err := rootfs.New(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return root
}

func texts(annotations map[string]string) map[string]fact.Text {
	all := map[string]fact.Text{}
	for key, value := range annotations {
		all[key] = fact.Text{Origin: fact.Origin{Source: fact.Annotation, Where: key}, Value: value}
	}
	return all
}

// render writes the facts of annotations and files, one per line.
func render(root rootfs.FS, annotations map[string]string) []string {
	var lines []string
	for _, f := range Read(root, texts(annotations)) {
		where := strings.TrimPrefix(f.From().Where, "userspace/")
		switch f := f.(type) {
		case fact.Userspace:
			line := fmt.Sprintf("%s: %s/%s %v %v", where, f.Interface, f.Name, f.IPs, f.Gateways)
			switch d := f.Device.(type) {
			case fact.VhostUser:
				line += fmt.Sprintf(" vhost-user %q %s %s", d.Path, d.Mode, strings.TrimPrefix(d.DirAt.Where, "userspace/"))
			case fact.Memif:
				line += fmt.Sprintf(" memif %q %s %s", d.Path, d.Role, d.Mode)
			}
			lines = append(lines, line)
		case fact.Problem:
			lines = append(lines, fmt.Sprintf("%s: %s", where, f.Code))
		case fact.LostNetworks:
			lines = append(lines, where+": lost")
		}
	}
	return lines
}

func TestAnnotations(t *testing.T) {
	root := tree(t, nil)
	const vhostConfig = `{"engine":"ovs-dpdk","iftype":"vhostuser","netType":"interface","memif":{},"vhost":{"mode":"client","group":"g","socketfile":"s-net1"},"bridge":{}}`
	for _, tt := range []struct {
		name, data string
		more       map[string]string
		want       []string
	}{
		{"none", "", nil, nil},
		{"empty", "[]", nil, nil},
		{"null", "null", nil, nil},
		{
			"vhost-user", `[{"containerId":"c","ifName":"net1","name":"n","config":` + vhostConfig + `,"ipResult":{"interfaces":[{"name":"net1"}],"ips":[{"version":"4","interface":0,"address":"10.56.217.136/24","gateway":"10.56.217.1"}],"dns":{}}}]`,
			map[string]string{MappedDirKey: "/var/lib/cni"},
			[]string{`configuration-data[0]: net1/n [10.56.217.136] [10.56.217.1] vhost-user "/var/lib/cni/s-net1" client mapped-dir`},
		},
		{
			"directory with a slash", `[{"ifName":"net1","config":` + vhostConfig + `}]`,
			map[string]string{MappedDirKey: "/var/lib/cni/"},
			[]string{`configuration-data[0]: net1/ [] [] vhost-user "/var/lib/cni/s-net1" client mapped-dir`},
		},
		{
			"misspelled directory", `[{"ifName":"net1","config":` + vhostConfig + `}]`,
			map[string]string{misspelledDirKey: "/a"},
			[]string{"mappedDir: misspelled", `configuration-data[0]: net1/ [] [] vhost-user "/a/s-net1" client mappedDir`},
		},
		{
			"both directories", `[{"ifName":"net1","config":` + vhostConfig + `}]`,
			map[string]string{misspelledDirKey: "/a", MappedDirKey: "/b"},
			[]string{`configuration-data[0]: net1/ [] [] vhost-user "/b/s-net1" client mapped-dir`},
		},
		{
			"no directory", `[{"ifName":"net1","config":` + vhostConfig + `}]`, nil,
			[]string{"configuration-data[0].config.vhost.socketfile: relative-path", `configuration-data[0]: net1/ [] [] vhost-user "s-net1" client `},
		},
		{
			"relative directory", `[{"ifName":"net1","config":` + vhostConfig + `}]`,
			map[string]string{MappedDirKey: "a"},
			[]string{"mapped-dir: malformed", "configuration-data[0].config.vhost.socketfile: relative-path", `configuration-data[0]: net1/ [] [] vhost-user "s-net1" client `},
		},
		{
			"absolute socket", `[{"ifName":"net1","config":{"iftype":"vhostuser","vhost":{"mode":"server","socketfile":"/run/s"}}}]`,
			map[string]string{MappedDirKey: "/a"},
			[]string{`configuration-data[0]: net1/ [] [] vhost-user "/run/s" server `},
		},
		{
			"socket that climbs", `[{"ifName":"net1","config":{"iftype":"vhostuser","vhost":{"mode":"server","socketfile":"../../s"}}}]`,
			map[string]string{MappedDirKey: "/a/b"},
			[]string{`configuration-data[0]: net1/ [] [] vhost-user "/a/b/../../s" server mapped-dir`},
		},
		{
			"memif", `[{"ifName":"net1","config":{"iftype":"memif","memif":{"role":"master","mode":"ethernet","socketfile":"m.sock"},"vhost":{}}},
				{"ifName":"net2","config":{"iftype":"memif","memif":{"role":"slave","mode":"ip","socketfile":"@abs"}}}]`,
			map[string]string{MappedDirKey: "/a"},
			[]string{
				`configuration-data[0]: net1/ [] [] memif "/a/m.sock" server ethernet`,
				`configuration-data[1]: net2/ [] [] memif "@abs" client ip`,
			},
		},
		{
			"no type", `[{"ifName":"net1","config":{"memif":{"role":"slave","socketfile":"/m"}}},{"ifName":"net2","config":{"vhost":{"mode":"client","socketfile":"/v"}}},{"ifName":"net3","config":{}}]`, nil,
			[]string{
				`configuration-data[0]: net1/ [] [] memif "/m" client `,
				`configuration-data[1]: net2/ [] [] vhost-user "/v" client `,
				`configuration-data[2].config: malformed`,
				`configuration-data[2]: net3/ [] []`,
			},
		},
		{
			"nonsense", `[{"ifName":"net1","config":{"iftype":"tap"}},{"ifName":"net2","config":{"iftype":"memif","memif":{"role":"x","mode":"y"}},"ipResult":{"ips":[{"address":"z","gateway":"z"}]}},
				{"ifName":"net3","config":{"iftype":"vhostuser","vhost":{"mode":"m","socketfile":"/v"}}}]`, nil,
			[]string{
				"configuration-data[0].config.iftype: malformed", "configuration-data[0]: net1/ [] []",
				"configuration-data[1].config.memif.socketfile: malformed", "configuration-data[1].config.memif.role: malformed",
				"configuration-data[1].config.memif.mode: malformed", "configuration-data[1].ipResult.ips[0].address: malformed",
				"configuration-data[1].ipResult.ips[0].gateway: malformed", `configuration-data[1]: net2/ [] [] memif ""  `,
				"configuration-data[2].config.vhost.mode: malformed", `configuration-data[2]: net3/ [] [] vhost-user "/v"  `,
			},
		},
		{
			"lost entries", `[{"ifName":7},{"config":{}},{"ifName":"net3","config":` + vhostConfig + `}]`,
			map[string]string{MappedDirKey: "/a"},
			[]string{
				"configuration-data[0].ifName: malformed", "configuration-data[0]: malformed", "configuration-data[0]: lost",
				"configuration-data[1]: malformed", "configuration-data[1]: lost",
				`configuration-data[2]: net3/ [] [] vhost-user "/a/s-net1" client mapped-dir`,
			},
		},
		{
			"members of the wrong type", `[{"ifName":"net1","containerId":7,"config":{"netType":{},"bridge":[],"iftype":"memif","memif":{"mode":1,"role":"slave","socketfile":"/m"}}},` +
				`{"ifName":"net2","config":{"iftype":"memif","memif":{"role":"slave","socketfile":"/m"}},"ipResult":{"ips":"x"}},{"ifName":"net3","config":[]}]`, nil,
			[]string{
				"configuration-data[0].config.memif.mode: malformed", `configuration-data[0]: net1/ [] [] memif "/m" client `,
				"configuration-data[1].ipResult.ips: malformed", `configuration-data[1]: net2/ [] [] memif "/m" client `,
				"configuration-data[2].config: malformed", "configuration-data[2].config: malformed", "configuration-data[2]: net3/ [] []",
			},
		},
		{
			"addresses of both versions", `[{"ifName":"net1","config":{"iftype":"vhostuser","vhost":{"mode":"client","socketfile":"/v"}},"ipResult":{"cniVersion":"1.0.0","ips":` +
				`[{"address":"10.0.0.2/24","interface":0},{"version":"6","address":"fd00::2/64","gateway":"fd00::1"},{"address":"::ffff:10.0.0.3"},{"address":"fe80::1%x"}]}}]`, nil,
			[]string{
				"configuration-data[0].ipResult.ips[3].address: malformed",
				`configuration-data[0]: net1/ [10.0.0.2 fd00::2 10.0.0.3] [fd00::1] vhost-user "/v" client `,
			},
		},
		{"no object", `[null,"x",{"ifName":"net1","config":{"vhost":{"mode":"client","socketfile":"/v"}}}]`, nil, []string{
			"configuration-data[0]: malformed", "configuration-data[0]: lost", "configuration-data[1]: malformed", "configuration-data[1]: lost",
			`configuration-data[2]: net1/ [] [] vhost-user "/v" client `,
		}},
		{"no array", "{}", nil, []string{"configuration-data: malformed", "configuration-data: lost"}},
		{"no JSON", "x", nil, []string{"configuration-data: malformed", "configuration-data: lost"}},
		{"cut off", "[{", nil, []string{"configuration-data[0]: malformed", "configuration-data[0]: lost"}},
		{"cut off between entries", `[{"ifName":"net1","config":{"vhost":{"mode":"client","socketfile":"/v"}}}`, nil, []string{
			`configuration-data[0]: net1/ [] [] vhost-user "/v" client `, "configuration-data[1]: malformed", "configuration-data[1]: lost",
		}},
		{"text behind", `[] x`, nil, []string{"configuration-data: malformed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			annotations := map[string]string{Key: tt.data}
			maps.Copy(annotations, tt.more)
			if diff := cmp.Diff(tt.want, render(root, annotations)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFiles has what the plugin leaves if it has no access to the API server.
func TestFiles(t *testing.T) {
	const (
		ovs = `{"ifName":"net1","name":"n","config":{"iftype":"vhostuser","vhost":{"mode":"server","socketfile":"4ce7-net1"}}}`
		vpp = `{"ifName":"net2","config":{"iftype":"memif","memif":{"role":"slave","socketfile":"/run/m.sock"}},"ipResult":{"ips":[{"address":"10.0.0.2/24"}]}}` + "\n"
	)
	for _, tt := range []struct {
		name        string
		annotations map[string]string
		files       map[string]string
		want        []string
	}{
		{"default directory", nil, map[string]string{
			defaultDir + "/configData-4ce7-net1.json": ovs,
			defaultDir + "/configData-4ce7-net2.json": vpp,
			defaultDir + "/configData-.json":          "x",
			defaultDir + "/configData-\n.json":        "x",
			defaultDir + "/configData-4ce7-net1":      "x",
			defaultDir + "/4ce7-net1":                 "x",
			defaultDir + "/data/local-4ce7-net1.json": "x",
		}, []string{
			defaultDir + `/configData-4ce7-net1.json: net1/n [] [] vhost-user "` + defaultDir + `/4ce7-net1" server ` + defaultDir,
			defaultDir + `/configData-4ce7-net2.json: net2/ [10.0.0.2] [] memif "/run/m.sock" client `,
		}},
		{"mapped directory", map[string]string{MappedDirKey: "/a/"}, map[string]string{
			"/a/configData-4ce7-net1.json":            ovs,
			defaultDir + "/configData-4ce7-net2.json": vpp,
		}, []string{`/a/configData-4ce7-net1.json: net1/n [] [] vhost-user "/a/4ce7-net1" server /a/`}},
		{"misspelled directory", map[string]string{misspelledDirKey: "/a"}, map[string]string{
			"/a/configData-4ce7-net1.json": ovs,
		}, []string{"mappedDir: misspelled", `/a/configData-4ce7-net1.json: net1/n [] [] vhost-user "/a/4ce7-net1" server /a`}},
		{"unusable directory", map[string]string{MappedDirKey: "a"}, map[string]string{
			defaultDir + "/configData-4ce7-net1.json": ovs,
		}, []string{"mapped-dir: malformed"}},
		{"directory with a NUL", map[string]string{MappedDirKey: "/a\x00"}, nil, []string{"/a\x00: unreadable"}},
		{"no directory", map[string]string{MappedDirKey: "/a"}, map[string]string{"/a": "a file"}, []string{"/a: unreadable"}},
		{"annotation too", map[string]string{MappedDirKey: "/a", Key: "[" + ovs + "]"}, map[string]string{
			"/a/configData-4ce7-net1.json": ovs,
		}, []string{
			`configuration-data[0]: net1/n [] [] vhost-user "/a/4ce7-net1" server mapped-dir`,
			`/a/configData-4ce7-net1.json: net1/n [] [] vhost-user "/a/4ce7-net1" server /a`,
		}},
		{"bad files", nil, map[string]string{
			defaultDir + "/configData-1-a.json":   "",
			defaultDir + "/configData-2-a.json":   "[" + ovs + "]",
			defaultDir + "/configData-3-a.json":   ovs + "x",
			defaultDir + "/configData-4-a.json":   strings.Repeat(" ", maxFileSize) + ovs,
			defaultDir + "/configData-5-a.json/x": "",
			defaultDir + "/configData-6-a.json":   vpp,
			defaultDir + "/configData-7-a.json":   `{"ifName":"net7","name":7,"config":{"iftype":"tap"},"ipResult":{"ips":[{"address":"x"}]}}`,
		}, []string{
			defaultDir + "/configData-1-a.json: malformed", defaultDir + "/configData-1-a.json: lost",
			defaultDir + "/configData-2-a.json: malformed", defaultDir + "/configData-2-a.json: lost",
			defaultDir + "/configData-3-a.json: malformed", defaultDir + "/configData-3-a.json: lost",
			defaultDir + "/configData-4-a.json: unreadable", defaultDir + "/configData-4-a.json: lost",
			defaultDir + "/configData-5-a.json: unreadable", defaultDir + "/configData-5-a.json: lost",
			defaultDir + `/configData-6-a.json: net2/ [10.0.0.2] [] memif "/run/m.sock" client `,
			defaultDir + "/configData-7-a.json#name: malformed", defaultDir + "/configData-7-a.json#config.iftype: malformed",
			defaultDir + "/configData-7-a.json#ipResult.ips[0].address: malformed", defaultDir + "/configData-7-a.json: net7/ [] []",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, render(tree(t, tt.files), tt.annotations)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFileFacts looks at what tells a file from an annotation.
func TestFileFacts(t *testing.T) {
	root := tree(t, map[string]string{"/a/configData-4ce7-net1.json": `{"ifName":"net1","config":{"vhost":{"mode":"client","socketfile":"s"}}}`})
	at := fact.Origin{Source: fact.File, Where: "/a/configData-4ce7-net1.json"}
	want := []fact.Fact{fact.Userspace{
		Origin: at, Index: -1, Interface: "net1",
		Device: fact.VhostUser{
			Path: "/a/s", PathAt: at.At("#config.vhost.socketfile"), DirAt: fact.Origin{Source: fact.File, Where: "/a"},
			Mode: fact.Client, ModeAt: at.At("#config.vhost.mode"),
		},
	}}
	if diff := cmp.Diff(want, Read(root, texts(map[string]string{MappedDirKey: "/a"}))); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

// TestMessages checks that a message does not say again what its place says.
func TestMessages(t *testing.T) {
	root := tree(t, map[string]string{defaultDir + "/configData-1-a.json/x": "", "/a": ""})
	for dir, want := range map[string]error{defaultDir: rootfs.ErrNotRegular, "/a": syscall.ENOTDIR} {
		facts := Read(root, texts(map[string]string{MappedDirKey: dir}))
		if p, ok := facts[0].(fact.Problem); !ok || !errors.Is(p.Err, want) || p.Err.Error() != want.Error() {
			t.Errorf("of %s: %v, want %q", dir, facts[0], want)
		}
	}
}

func TestTooManyFiles(t *testing.T) {
	files := map[string]string{}
	for i := range maxFiles + 2 {
		files[fmt.Sprintf("%s/configData-4ce7-net%03d.json", defaultDir, i)] = fmt.Sprintf(`{"ifName":"net%d","config":{"vhost":{"mode":"client","socketfile":"s"}}}`, i)
	}
	got := render(tree(t, files), nil)
	if n := len(got); n != maxFiles+2 {
		t.Fatalf("%d facts", n)
	}
	if diff := cmp.Diff([]string{defaultDir + ": unreadable", defaultDir + ": lost"}, got[maxFiles:]); diff != "" {
		t.Errorf("last facts (-want +got):\n%s", diff)
	}
}
