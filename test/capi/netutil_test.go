//go:build capi

package capi

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/appnetutil"
	"github.com/podnet/podnet/lib/appnetutil/hugepages"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// The results of libnetutil_api.h.
const (
	netutilSuccess   = 0
	netutilFail      = 1
	netutilSizeError = 2
)

// netutilJob is a job for testdata/netutil.c.
type netutilJob struct {
	Env       []string `json:"env"`
	BaseDir   string   `json:"baseDir"`
	Allocated int      `json:"allocated"`
	Again     int      `json:"again"`
	Log       string   `json:"log,omitempty"`
}

// netutilAnswer is the answer of testdata/netutil.c to a job.
type netutilAnswer struct {
	Config     int `json:"config"`
	Interfaces struct {
		Result int        `json:"result"`
		List   []netIface `json:"list"`
	} `json:"interfaces"`
	Hugepages struct {
		Result    int     `json:"result"`
		Container string  `json:"container"`
		List      [][]any `json:"list"`
	} `json:"hugepages"`
	CPUResult int    `json:"cpuResult"`
	CPUs      string `json:"cpus"`
}

type netIface struct {
	Type        int      `json:"type"`
	Name        string   `json:"name"`
	Interface   string   `json:"interface"`
	IPs         []string `json:"ips"`
	MAC         string   `json:"mac"`
	Default     bool     `json:"default"`
	Nameservers []string `json:"nameservers"`
	Domain      string   `json:"domain"`
	Search      []string `json:"search"`
	Options     []string `json:"options"`
	InfoType    int      `json:"infoType"`
	Version     string   `json:"version"`
	PCI         []string `json:"pci"`
	VDPA        []string `json:"vdpa"`
	Vhost       []any    `json:"vhost"`
	Memif       []any    `json:"memif"`
}

// netutil compiles the program against the drop-in's sources, under the sanitizers.
func netutil(t *testing.T) string {
	t.Helper()
	return compile(t, "gcc", append(slices.Clone(sanitizers), "-I../../capi/netutil", "../../capi/netutil/netutil.c", "netutil.c")...)
}

func askNetutil(t *testing.T, program string, jobs ...netutilJob) []netutilAnswer {
	t.Helper()
	jobs = slices.Clone(jobs)
	for i, j := range jobs {
		jobs[i].Env = append(slices.Clone(j.Env), "PODNET_HELPER="+helper)
	}
	return carryOut[netutilJob, netutilAnswer](t, program, nil, jobs)
}

// types are app-netutil's numbers for types of interfaces and devices.
var types = map[string]int{
	appnetutil.INTERFACE_TYPE_HOST: 1, appnetutil.INTERFACE_TYPE_SRIOV: 2,
	"pci": 3, "vhost-user": 4, "memif": 5, "vdpa": 8,
}

// index is where a text is in a list; -1: it is not.
func index(text string, list ...string) float64 { return float64(slices.Index(list, text)) }

func firsts(list []string, size int) []string {
	return slices.Clone(append([]string{}, list[:min(size, len(list))]...))
}

