//go:build linux

package guest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/lib/check"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/scratchpod"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// Pod is a pod with VFs, as its container would see it.
type Pod struct {
	dir string
	// Under is a command that runs the application's, such as ip netns exec.
	Under []string
	// Program is the application; empty: Wrapper.
	Program string
	// As has the options with which the application's processes start.
	As testpeer.Options
}

// NewPod makes a pod with these networks behind the default one, and with these
// lines in its environment.
func NewPod(t *testing.T, environ []string, networks ...nadv1.NetworkStatus) *Pod {
	t.Helper()
	p := &Pod{dir: t.TempDir()}
	for dir := p.dir; dir != "/tmp"; dir = filepath.Dir(dir) { // for those who are not root
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	statuses := append([]nadv1.NetworkStatus{{Name: "cbr0", Interface: "eth0", IPs: []string{"10.244.0.7"}, Default: true}}, networks...)
	text, err := json.MarshalIndent(statuses, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	annotations, err := scratchpod.Annotations(map[string]string{nadv1.NetworkStatusAnnot: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(p.dir, "podinfo"), 0o755); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(p.dir, "run")
	if err := errors.Join(os.Mkdir(run, 0o755), os.Chmod(run, 0o777)); err != nil {
		t.Fatal(err)
	}
	p.As.Env = []string{"RUNTIME_DIRECTORY=" + run}
	for name, data := range map[string]string{
		"podinfo/annotations": string(annotations),
		"environ":             strings.Join(append(environ, "HOSTNAME=lab"), "\x00") + "\x00",
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// NewVFPod makes a pod that has the VFs as net1, net2 and so on, with
// device-info and the device plugin's variable.
func NewVFPod(t *testing.T, vfs ...VF) *Pod {
	t.Helper()
	var networks []nadv1.NetworkStatus
	var addresses []string
	for i, vf := range vfs {
		networks = append(networks, vf.Network("net"+string(rune('1'+i))))
		addresses = append(addresses, vf.Address)
	}
	return NewPod(t, []string{Resource(addresses...)}, networks...)
}

// Network is the status of a network whose interface the VF is.
func (vf VF) Network(name string) nadv1.NetworkStatus {
	return nadv1.NetworkStatus{
		Name: "lab/sriov-" + name, Interface: name, Mac: vf.MAC,
		DeviceInfo: &nadv1.DeviceInfo{
			Type: nadv1.DeviceInfoTypePCI, Version: nadv1.DeviceInfoVersion, Pci: &nadv1.PciDevice{PciAddress: vf.Address},
		},
	}
}

// Resource is the variable in which the device plugin names the devices.
func Resource(addresses ...string) string {
	return "PCIDEVICE_LAB_PODNET_IO_VF=" + strings.Join(addresses, ",")
}

// Start starts a command of the application on the pod.
func (p *Pod) Start(t *testing.T, command string, args ...string) *testpeer.Process {
	t.Helper()
	argv := slices.Concat(p.Under, []string{
		cmp.Or(p.Program, Wrapper), command, "--podinfo", filepath.Join(p.dir, "podinfo"), "--environ", filepath.Join(p.dir, "environ"),
	}, args)
	return peertest.Start(t, command, argv, p.As)
}

// RuntimeDir is the runtime directory of DPDK in a process of the application.
func (p *Pod) RuntimeDir(process *testpeer.Process) string {
	return filepath.Join(p.dir, "run/dpdk", fmt.Sprintf("podnet-%d", process.PID))
}

// Run runs a command of the application to its end, wants this exit code, and gives its
// output.
func (p *Pod) Run(t *testing.T, want int, command string, args ...string) (stdout, stderr string) {
	t.Helper()
	process := p.Start(t, command, args...)
	code, err := process.Wait(peertest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	if code != want {
		t.Errorf("%s: exit code %d, want %d", command, code, want)
	}
	return process.Stdout(), process.Stderr()
}

// Bench measures and gives the result. The emulated CPUs may have spoiled it.
func (p *Pod) Bench(t *testing.T, args ...string) (r result.Result) {
	t.Helper()
	process := p.Start(t, "bench", append(args, "-o", "json")...)
	code, err := process.Wait(peertest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	Decode(t, process.Stdout(), &r)
	if code != 0 && (code != peertest.NotValid || !peertest.Spoiled(r)) {
		t.Errorf("bench: exit code %d, because %q", code, r.Reason)
	}
	return r
}

// AsNobody makes the application run without privileges, except for these capabilities.
func (p *Pod) AsNobody(caps ...uintptr) {
	p.As.Credential, p.As.Caps = &syscall.Credential{Uid: nobody, Gid: nobody}, caps
}

// AsUser makes the application run like the manifests' pods with these capabilities added:
// as the image's user, from a file that permits them. test/k8s shows that a container
// runtime allows this without privilege escalation.
func (p *Pod) AsUser(t *testing.T, capabilities ...uintptr) {
	t.Helper()
	bounding := []string{"-all"}
	for _, c := range capabilities {
		bounding = append(bounding, fmt.Sprintf("+cap_%d", c))
	}
	id := strconv.Itoa(peertest.User)
	p.Under = []string{"setpriv", "--reuid=" + id, "--regid=" + id, "--clear-groups", "--inh-caps=-all", "--bounding-set=" + strings.Join(bounding, ",")}
	p.Program = peertest.Permitted(t, Wrapper, unix.CAP_IPC_LOCK, unix.CAP_NET_RAW, unix.CAP_SYS_RAWIO)
}

// WithoutVFIO makes the application run in a container without the nodes below /dev/vfio.
func (p *Pod) WithoutVFIO() {
	p.Under = []string{"unshare", "--mount", "sh", "-c", `mount -t tmpfs none /dev/vfio && exec "$@"`, "sh"}
}

// Refused wants run, or the given commands, to end with exit code 3, an empty standard
// output, and an error that contains all of these texts.
func (p *Pod) Refused(t *testing.T, says []string, commands ...[]string) {
	t.Helper()
	if commands == nil {
		commands = [][]string{{"run", "--mode", "io"}}
	}
	for _, command := range commands {
		stdout, stderr := p.Run(t, 3, command[0], command[1:]...)
		if stdout != "" {
			t.Errorf("%s: standard output %q", command[0], stdout)
		}
		for _, want := range says {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s does not say %q:\n%s", command[0], want, stderr)
			}
		}
	}
}

// Inspect gives the pod as inspect prints it.
func (p *Pod) Inspect(t *testing.T, args ...string) *podnet.Pod {
	t.Helper()
	stdout, _ := p.Run(t, 0, "inspect", append(args, "-o", "json")...)
	schematest.Pod(t, []byte(stdout))
	pod := new(podnet.Pod)
	Decode(t, stdout, pod)
	return pod
}

// Verdict gives the status and code of a check, such as "fail busy-group", or "pass". The
// command check ends with 3 if and only if a check fails.
func (p *Pod) Verdict(t *testing.T, id string, args ...string) string {
	t.Helper()
	process := p.Start(t, "check", append([]string{"-o", "json", "--for", "exec"}, args...)...)
	code, err := process.Wait(peertest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	schematest.Check(t, []byte(process.Stdout()))
	var report check.Report
	Decode(t, process.Stdout(), &report)
	if (code == 3) != (report.Status == check.Fail) || code != 0 && code != 3 {
		t.Errorf("check ended with %d, and says %s: %s", code, report.Status, process.Stderr())
	}
	var verdicts []string
	for _, r := range report.Results {
		if r.Check == id {
			verdicts = append(verdicts, strings.TrimSpace(fmt.Sprintf("%s %s", r.Status, r.Code)))
		} else if r.Status == check.Fail {
			t.Logf("%s: %s (%s)", r.Check, r.Cause, r.Code)
		}
	}
	return strings.Join(verdicts, ", ")
}

// Decode reads a JSON document that the application has written.
func Decode(t *testing.T, text string, value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), value); err != nil {
		t.Fatalf("standard output is not one JSON object: %v\n%s", err, text)
	}
}

// Interface is the pod's interface of that name.
func Interface(t *testing.T, pod *podnet.Pod, name string) podnet.Interface {
	t.Helper()
	i := slices.IndexFunc(pod.Interfaces, func(i podnet.Interface) bool { return i.Name == name })
	if i < 0 {
		t.Fatalf("no interface %s, but %+v", name, pod.Interfaces)
	}
	return pod.Interfaces[i]
}

// NoWarnings wants the pod to have no warning, except that it shares the guest's CPUs.
func NoWarnings(t *testing.T, pod *podnet.Pod) {
	t.Helper()
	for _, w := range pod.Warnings {
		if w.Code != "shared-cpus" {
			t.Errorf("warning: %+v", w)
		}
	}
}
