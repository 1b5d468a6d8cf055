//go:build lab

package traffic

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/netdev"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// packets is how many packets one burst has. They fit into a VF's ring of 512, because the
// emulated NIC does not count the packets that it drops.
const packets = 256

// benchBetweenVFs has the pod send from its first VF to its second, and wants all
// packets back.
func benchBetweenVFs(t *testing.T, p *guest.Pod, args ...string) result.Trial {
	t.Helper()
	r := p.Bench(t, append(args, "--tx", "net1", "--rx", "net2", "--rate", fmt.Sprint(packets), "--duration", "1s", "--warmup", "0s", "--calibrate=false")...)
	trial := r.Measurements[0].Trials[0]
	if trial.Sent.Packets != packets || trial.Received.Packets != packets || trial.Duplicates+trial.Reordered != 0 {
		t.Errorf("sent %d and received %d, %d twice, %d out of order (%s), want %d and 0",
			trial.Sent.Packets, trial.Received.Packets, trial.Duplicates, trial.Reordered, r.Reason, packets)
	}
	return trial
}

// users are the users that the application runs as: root, nobody with the rights that a pod
// needs, and the image's user like in the overlays' pods.
func users(t *testing.T, test func(t *testing.T, prepare func(p *guest.Pod, vfs ...guest.VF))) {
	t.Run("root", func(t *testing.T) { test(t, func(*guest.Pod, ...guest.VF) {}) })
	t.Run("nobody", func(t *testing.T) {
		test(t, func(p *guest.Pod, vfs ...guest.VF) {
			for _, vf := range vfs {
				vf.GiveToNobody(t)
			}
			p.AsNobody(unix.CAP_IPC_LOCK)
		})
	})
	t.Run("user of the image", func(t *testing.T) {
		test(t, func(p *guest.Pod, vfs ...guest.VF) {
			for _, vf := range vfs {
				vf.GiveTo(t, peertest.User)
			}
			p.AsUser(t, unix.CAP_IPC_LOCK)
		})
	})
}

// Two VFs of one pod, on one NIC and on two with a wire between them.
func TestBenchVFToVF(t *testing.T) {
	users(t, func(t *testing.T, prepare func(*guest.Pod, ...guest.VF)) {
		vfs := []guest.VF{guest.VFs[0].VFIO(t), guest.VFs[1].VFIO(t)}
		p := guest.NewVFPod(t, vfs...)
		prepare(p, vfs...)
		benchBetweenVFs(t, p)
	})
	t.Run("two NUMA nodes", func(t *testing.T) {
		benchBetweenVFs(t, guest.NewVFPod(t, guest.VFs[0].VFIO(t), guest.VFs[4].VFIO(t)))
	})
}

func TestBenchWithoutHugepages(t *testing.T) {
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
	pod.Refused(t, []string{"hugepages", "none are free"}, []string{"run", "--mode", "io", "--memory", "hugepages"})
	// Ordinary pages carry packets all the same.
	t.Run("none", func(t *testing.T) { benchBetweenVFs(t, guest.NewVFPod(t, guest.VFs[0].VFIO(t), guest.VFs[1].VFIO(t))) })
}

// stop ends run and gives its counters.
func stop(t *testing.T, p *testpeer.Process) result.Run {
	t.Helper()
	p.Signal(syscall.SIGTERM)
	if code, err := p.Wait(peertest.Patience); err != nil || code != 0 {
		t.Fatalf("exit code %d (%v), want 0", code, err)
	}
	var r result.Run
	guest.Decode(t, p.Stdout(), &r)
	return r
}

func checkCounts(t *testing.T, got result.Run, received, sent uint64) {
	t.Helper()
	if got.Total.RxPackets != received || got.Total.TxPackets != sent {
		t.Errorf("run received %d and sent %d, want %d and %d", got.Total.RxPackets, got.Total.TxPackets, received, sent)
	}
}

