package podnet_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// fuzzedPod is a pod whose texts are anybody's.
type fuzzedPod struct {
	status, networks, userspace, dir, ovn, kubevirt string // annotations
	list                                            string // devices
	metadata                                        string // of a resource claim
	cpus, mounts                                    string // files of the kernel's
}

func addPods(f *testing.F) {
	f.Add(`[{"name":"ns/a","interface":"net1","device-info":{"type":"pci","pci":{"pci-address":"0000:3b:02.6"}}},{"name":"ns/b","interface":"net2"}]`,
		`a, b`, `[{"ifName":"net2","name":"b","config":{"iftype":"memif","memif":{"role":"slave","socketfile":"m"}}}]`, "/var/lib/cni",
		`{"default":{"ip_addresses":["10.0.0.2/24"],"mac_address":"0a:58:0a:00:00:02","role":"primary"}}`,
		`{"interfaces":[{"network":"n","mac":"02:00:00:00:00:01"}]}`, "0000:3b:02.6,0000:3b:02.7",
		`{"kind":"DeviceMetadata","apiVersion":"metadata.resource.k8s.io/v1alpha1","metadata":{"name":"c"},"requests":[{"name":"r","devices":[`+
			`{"driver":"d","name":"x","attributes":{"resource.kubernetes.io/pciBusID":{"string":"0000:05:10.2"}},"networkData":{"interfaceName":"net3"}}]}]}`,
		"0-3", "1 0 0:1 / /dev/hugepages rw - hugetlbfs none rw,pagesize=2M")
	f.Add(`[{"name":"a","interface":"net1","device-info":{"type":"vhost-user","vhost-user":{"mode":"server","path":"/run/s"}}},`+
		`{"name":"m","interface":"net2","device-info":{"type":"memif","memif":{"role":"master","path":"@m"}}},`+
		`{"name":"v","interface":"net3","device-info":{"type":"vdpa","vdpa":{"parent-device":"vdpa:0000:65:00.3","driver":"vhost","path":"/dev/vhost-vdpa-1"}}}]`,
		`[{"name":"a","interface":"x"}]`, `[{}]`, "x", `{"ns/a":[]}`, `{"interfaces":[]}`,
		`{"0000:3b:02.6":{"vfio":{"dev-mount":"/dev/vfio/1"},"extra":{"VFIO_TOKEN":"14d63f20-8445-11ea-8900-1f9ce7d5650d"}}}`, `{`, "3-1", "x")
}

