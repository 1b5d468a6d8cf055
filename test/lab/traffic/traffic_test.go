//go:build lab

package traffic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// packets is what one burst may be without being more than a VF's ring, of 512,
// can hold: the emulated NIC counts nowhere what it drops.
const packets = 256

// benchBetweenVFs has the pod send from its first VF to its second, and wants all
// packets back.
func benchBetweenVFs(t *testing.T, p *guest.Pod) {
	t.Helper()
	stdout, _ := p.Run(t, 0, "bench", "--tx", "net1", "--rx", "net2", "--rate", fmt.Sprint(packets), "--duration", "1s", "--warmup", "0s",
		"--calibrate=false", "-o", "json")
	var r result.Result
	guest.Decode(t, stdout, &r)
	trial := r.Measurements[0].Trials[0]
	if !r.Valid || trial.Sent.Packets != packets || trial.Received.Packets != packets || trial.Duplicates+trial.Reordered != 0 {
		t.Errorf("sent %d and received %d, %d twice, %d out of order (%s), want %d and 0",
			trial.Sent.Packets, trial.Received.Packets, trial.Duplicates, trial.Reordered, r.Reason, packets)
	}
}

// users are those that the application runs as: root, and nobody with what a pod
// gets and needs.
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

// stop tells run to end and gives what it counted.
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

// startPeer starts a testpmd on the VF, with its counters at 0: the VF counts on
// from what others did with it.
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
		answered := exchange(t, netns, "net1", kernel.MAC, vf.MAC)
		if answered != packets {
			t.Errorf("%d of %d frames came back", answered, packets)
		}
		checkCounts(t, stop(t, run), packets, packets)
	})
}

// exchange sends frames from the netdev in the namespace, and counts how many of
// them come back, each once and with its addresses exchanged.
func exchange(t *testing.T, netns, netdev, from, to string) (answered int) {
	t.Helper()
	// Back to the own namespace in the end: a thread that died would take with it
	// the processes that it has started.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	answered, err = exchangeIn(netns, netdev, from, to)
	if err := errors.Join(err, unix.Setns(int(own.Fd()), unix.CLONE_NEWNET)); err != nil {
		t.Fatal(err)
	}
	return answered
}

// etherType is one for experiments (IEEE 802, local experimental 1).
const etherType = 0x88b5

func exchangeIn(netns, netdev, from, to string) (int, error) {
	ns, err := os.Open("/run/netns/" + netns)
	if err != nil {
		return 0, err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return 0, err
	}
	dev, err := net.InterfaceByName(netdev)
	if err != nil {
		return 0, err
	}
	protocol := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, etherType))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(protocol))
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: dev.Index}); err != nil {
		return 0, err
	}
	// The default takes a hundred frames.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4<<20); err != nil {
		return 0, err
	}
	timeout := unix.NsecToTimeval(int64(time.Second))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return 0, err
	}
	src, err := net.ParseMAC(from)
	if err != nil {
		return 0, err
	}
	dst, err := net.ParseMAC(to)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 2048)
	seen := map[uint32]bool{}
	// receive takes an answer; false: none came.
	receive := func() (bool, error) {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err == unix.EAGAIN {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if !slices.Equal(buf[:6], src) || !slices.Equal(buf[6:12], dst) {
			return false, fmt.Errorf("a frame from %x to %x", buf[6:12], buf[:6])
		}
		number := binary.BigEndian.Uint32(buf[14:n])
		if seen[number] {
			return false, fmt.Errorf("frame %d came twice", number)
		}
		seen[number] = true
		return true, nil
	}
	send := func(number uint32) error {
		frame := make([]byte, 60)
		copy(frame, dst)
		copy(frame[6:], src)
		binary.BigEndian.PutUint16(frame[12:], etherType)
		binary.BigEndian.PutUint32(frame[14:], number)
		_, err := unix.Write(fd, frame)
		return err
	}
	for number := range uint32(packets) {
		if err := send(number); err != nil {
			return 0, err
		}
	}
	for {
		if more, err := receive(); err != nil || !more {
			return len(seen), err
		}
	}
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