// startPeer starts a testpmd on the VF and sets its counters to 0. Otherwise the VF would
// go on from the counters of earlier users.
func startPeer(t *testing.T, vf guest.VF) *peertest.Testpmd {
	t.Helper()
	peer := peertest.StartTestpmd(t, 0, "rxonly", "-a", vf.Address)
	peer.AwaitLink(vf.Address)
	clearStats(peer, vf)
	return peer
}

func clearStats(p *peertest.Testpmd, vf guest.VF) {
	p.Command("clear port stats all")
	p.Await("the counters to be 0", func() error {
		if s := p.Stats(vf.Address); s != (testpeer.PortStats{}) {
			return fmt.Errorf("they are %+v", s)
		}
		return nil
	})
}

// sendTo has a testpmd send so many packets from its VF to another's address.
func sendTo(p *peertest.Testpmd, vf, to guest.VF) {
	p.Command("set eth-peer 0 %s", to.MAC)
	p.Command("start tx_first %d", packets/peertest.Burst)
	p.Await("sending", func() error {
		if n := p.Stats(vf.Address).TxPackets; n != packets {
			return fmt.Errorf("sent %d of %d", n, packets)
		}
		return nil
	})
}

func TestRunAgainstTestpmd(t *testing.T) {
	users(t, func(t *testing.T, prepare func(*guest.Pod, ...guest.VF)) {
		vf, other := guest.VFs[0].VFIO(t), guest.VFs[1].VFIO(t)
		p := guest.NewVFPod(t, vf)
		prepare(p, vf)
		run := startRun(t, p, "macswap")
		peer := startPeer(t, other)
		sendTo(peer, other, vf)
		peer.AwaitRx(other.Address, packets)
		checkCounts(t, stop(t, run), packets, packets)
	})
}

// startRun starts run and waits until it forwards, which is later than a VF has a
// link.
func startRun(t *testing.T, p *guest.Pod, mode string) *testpeer.Process {
	t.Helper()
	run := p.Start(t, "run", "--mode", mode, "-o", "json")
	if err := run.Poll(peertest.Patience, func() error {
		if !strings.Contains(run.Stderr(), "net1 rx") {
			return errors.New("run has not counted yet")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return run
}

// Run answers a kernel's VF, which has sent what it gets back.
func TestRunAgainstKernelVF(t *testing.T) {
	users(t, func(t *testing.T, prepare func(*guest.Pod, ...guest.VF)) {
		netns := guest.NewNetns(t, "other")
		kernel := guest.VFs[2].Kernel(t, netns, "net1")
		defer kernel.VFIO(t)
		vf := guest.VFs[0].VFIO(t)
		p := guest.NewVFPod(t, vf)
		prepare(p, vf)
		run := startRun(t, p, "macswap")
		answered := netdev.Exchange(t, "/run/netns/"+netns, "net1", netdev.Frames{From: kernel.MAC, To: vf.MAC, Count: packets, Bytes: 60})
		if answered != packets {
			t.Errorf("%d of %d frames came back", answered, packets)
		}
		checkCounts(t, stop(t, run), packets, packets)
	})
}

// Exec becomes a stock testpmd on the pod's VF, for a user without privileges too.
func TestExecTestpmd(t *testing.T) {
	vf, other := guest.VFs[0].VFIO(t), guest.VFs[1].VFIO(t)
	p := guest.NewVFPod(t, vf)
	vf.GiveToNobody(t)
	p.AsNobody(unix.CAP_IPC_LOCK)
	inPod := p.Start(t, "exec", append([]string{"--app", "testpmd", "--"}, peertest.TestpmdArgs("macswap")...)...)
	dpdk := peertest.Attach(t, inPod, p.RuntimeDir(inPod))
	clearStats(dpdk, vf)
	dpdk.Command("start")
	peer := startPeer(t, other)
	sendTo(peer, other, vf)
	peer.AwaitRx(other.Address, packets)
	if s := dpdk.Stats(vf.Address); s.RxPackets != packets || s.TxPackets != packets {
		t.Errorf("testpmd in the pod: %+v, want %d each way", s, packets)
	}
}
