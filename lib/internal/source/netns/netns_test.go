//go:build unix

package netns

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

const routes = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
net1	0000A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
eth0	00000000	0101F40A	0003	0	0	0	00000000	0	0	0
blackhole	00000000	00000000	0201	0	0	0	00000000	0	0	0
down	00000000	00000000	0000	0	0	0	00000000	0	0	0
half	00000000	00000000	0001	0	0	0	00000080	0	0	0
`

const ipv6Routes = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     net1
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003   bond0.7
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`

// root makes a root of files; the content of a name that ends with a slash does
// not count.
func root(t testing.TB, files map[string]string) rootfs.FS {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(file, 0o755); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fs, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

func TestRead(t *testing.T) {
	got := Read(root(t, map[string]string{
		procRoute: routes, procIPv6Route: ipv6Routes,
		netClass + "/eth0/":                "",
		netClass + "/bond0.7/lower_bond0/": "", netClass + "/bond0/lower_net7/": "", netClass + "/net7/": "",
	}))
	v4 := fact.Origin{Source: fact.Proc, Where: procRoute + ":3"}
	v6 := fact.Origin{Source: fact.Proc, Where: procIPv6Route + ":2"}
	want := []fact.Fact{
		fact.DefaultRoute{Origin: v4, Netdev: "eth0"},
		fact.DefaultRoute{Origin: v6, Netdev: "bond0.7"},
		fact.DefaultRoute{Origin: v6, Netdev: "bond0"},
		fact.DefaultRoute{Origin: v6, Netdev: "net7"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

// TestNothing has no files, as in a copy of a few.
func TestNothing(t *testing.T) {
	if got := Read(root(t, nil)); len(got) > 0 {
		t.Errorf("facts %v", got)
	}
}

func TestHostNetwork(t *testing.T) {
	for where, files := range map[string]map[string]string{
		hostOnly:              {hostOnly: "1000\n", netClass + "/eth0/": ""},
		netClass + "/cni0":    {netClass + "/cni0/": "", netClass + "/ens1/": ""},
		netClass + "/veth0a1": {netClass + "/veth0a1/": ""},
		"":                    {netClass + "/eth0/": "", netClass + "/net1/": "", netClass + "/tunl0/": ""},
	} {
		got := ""
		for _, f := range Read(root(t, files)) {
			if f, ok := f.(fact.HostNetwork); ok {
				got = f.Where
			}
		}
		if got != where {
			t.Errorf("the node's network by %q, want %q", got, where)
		}
	}
}

// FuzzRoutes checks that any table gives default routes of its own lines alone.
func FuzzRoutes(f *testing.F) {
	f.Add(routes)
	f.Add(ipv6Routes)
	f.Add("eth0 00000000 0 1 0 0 0 00000000")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, r := range append(parseRoutes(text), parseIPv6Routes(text)...) {
			if r.line < 1 || r.line > len(lines) || !strings.Contains(lines[r.line-1], r.netdev) || r.netdev == "" {
				t.Fatalf("%+v of %q", r, text)
			}
		}
	})
}
