//go:build capi

package capi

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// TestCorpus lets one process, under the sanitizers, look at every scenario. The document
// rebuilt from the accessors has to equal the output of inspect, and the arguments have to
// equal the output of args.
func TestCorpus(t *testing.T) {
	program := compile(t, "gcc", append(slices.Clone(sanitizers), "ask.c", "dump.c")...)
	checkCorpus(t, program, scenarios(t))
}

func checkCorpus(t *testing.T, program string, all map[string]*podnettest.Scenario) {
	t.Helper()
	names := slices.Sorted(maps.Keys(all))
	var jobs []job
	for _, name := range names {
		s := all[name]
		pod, err := podnet.Discover(t.Context(), s.Options())
		j := job{Helper: helper, Root: s.Root, Env: s.Environ, Hints: hints(s), EAL: &ealJob{DPDKVersion: "24.11"}}
		if err == nil {
			j.Find, j.Labels = namesIn(pod), slices.Collect(maps.Keys(pod.Labels))
		}
		jobs = append(jobs, j)
	}
	ports := 0
	for n, got := range ask(t, program, nil, jobs...) {
		s := all[names[n]]
		t.Run(names[n], func(t *testing.T) {
			compareDiscovery(t, s, got)
			if got.EALError != nil {
				compareArgs(t, s, got)
			}
			if got.EAL != nil {
				ports += len(got.EAL.Ports)
			}
		})
	}
	if ports == 0 {
		t.Error("no scenario has a port")
	}
}

func flags(s *podnettest.Scenario) []string {
	args := []string{"--root", s.Root}
	for _, hint := range hints(s) {
		args = append(args, "--hint", hint)
	}
	return args
}

func compareDiscovery(t *testing.T, s *podnettest.Scenario, got answer) {
	t.Helper()
	stdout, stderr, code := command(s.Environ, append([]string{"inspect", "-o", "json"}, flags(s)...)...)
	if code != 0 {
		if text, ok := strings.CutPrefix(strings.TrimSpace(stderr), "podnet: "); got.Error.Result >= 0 || !ok || got.Error.Text != text {
			t.Errorf("error %d %q, want %q", got.Error.Result, got.Error.Text, stderr)
		}
		return
	}
	if got.Error.Result != resultOK || got.Error.Text != "" {
		t.Fatalf("error %d: %s", got.Error.Result, got.Error.Text)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(stdout, `\u0000`, `\ufffd`)), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.JSON); diff != "" {
		t.Errorf("podnet_pod_json (-want +got):\n%s", diff)
	}
	labels, _ := want["labels"].(map[string]any)
	for name, value := range got.Labels {
		if value == nil || labels[name] != *value {
			t.Errorf("label %q is %v, want %q", name, value, labels[name])
		}
	}
	if len(got.Labels) != len(labels) {
		t.Errorf("%d labels, want %d", len(got.Labels), len(labels))
	}
	delete(want, "labels")
	delete(want, "schema")
	addNumbers(want, want)
	if diff := cmp.Diff(want, got.Pod); diff != "" {
		t.Errorf("the accessors (-want +got):\n%s", diff)
	}
	compareNames(t, s, got)
}

// kinds are the kinds of interface by their numbers in podnet.h.
var kinds = []podnet.Kind{
	"", podnet.KindKernel, podnet.KindPCI, podnet.KindVhostUser, podnet.KindMemif, podnet.KindVDPA,
	podnet.KindAFXDP, podnet.KindAFPacket, podnet.KindUnknown,
}

// addNumbers adds the values that the program prints beside the document's members: the
// numbers of kinds, codes and CPUs.
func addNumbers(root map[string]any, value any) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			addNumbers(root, element)
		}
	case map[string]any:
		for _, member := range v {
			addNumbers(root, member)
		}
		if kind, ok := v["kind"].(string); ok {
			v["kindNumber"] = float64(slices.Index(kinds, podnet.Kind(kind)))
		}
		for _, name := range []string{"code", "reason"} {
			if code, ok := v[name].(string); ok {
				v["number"] = float64(numberOf(podnet.Code(code)))
			}
		}
		if cpus, ok := root["cpus"].(map[string]any); ok && v["allowed"] != nil && v["node"] == nil && cpus["allowed"] == v["allowed"] {
			var set podnet.CPUSet
			if err := set.UnmarshalText([]byte(v["allowed"].(string))); err != nil {
				panic(err) // podnet wrote it
			}
			ids := []any{}
			for _, id := range set.List() {
				ids = append(ids, float64(id))
			}
			v["ids"] = ids
		}
	}
}