// wanted gives the answer of lib/appnetutil in the form of C's structs, and whether it fits.
func wanted(list []*appnetutil.InterfaceData, allocated int) (want []netIface, fits bool) {
	fits, want = len(list) <= allocated, []netIface{}
	for _, i := range list[:min(len(list), allocated)] {
		s := i.NetworkStatus
		w := netIface{
			Type: types[i.DeviceType], Name: s.Name, Interface: s.Interface, IPs: firsts(s.IPs, 10), MAC: s.Mac, Default: s.Default,
			Nameservers: firsts(s.DNS.Nameservers, 5), Domain: s.DNS.Domain, Search: firsts(s.DNS.Search, 5), Options: firsts(s.DNS.Options, 5),
			PCI: make([]string, 4), VDPA: make([]string, 5), Vhost: []any{0.0, ""}, Memif: []any{0.0, 0.0, ""},
		}
		fits = fits && len(s.IPs) <= 10 && len(s.DNS.Nameservers) <= 5 && len(s.DNS.Search) <= 5 && len(s.DNS.Options) <= 5
		if d := s.DeviceInfo; d != nil {
			w.InfoType, w.Version = types[d.Type], d.Version
			switch {
			case d.Pci != nil:
				w.PCI = []string{d.Pci.PciAddress, d.Pci.Vhostnet, d.Pci.RdmaDevice, d.Pci.PfPciAddress}
			case d.Vdpa != nil:
				w.VDPA = []string{d.Vdpa.ParentDevice, d.Vdpa.Driver, d.Vdpa.Path, d.Vdpa.PciAddress, d.Vdpa.PfPciAddress}
			case d.VhostUser != nil:
				w.Vhost = []any{index(d.VhostUser.Mode, "client", "server"), d.VhostUser.Path}
			case d.Memif != nil:
				w.Memif = []any{index(d.Memif.Role, "master", "slave"), index(d.Memif.Mode, "ethernet", "ip", "inject-punt"), d.Memif.Path}
			}
		}
		want = append(want, w)
	}
	return want, fits
}

