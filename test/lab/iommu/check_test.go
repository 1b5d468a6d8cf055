//go:build lab

package iommu

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// devices are the checks that are about a VF.
var devices = []string{"ports-ready", "vfio-nodes", "iommu-group", "vf-token", "memory-lock", "numa-local", "hugepages-limit"}

// Each check of a device finds what is really wrong, and nothing where all is well.
func TestCheck(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	for _, tt := range []struct {
		name  string
		wrong func(*testing.T, *guest.Pod)
		id    string
		want  string
	}{
		{"nothing", func(*testing.T, *guest.Pod) {}, "", ""},
		{"as nobody, with all that is needed", func(t *testing.T, p *guest.Pod) {
			vf.GiveToNobody(t)
			p.AsNobody(unix.CAP_IPC_LOCK)
		}, "", ""},
		{"VF on its kernel driver", func(t *testing.T, _ *guest.Pod) {
			vf.Bind(t, "igbvf")
			t.Cleanup(func() { vf.VFIO(t) })
		}, "ports-ready", "fail wrong-driver"},
		{"VF on no driver", func(t *testing.T, _ *guest.Pod) {
			vf.Bind(t, "")
			t.Cleanup(func() { vf.VFIO(t) })
		}, "ports-ready", "fail wrong-driver"},
		{"group held by another process", func(t *testing.T, _ *guest.Pod) {
			peertest.StartTestpmd(t, 0, "rxonly", "-a", vf.Address)
		}, "vfio-nodes", "fail busy-group"},
		{"node of another user", func(_ *testing.T, p *guest.Pod) { p.AsNobody(unix.CAP_IPC_LOCK) }, "vfio-nodes", "fail device-node-closed"},
		{"no nodes in the container", func(_ *testing.T, p *guest.Pod) { p.WithoutVFIO() }, "vfio-nodes", "fail device-node-missing, fail device-node-missing"},
		{"memory that may not be locked", func(t *testing.T, p *guest.Pod) {
			vf.GiveToNobody(t)
			p.AsNobody()
			p.Under = []string{"prlimit", "--memlock=8388608"}
		}, "memory-lock", "fail no-memory-lock"},
		{"as the image's user, with all that is needed", func(t *testing.T, p *guest.Pod) {
			vf.GiveTo(t, peertest.User)
			p.AsUser(t, unix.CAP_IPC_LOCK)
		}, "", ""},
		{"as the image's user, whose memory may not be locked", func(t *testing.T, p *guest.Pod) {
			vf.GiveTo(t, peertest.User)
			p.AsUser(t)
			p.Under = append([]string{"prlimit", "--memlock=8388608"}, p.Under...)
		}, "memory-lock", "fail no-memory-lock"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := guest.NewVFPod(t, vf)
			tt.wrong(t, p)
			if tt.id != "" {
				if got := p.Verdict(t, tt.id); got != tt.want {
					t.Errorf("%s says %q, want %q", tt.id, got, tt.want)
				}
				return
			}
			for _, id := range devices {
				want := "pass"
				if id == "numa-local" { // the guest's two CPUs are of two nodes, and the VF is on one
					want = "warn numa-remote"
				}
				if got := p.Verdict(t, id); got != want {
					t.Errorf("%s says %q, want %q", id, got, want)
				}
			}
		})
	}
}
