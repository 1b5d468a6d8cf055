package podnet_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// FuzzDiscover writes any text into a pod's annotations and environment. The Pod
// has to survive a round trip through JSON, no device may be in two minds, and
// every field of a device has to say where it is from.
func FuzzDiscover(f *testing.F) {
	f.Add(`[{"name":"ns/a","interface":"net1","device-info":{"type":"pci","pci":{"pci-address":"0000:3b:02.6"}}},{"name":"ns/b","interface":"net2"}]`,
		`[{"ifName":"net2","name":"b","config":{"iftype":"memif","memif":{"role":"slave","socketfile":"m"}}}]`, "/var/lib/cni", "0000:3b:02.6,0000:3b:02.7")
	f.Add(`[{"name":"a"},{"default":"x"},`, `[{}]`, "x", `{"0000:3b:02.6":{"vfio":{"dev-mount":"/dev/vfio/1"}}}`)
	root := f.TempDir()
	info := filepath.Join(root, "etc", "podnetinfo")
	if err := os.MkdirAll(info, 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status, data, dir, list string) {
		annotations := podnettest.FormatAnnotations(map[string]string{
			"k8s.v1.cni.cncf.io/network-status": status, "userspace/configuration-data": data, "userspace/mapped-dir": dir,
		})
		if err := os.WriteFile(filepath.Join(info, "annotations"), []byte(annotations), 0o600); err != nil {
			t.Fatal(err)
		}
		pod, err := podnet.Discover(t.Context(), podnet.Options{
			Root: root, Environ: []string{"PCIDEVICE_A=" + list, "PCIDEVICE_B_INFO=" + list},
		})
		if err != nil {
			t.Fatal(err)
		}
		assigned := map[string]bool{}
		for _, i := range pod.Interfaces {
			fields := map[string]bool{}
			for _, e := range i.Evidence {
				fields[e.Field] = true
			}
			if i.PCI != nil {
				id := i.PCI.Address.String() + i.PCI.Auxiliary
				assigned[id] = true
				if id == "" || !fields["pci.address"] && !fields["pci.auxiliary"] {
					t.Errorf("PCI device %q without evidence: %v", id, i.Evidence)
				}
			}
			if i.VhostUser != nil && i.VhostUser.Path != "" && !fields["vhostUser.path"] ||
				i.Memif != nil && i.Memif.Path != "" && !fields["memif.path"] {
				t.Errorf("a socket without evidence: %+v", i)
			}
		}
		for _, u := range pod.Unassigned {
			if assigned[u.ID] {
				t.Errorf("device %s is on an interface and unassigned", u.ID)
			}
		}
		if err := podnet.Explain(&strings.Builder{}, pod); err != nil {
			t.Error(err)
		}
		checkRoundTrip(t, pod)
	})
}

func checkRoundTrip(t *testing.T, pod *podnet.Pod) {
	t.Helper()
	first, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(first) {
		t.Fatalf("JSON is not valid UTF-8: %q", first)
	}
	var again podnet.Pod
	if err := json.Unmarshal(first, &again); err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(&again)
	if err != nil || string(first) != string(second) {
		t.Fatalf("JSON after a round trip: %v\n%s\n%s", err, first, second)
	}
}
