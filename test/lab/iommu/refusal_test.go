//go:build lab

package iommu

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

const nobody = 65534

// asNobody has the application run without privileges, but with these
// capabilities.
func asNobody(p *guest.Pod, caps ...uintptr) {
	p.As.Credential, p.As.Caps = &syscall.Credential{Uid: nobody, Gid: nobody}, caps
}

// give gives the device node of the VF to a user.
func give(t *testing.T, vf guest.VF, uid int) {
	t.Helper()
	if err := os.Chown(vf.Node(), uid, uid); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chown(vf.Node(), 0, 0) }) //nolint:errcheck // the next bind makes it anew
}

// checkRefused wants run, or the commands that are given, to end with exit code
// 3, nothing on standard output, and an error that says all of this.
func checkRefused(t *testing.T, p *guest.Pod, says []string, commands ...[]string) {
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

func TestRefusedOnKernelDriver(t *testing.T) {
	vf := guest.VFs[3].Bind(t, "igbvf")
	defer vf.VFIO(t)
	checkRefused(t, guest.NewVFPod(t, vf), []string{"net1", vf.Address, "igbvf", "vfio-pci"},
		[]string{"run", "--mode", "io"}, []string{"bench"}, []string{"exec"})
}

func TestRefusedUnbound(t *testing.T) {
	vf := guest.VFs[3].Bind(t, "")
	defer vf.VFIO(t)
	checkRefused(t, guest.NewVFPod(t, vf), []string{"net1", vf.Address, "bound to no driver"})
}

func TestRefusedAbsent(t *testing.T) {
	vf := guest.VFs[0]
	vf.Address = "0000:ff:1f.7"
	checkRefused(t, guest.NewVFPod(t, vf), []string{"net1", vf.Address, "is not there"})
}

func TestRefusedNodeOfOtherUser(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	pod := guest.NewVFPod(t, vf)
	asNobody(pod)
	checkRefused(t, pod, []string{"net1", vf.Node(), "permission denied"})
}

func TestRefusedNodeMissing(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	pod := guest.NewVFPod(t, vf)
	// A container that was not given the node.
	pod.Under = []string{"unshare", "--mount", "sh", "-c", `mount -t tmpfs none /dev/vfio && exec "$@"`, "sh"}
	checkRefused(t, pod, []string{"net1", vf.Node()})
}

func TestRefusedHeldByOther(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	peertest.StartTestpmd(t, 0, "rxonly", "-a", vf.Address)
	checkRefused(t, guest.NewVFPod(t, vf), []string{"net1", vf.Node(), "another process"})
}

func TestRefusedMemlock(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	give(t, vf, nobody)
	pod := guest.NewVFPod(t, vf)
	asNobody(pod)
	pod.Under = []string{"prlimit", "--memlock=8388608"}
	checkRefused(t, pod, []string{"net1", "8 MiB", "IPC_LOCK"})
}

func TestRefusedWithoutHugepages(t *testing.T) {
	const file = "/proc/sys/vm/nr_hugepages"
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.WriteFile(file, before, 0); err != nil {
			t.Error(err)
		}
	}()
	pod := guest.NewVFPod(t, guest.VFs[0].VFIO(t))
	checkRefused(t, pod, []string{"hugepages", "none are free"}, []string{"run", "--mode", "io", "--memory", "hugepages"})
	// Ordinary pages carry packets all the same.
	t.Run("none", func(t *testing.T) { benchBetweenVFs(t, guest.NewVFPod(t, guest.VFs[0].VFIO(t), guest.VFs[1].VFIO(t))) })
}

func itoa(n int) string { return fmt.Sprint(n) }