// options writes the pod's files below root.
func (p fuzzedPod) options(t *testing.T, root string) podnet.Options {
	t.Helper()
	if !json.Valid([]byte(p.metadata)) {
		p.metadata = "{}" // of a file that is cut off the end is waited for
	}
	for name, text := range map[string]string{
		"etc/podnetinfo/annotations": podnettest.FormatAnnotations(map[string]string{
			"k8s.v1.cni.cncf.io/network-status": p.status, "k8s.v1.cni.cncf.io/networks": p.networks,
			"userspace/configuration-data": p.userspace, "userspace/mapped-dir": p.dir,
			"k8s.ovn.org/pod-networks": p.ovn, "kubevirt.io/network-info": p.kubevirt,
		}),
		"var/run/kubernetes.io/dra-device-attributes/resourceclaims/c/r/d-metadata.json": p.metadata,
		"sys/fs/cgroup/cpuset.cpus.effective":                                            p.cpus,
		"proc/self/mountinfo":                                                            p.mounts,
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return podnet.Options{Root: root, Environ: []string{
		"PCIDEVICE_A=" + p.list, "PCIDEVICE_B_INFO=" + p.list, "SRIOVNETWORK_VF_DEVICE_x=" + p.list, "AFXDP_DEVICES_P=" + p.dir, "X=" + p.list,
	}, Hints: map[string]string{"net1": p.list, "net2": p.dir}}
}

// FuzzDiscover writes any text into a pod's annotations, environment and files.
// The Pod has to survive a round trip through JSON, no device may be in two
// minds, and every field of a device has to say where it is from.
func FuzzDiscover(f *testing.F) {
	addPods(f)
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, status, networks, userspace, dir, ovn, kubevirt, list, metadata, cpus, mounts string) {
		opts := fuzzedPod{status, networks, userspace, dir, ovn, kubevirt, list, metadata, cpus, mounts}.options(t, root)
		pod, err := podnet.Discover(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		assigned := map[string]bool{}
		for _, i := range pod.Interfaces {
			fields := map[string]bool{}
			for _, e := range i.Evidence {
				fields[e.Field] = true
				if e.Source == "" || e.Where == "" {
					t.Errorf("evidence %+v of %q says nothing", e, i.Name)
				}
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

// FuzzArgs makes EAL's arguments of any pod: each has to be one that the options
// ask for, or be about one of the pod's devices.
func FuzzArgs(f *testing.F) {
	addPods(f)
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, status, networks, userspace, dir, ovn, kubevirt, list, metadata, cpus, mounts string) {
		opts := fuzzedPod{status, networks, userspace, dir, ovn, kubevirt, list, metadata, cpus, mounts}.options(t, root)
		pod, err := podnet.Discover(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if pod.CPUs == nil || pod.CPUs.Allowed.IsEmpty() {
			pod.CPUs = &podnet.CPUs{}
			if err := pod.CPUs.Allowed.UnmarshalText([]byte("2-3")); err != nil {
				t.Fatal(err)
			}
		}
		// One by one, so that one device that cannot be expressed does not hide
		// the others.
		for _, i := range pod.Interfaces {
			config, _, err := pod.EALConfig(podnet.EALOptions{Interfaces: []string{i.Name}, Memory: podnet.MemoryNone})
			if err != nil {
				continue
			}
			if argv, err := config.Args(); err == nil {
				checkExplained(t, pod, argv)
			}
		}
	})
}

// checkExplained reads argv back. EAL would take each element for an option, or for the
// value of the option before it.
func checkExplained(t *testing.T, pod *podnet.Pod, argv []string) {
	t.Helper()
	allowed, sockets, tokens := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, i := range pod.Interfaces {
		switch {
		case i.PCI != nil:
			allowed[i.PCI.Address.String()], allowed["auxiliary:"+i.PCI.Auxiliary], tokens[i.PCI.VFIOToken] = true, true, true
		case i.VhostUser != nil:
			sockets[i.VhostUser.Path] = true
		case i.Memif != nil:
			sockets[strings.TrimPrefix(i.Memif.Path, "@")] = true
		case i.VDPA != nil:
			sockets[i.VDPA.Path] = true
		}
	}
	for n := 0; n < len(argv); n++ {
		option, value, glued := strings.Cut(argv[n], "=")
		switch option {
		case "--in-memory", "--single-file-segments", "--no-huge", "--no-pci", "--no-telemetry":
			if glued {
				t.Errorf("argument %q in %q", argv[n], argv)
			}
			continue
		}
		if !glued {
			if n++; n == len(argv) {
				t.Fatalf("%q has no value in %q", option, argv)
			}
			value = argv[n]
		}
		switch option {
		case "-a":
			if !allowed[value] {
				t.Errorf("device %q in %q is none of the pod's", value, argv)
			}
		case "--vdev":
			for pair := range strings.SplitSeq(value, ",") {
				name, path, _ := strings.Cut(pair, "=")
				if (name == "path" || name == "socket") && !sockets[path] {
					t.Errorf("socket %q in %q is none of the pod's", path, argv)
				}
			}
		case "--vfio-vf-token":
			if !tokens[value] {
				t.Errorf("token %q in %q is none of the pod's", value, argv)
			}
		case "--lcores", "-m", "--socket-mem", "--file-prefix", "--iova-mode":
			if strings.Trim(value, "0123456789@,()-podnetva") != "" {
				t.Errorf("%s has the value %q in %q", option, value, argv)
			}
		default:
			t.Errorf("argument %q in %q is nobody's", option, argv)
		}
	}
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
	if err != nil {
		t.Fatal(err)
	}
	// Text that is not UTF-8 can be written in two ways.
	var before, after any
	if err := errors.Join(json.Unmarshal(first, &before), json.Unmarshal(second, &after)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Fatalf("JSON after a round trip (-before +after):\n%s", diff)
	}
}
