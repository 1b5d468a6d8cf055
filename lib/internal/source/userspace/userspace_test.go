package userspace

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

// render writes the facts of annotations, one a line.
func render(annotations map[string]string) []string {
	var lines []string
	for _, f := range Parse(annotations) {
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

func TestParse(t *testing.T) {
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
				"configuration-data[0]: malformed", "configuration-data[0]: lost",
				"configuration-data[1]: malformed", "configuration-data[1]: lost",
				`configuration-data[2]: net3/ [] [] vhost-user "/a/s-net1" client mapped-dir`,
			},
		},
		{"no JSON", "[{", nil, []string{"configuration-data: malformed", "configuration-data: lost"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			annotations := map[string]string{Key: tt.data}
			maps.Copy(annotations, tt.more)
			if diff := cmp.Diff(tt.want, render(annotations)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParse checks that a socket is where it was said to be: absolute, abstract,
// below the directory, or reported.
func FuzzParse(f *testing.F) {
	f.Add(`[{"ifName":"net1","name":"n","config":{"iftype":"vhostuser","vhost":{"mode":"client","socketfile":"s"}}}]`, "/a")
	f.Add(`[{"ifName":"net1","config":{"iftype":"memif","memif":{"role":"slave","socketfile":"@s"}}}]`, "a")
	f.Fuzz(func(t *testing.T, data, dir string) {
		relative := false
		var paths []string
		for _, fct := range Parse(map[string]string{Key: data, MappedDirKey: dir}) {
			switch fct := fct.(type) {
			case fact.Problem:
				relative = relative || fct.Code == fact.RelativePath
			case fact.Userspace:
				switch d := fct.Device.(type) {
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
	})
}
