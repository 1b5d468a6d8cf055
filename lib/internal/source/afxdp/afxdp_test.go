//go:build unix

package afxdp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

func at(where string) fact.Origin { return fact.Origin{Source: fact.Env, Where: where} }

func TestRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tmp/afxdp_dp/ens1/afxdp.sock", "tmp/afxdp_dp/ens2/xsks_map"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := Read(root, []string{"AFXDP_DEVICES_POOL=ens1 ens2", "X=1", "AFXDP_DEVICES_POOL=no", "AFXDP_DEVICES=ens3,ens1", "AFXDP_DEVICESX=x"})
	want := []fact.Fact{
		fact.AFXDPDevice{Origin: at("AFXDP_DEVICES"), Netdev: "ens3", Gone: true},
		fact.AFXDPDevice{Origin: at("AFXDP_DEVICES"), Netdev: "ens1", Socket: "/tmp/afxdp_dp/ens1/afxdp.sock"},
		fact.AFXDPDevice{Origin: at("AFXDP_DEVICES_POOL"), Pool: "POOL", Netdev: "ens2", Map: "/tmp/afxdp_dp/ens2/xsks_map"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(dir, "tmp/afxdp.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Read(root, []string{"AFXDP_DEVICES=ens3"})[0].(fact.AFXDPDevice).Socket; got != "/tmp/afxdp.sock" {
		t.Errorf("the socket of the first releases is %q", got)
	}
}

func TestMalformed(t *testing.T) {
	got := Parse([]string{"AFXDP_DEVICES=../x ok", "AFXDP_DEVICES_A=" + strings.Repeat("a ", 2000)})
	var codes []string
	for _, f := range got {
		if p, ok := f.(fact.Problem); ok {
			codes = append(codes, string(p.Code)+" "+p.Where)
		}
	}
	if diff := cmp.Diff([]string{"malformed AFXDP_DEVICES", "malformed AFXDP_DEVICES_A"}, codes); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// FuzzParse checks that any variable gives netdevs whose names are names, each
// once.
func FuzzParse(f *testing.F) {
	f.Add("AFXDP_DEVICES_POOL", "ens1 ens2")
	f.Add("AFXDP_DEVICES", "../x,,")
	f.Fuzz(func(t *testing.T, name, value string) {
		seen := map[string]bool{}
		for _, got := range Parse([]string{name + "=" + value, "AFXDP_DEVICES_X=" + value}) {
			if got.From().Where == "" {
				t.Fatalf("%+v has no origin", got)
			}
			if dev, ok := got.(fact.AFXDPDevice); ok {
				if !fact.IsInterfaceName(dev.Netdev) || seen[dev.Netdev] {
					t.Fatalf("%+v", dev)
				}
				seen[dev.Netdev] = true
			}
		}
	})
}
