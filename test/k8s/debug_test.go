//go:build k8s

package k8s

import (
	"fmt"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/lib/podnet"
)

// An ephemeral container has neither the CPU nor the hugepages of its target. check and
// inspect in it report the target's.
func TestDebugContainer(t *testing.T) {
	n := newNamespace(t)
	n.apply(guaranteed("target", `[sleep, infinity]`))
	n.awaitPhase("target", "Running")
	cpus := func(text string) string {
		_, after, _ := strings.Cut(text, "Cpus_allowed_list:")
		line, _, _ := strings.Cut(after, "\n")
		return strings.TrimSpace(line)
	}
	target := cpus(n.kubectl("exec", "target", "-c", "main", "--", "grep", "Cpus_allowed_list", "/proc/self/status"))

	debug := func(name, command string) string {
		t.Helper()
		n.kubectl("debug", "target", "--image="+image, "--image-pull-policy=Never", "--target=main", "--container="+name,
			"--profile=sysadmin", "--attach=false", "--", "sh", "-c", command)
		n.await(name+" to end", func() error {
			state, err := n.try("get", "pod", "target", "-o", `jsonpath={.status.ephemeralContainerStatuses[?(@.name=="`+name+`")].state}`)
			if err == nil && !strings.Contains(state, `"terminated"`) {
				err = fmt.Errorf("its state is %s", state)
			}
			return err
		})
		return n.kubectl("logs", "target", "-c", name)
	}
	out := debug("inspect", "grep Cpus_allowed_list /proc/self/status; exec testpmd-wrapper inspect --pid 1 --wait 30s -o json")
	own := cpus(out)
	if own == target || own == "" {
		t.Errorf("the debug container has CPUs %q, and its target %q: they do not differ", own, target)
	}
	_, document, _ := strings.Cut(out, "\n")
	schematest.Pod(t, []byte(document))
	var pod podnet.Pod
	decode(t, document, &pod)
	if pod.CPUs == nil || pod.CPUs.Allowed.String() != target {
		t.Errorf("CPUs %+v, want the target's %s", pod.CPUs, target)
	}
	if len(pod.Hugepages) == 0 || pod.Hugepages[0].LimitBytes == nil || *pod.Hugepages[0].LimitBytes != 128<<20 {
		t.Errorf("hugepages %+v, want the target's limit of 128 MiB", pod.Hugepages)
	}
	if i := iface(t, &pod, "net1"); i.PCI == nil || i.PCI.Resource != "PODNET_EXAMPLE_VF" {
		t.Errorf("net1: %+v, want the VF by the target's environment", i)
	}

	report := debug("check", "testpmd-wrapper check --pid 1 --for exec -o json 2>/dev/null; exit 0")
	schematest.Check(t, []byte(report))
	if !strings.Contains(report, "128 MiB") || !strings.Contains(report, "lcores on CPUs "+target) {
		t.Errorf("check is not about the target:\n%s", report)
	}
}