// checkNetutil holds an answer against lib/appnetutil's.
func checkNetutil(t *testing.T, j netutilJob, got netutilAnswer) {
	t.Helper()
	opts := podnet.Options{Podinfo: j.BaseDir, Environ: append([]string{}, j.Env...)}
	pod, err := podnet.Discover(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	want, fits := wanted(appnetutil.Interfaces(pod).Interface, j.Allocated)
	result := netutilSuccess
	if !fits {
		result = netutilSizeError
	}
	// A file that exists but cannot be read does not mean a pod without networks.
	for _, w := range pod.Warnings {
		if w.Code == podnet.CodeUnreadable && w.Source == "downward-api" && filepath.Base(w.Where) == "annotations" {
			want, result = []netIface{}, netutilFail
		}
	}
	if got.Config != netutilSuccess || got.Interfaces.Result != result {
		t.Errorf("SetConfig gives %d, GetInterfaces %d, want %d", got.Config, got.Interfaces.Result, result)
	}
	if diff := cmp.Diff(want, got.Interfaces.List); diff != "" {
		t.Errorf("GetInterfaces (-lib/appnetutil +C):\n%s", diff)
	}
	if got.CPUResult != netutilSuccess || got.CPUs != pod.CPUs.Allowed.String() {
		t.Errorf("GetCPUInfo: %d, %q, want %q", got.CPUResult, got.CPUs, pod.CPUs.Allowed)
	}
	pages, err := hugepages.Read(opts)
	if err != nil {
		if got.Hugepages.Result != netutilFail || len(got.Hugepages.List) > 0 {
			t.Errorf("GetHugepages: %d, %v, want the error %v", got.Hugepages.Result, got.Hugepages.List, err)
		}
		return
	}
	amounts := [][]any{}
	for _, h := range pages.Hugepages {
		amounts = append(amounts, []any{
			h.ContainerName, float64(h.Request), float64(h.Limit), float64(h.Request1G), float64(h.Limit1G), float64(h.Request2M), float64(h.Limit2M),
		})
	}
	if diff := cmp.Diff(amounts, got.Hugepages.List); diff != "" || got.Hugepages.Result != netutilSuccess || got.Hugepages.Container != pages.MyContainerName {
		t.Errorf("GetHugepages: %d, container %q, want %q (-lib/appnetutil +C):\n%s", got.Hugepages.Result, got.Hugepages.Container, pages.MyContainerName, diff)
	}
}

func netutilJobOf(s *podnettest.Scenario) netutilJob {
	return netutilJob{Env: s.Environ, BaseDir: filepath.Join(s.Root, "etc/podnetinfo"), Allocated: 64}
}

// TestNetutilCorpus: on every scenario, the drop-in and lib/appnetutil say the same. The
// sanitizers check that all memory is freed (row C1), and that no field is read before it
// is written (row C4).
func TestNetutilCorpus(t *testing.T) {
	all := scenarios(t)
	var names []string
	var jobs []netutilJob
	for _, name := range slices.Sorted(maps.Keys(all)) {
		j := netutilJobOf(all[name])
		if _, err := os.Stat(filepath.Join(j.BaseDir, "annotations")); err != nil {
			continue // its pod has no annotations, or has them elsewhere
		}
		names, jobs = append(names, name), append(jobs, j)
	}
	if len(jobs) < 200 {
		t.Fatalf("%d scenarios", len(jobs))
	}
	for n, got := range askNetutil(t, netutil(t), jobs...) {
		t.Run(names[n], func(t *testing.T) { checkNetutil(t, jobs[n], got) })
	}
}

// podOf is a pod with these networks in its status.
func podOf(t *testing.T, environ string, networks ...string) *podnettest.Scenario {
	t.Helper()
	return podnettest.New(t, "-- annotations/k8s.v1.cni.cncf.io/network-status --\n["+strings.Join(networks, ",\n")+"]\n-- environ --\n"+environ+"\n")
}

func numbered(count int, format string) string {
	var list []string
	for n := range count {
		list = append(list, fmt.Sprintf(format, n))
	}
	return strings.Join(list, ",")
}

// TestNetutilRows: podnet's drop-in does not have the bugs of app-netutil's C API.
func TestNetutilRows(t *testing.T) {
	program := netutil(t)
	one := func(t *testing.T, j netutilJob) netutilAnswer {
		t.Helper()
		got := askNetutil(t, program, j)[0]
		checkNetutil(t, j, got)
		return got
	}
	t.Run("C1 version is freed", func(t *testing.T) {
		got := one(t, netutilJobOf(podOf(t, "", `{"name": "a", "interface": "net1", "device-info": {"type": "pci", "version": "1.0.0", "pci": {"pci-address": "0000:3b:02.6"}}}`)))
		if got.Interfaces.List[0].Version != "1.0.0" { // LeakSanitizer has the rest
			t.Errorf("version %q", got.Interfaces.List[0].Version)
		}
	})
	t.Run("C2 unknown roles are no role", func(t *testing.T) {
		got := one(t, netutilJobOf(podOf(t, "",
			`{"name": "a", "interface": "net1", "device-info": {"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "other", "path": "/run/a"}}}`,
			`{"name": "b", "interface": "net2", "device-info": {"type": "memif", "version": "1.1.0", "memif": {"role": "other", "mode": "other", "path": "/run/b"}}}`)))
		if diff := cmp.Diff([]any{-1.0, "/run/a"}, got.Interfaces.List[0].Vhost); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]any{-1.0, -1.0, "/run/b"}, got.Interfaces.List[1].Memif); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("C3 what has no place is said, and the rest is there", func(t *testing.T) {
		s := podOf(t, "",
			`{"name": "a", "interface": "net1", "ips": [`+numbered(12, `"10.0.0.%d"`)+`], "mac": "02:00:00:00:00:01",
			  "dns": {"nameservers": [`+numbered(6, `"10.1.0.%d"`)+`], "search": [`+numbered(7, `"s%d"`)+`], "options": [`+numbered(8, `"o%d"`)+`]}}`,
			`{"name": "b", "interface": "net2"}`)
		got := one(t, netutilJobOf(s))
		if got.Interfaces.Result != netutilSizeError || len(got.Interfaces.List) != 2 || len(got.Interfaces.List[0].IPs) != 10 {
			t.Errorf("result %d, %+v", got.Interfaces.Result, got.Interfaces.List)
		}
		j := netutilJobOf(s)
		j.Allocated = 1
		if got := one(t, j); got.Interfaces.Result != netutilSizeError || len(got.Interfaces.List) != 1 {
			t.Errorf("result %d, %+v", got.Interfaces.Result, got.Interfaces.List)
		}
		j.Allocated = 0
		if got := one(t, j); got.Interfaces.Result != netutilSizeError || len(got.Interfaces.List) != 0 {
			t.Errorf("result %d, %+v", got.Interfaces.Result, got.Interfaces.List)
		}
	})
	t.Run("C4 a second call counts from the start", func(t *testing.T) {
		j := netutilJobOf(podOf(t, "", `{"name": "a", "interface": "net1"}`, `{"name": "b", "interface": "net2"}`))
		j.Again = 2
		if got := one(t, j); len(got.Interfaces.List) != 2 {
			t.Errorf("%d interfaces", len(got.Interfaces.List))
		}
	})
	// Musl's own header is in TestMusl.
	t.Run("C5 stderr as a macro", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "c5.c")
		if err := os.WriteFile(file, []byte("#include <stdio.h>\n#undef __GLIBC__\n#undef stderr\n#define stderr (stderr)\n"+
			"#include \"libnetutil_api.h\"\nunsigned f(struct AppNetutilConfig cfg) { cfg.log.stderr = 1; fprintf(stderr, \"\"); return cfg.log.stderr; }\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		must(t, "gcc", "-std=c99", "-Wall", "-Werror", "-Wno-format-zero-length", "-fsyntax-only", "-I../../capi/netutil", file)
	})
	t.Run("C6 targets of 32 bits", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "stdio.h"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "c6.c")
		if err := os.WriteFile(file, []byte("#include \"libnetutil_api.h\"\ntypedef char ok[sizeof(void *) == 4 && sizeof(struct InterfaceResponse) == 12 ? 1 : -1];\nok use;\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		must(t, "gcc", "-m32", "-std=c99", "-ffreestanding", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"+dir, "-I../../capi/netutil", file)
	})
	t.Run("C7 a type that nobody knows", func(t *testing.T) {
		got := one(t, netutilJobOf(podOf(t, "PCIDEVICE_X=0000:3b:02.6",
			`{"name": "a", "interface": "net1", "device-info": {"type": "magic", "version": "9.0.0"}}`)))
		// The interface is unknown, and its possible device keeps its type behind it.
		if list := got.Interfaces.List; len(list) != 2 || list[0].Type != 0 || list[0].InfoType != 0 ||
			list[1].Type != types[appnetutil.INTERFACE_TYPE_SRIOV] || list[1].PCI[0] != "0000:3b:02.6" {
			t.Errorf("%+v", list)
		}
	})
	t.Run("C8 NULL", func(t *testing.T) {
		if out := runs(t, []string{"PODNET_HELPER=" + helper}, program, "nothing"); out != "8\n" {
			t.Errorf("%s of 8 calls fail as they should", strings.TrimSpace(out))
		}
	})
}

// TestNetutilLimits: containers above the array, a pod without annotations, a directory
// that is not absolute, and where errors go.
func TestNetutilLimits(t *testing.T) {
	program := netutil(t)
	s := podnettest.New(t, "-- podinfo/hugepages_1G_request_a --\n1\n-- podinfo/hugepages_1G_request_b --\n2\n-- podinfo/hugepages_1G_request_c --\n3\n")
	log := filepath.Join(t.TempDir(), "log")
	j := netutilJobOf(s)
	j.Allocated, j.Log = 2, log
	got := askNetutil(t, program, j)[0]
	if got.Hugepages.Result != netutilSizeError || len(got.Hugepages.List) != 2 {
		t.Errorf("GetHugepages: %+v", got.Hugepages)
	}
	if got.Interfaces.Result != netutilSuccess || len(got.Interfaces.List) != 0 {
		t.Errorf("GetInterfaces of a pod without annotations: %+v", got.Interfaces)
	}
	text, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(text), "GetHugepages: there are more containers") {
		t.Errorf("the log has %q: %v", text, err)
	}
}