// namesIn gives all names of the pod's interfaces, and one that no interface has.
func namesIn(pod *podnet.Pod) []string {
	names := []string{"no such interface", "", "/"}
	for _, i := range pod.Interfaces {
		_, short, _ := strings.Cut(i.Network, "/")
		names = append(names, i.Name, i.Network, short)
		if i.PCI != nil {
			names = append(names, i.PCI.Address.String(), i.PCI.Auxiliary)
		}
		if i.VDPA != nil {
			names = append(names, i.VDPA.PCIAddress.String())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// compareNames holds podnet_pod_find against Pod.Lookup.
func compareNames(t *testing.T, s *podnettest.Scenario, got answer) {
	t.Helper()
	pod, err := podnet.Discover(t.Context(), s.Options())
	if err != nil {
		t.Fatal(err)
	}
	for name, found := range got.Find {
		var want *string
		if looked, err := pod.Lookup(name); err == nil && len(looked) == 1 && name != "" {
			if slices.ContainsFunc(pod.Interfaces, func(i podnet.Interface) bool { return i.Name == looked[0].Name }) {
				want = &looked[0].Name
			}
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("podnet_pod_find(%q) (-want +got):\n%s", name, diff)
		}
	}
}

func compareArgs(t *testing.T, s *podnettest.Scenario, got answer) {
	t.Helper()
	stdout, stderr, code := command(s.Environ, append([]string{"args", "-o", "json", "--dpdk-version", "24.11"}, flags(s)...)...)
	if code != 0 {
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		text := strings.TrimPrefix(lines[len(lines)-1], "podnet: ")
		if code == 64 {
			text = strings.TrimPrefix(lines[len(lines)-2], "podnet: ")
		}
		if got.EALError.Text != text || got.EALError.Result != map[int]int{3: resultNotReady, 64: resultInvalid, 1: resultHelperFailed}[code] {
			t.Errorf("error %d %q, want %q (%d)", got.EALError.Result, got.EALError.Text, text, code)
		}
		return
	}
	if got.EALError.Result != resultOK {
		t.Fatalf("error %d: %s, want the arguments %s", got.EALError.Result, got.EALError.Text, stdout)
	}
	var want []string
	if err := json.Unmarshal([]byte(stdout), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]string{"podnet"}, want...), got.EAL.Argv); diff != "" || !got.EAL.Ended {
		t.Errorf("argv, which ends: %t (-want +got):\n%s", got.EAL.Ended, diff)
	}
	comparePorts(t, s, want, got.EAL)
}

// comparePorts compares the ports with the library's.
func comparePorts(t *testing.T, s *podnettest.Scenario, args []string, got *ealAnswer) {
	t.Helper()
	pod, err := podnet.Discover(t.Context(), s.Options())
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, p := range got.Ports {
		names = append(names, p.Interface)
	}
	_, ports, err := pod.EALConfig(podnet.EALOptions{Interfaces: names})
	if err != nil {
		t.Fatalf("the ports %q of %q: %v", names, args, err)
	}
	var want []port
	for _, p := range ports {
		expected := port{
			Interface: p.Interface, Network: p.Network, Device: p.Device, Name: p.PortName,
			KindNumber: slices.Index(kinds, p.Kind), MTU: int(min(int64(p.MTU), math.MaxInt32)),
		}
		want = append(want, expected)
	}
	withoutProblems := slices.Clone(got.Ports)
	for i := range withoutProblems {
		if ready := ports[i].NotReady == nil; ready != (len(withoutProblems[i].Problems) == 0) {
			t.Errorf("port %s: problems %v, want %v", names[i], withoutProblems[i].Problems, ports[i].NotReady)
		}
		withoutProblems[i].Problems = nil
	}
	if diff := cmp.Diff(want, withoutProblems); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	for _, p := range got.LeftOut {
		if p.Interface == "" || p.Message == "" || p.Number == 0 {
			t.Errorf("left out without its name, the cause or a code: %+v", p)
		}
	}
}
