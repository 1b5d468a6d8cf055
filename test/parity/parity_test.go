package parity

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/appnetutil"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// TestParity compares both libraries on every scenario there is.
func TestParity(t *testing.T) {
	known := readDifferences(t)
	unused := map[string]bool{}
	for name := range known {
		unused[name] = true
	}
	for _, file := range scenarios(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		delete(unused, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := podnettest.Load(t, file)
			asked := ask(t, s.Root, s.Environ)
			found := differences{}
			found.add("interfaces", asked.OracleInterfaces, interfacesBelow(t, s, asked.OurInterfaces))
			found.add("hugepages", asked.OracleHugepages, asked.OurHugepages)
			for _, field := range found.fields() {
				t.Logf("%s: app-netutil %s, podnet %s", field, found[field].theirs, found[field].ours)
			}
			if *update {
				known.set(name, found.fields())
				return
			}
			if diff := cmp.Diff(known[name].fields, found.fields()); diff != "" {
				t.Errorf("differences (-differences.txt +found): a new one needs a reason there, "+
					"and what is gone has to go there:\n%s", diff)
			}
		})
	}
	if *update {
		t.Cleanup(func() { known.write(t) })
		return
	}
	for name := range unused {
		t.Errorf("differences.txt has %s, but there is no such scenario", name)
	}
}

// scenarios are lib/podnet's scenarios, and a few more for functions that only app-netutil
// has.
func scenarios(t *testing.T) []string {
	t.Helper()
	shared, err := filepath.Glob("../../lib/podnet/testdata/*.txtar")
	own, err2 := filepath.Glob("testdata/*.txtar")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if len(shared) < 20 || len(own) == 0 {
		t.Fatalf("%d and %d scenarios", len(shared), len(own))
	}
	return append(shared, own...)
}

// interfacesBelow is GetInterfaces below the scenario's root. The function itself,
// which the child called, reads the volume there and this machine's devices, so
// it can tell whether there is an error and no more.
func interfacesBelow(t *testing.T, s *podnettest.Scenario, called answer) (a answer) {
	t.Helper()
	if called.Err != "" {
		return called
	}
	pod, err := podnet.Discover(t.Context(), s.Options())
	if errors.Is(err, podnet.ErrNoAnnotations) {
		return answer{}
	}
	if err != nil {
		t.Fatal(err)
	}
	a.setInterfaces(appnetutil.Interfaces(pod))
	return a
}

// TestCPUs compares the CPU sets of this machine. app-netutil knows the file of
// cgroup v1 only.
func TestCPUs(t *testing.T) {
	asked := ask(t, t.TempDir(), []string{})
	ours, err := cpuset.Parse(asked.OurCPUs.CPUs)
	if err != nil || ours.IsEmpty() {
		t.Fatalf("podnet says %+v: %v", asked.OurCPUs, err)
	}
	if asked.OracleCPUs.Err != "" {
		t.Skipf("app-netutil fails where there is no cgroup v1 (R23): %s", asked.OracleCPUs.Err)
	}
	theirs, err := cpuset.Parse(asked.OracleCPUs.CPUs)
	if err != nil {
		t.Fatal(err)
	}
	if !ours.IsSubsetOf(theirs) {
		t.Errorf("podnet says %s, and app-netutil only %s", ours, theirs)
	}
}
