//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// cpuSets are the CPU sets that the tests give to a pod: one CPU, and up to two of the
// machine's.
func cpuSets(t *testing.T) []cpuset.CPUSet {
	t.Helper()
	sets := []cpuset.CPUSet{cpuset.New(podCPU)}
	if peerCPU != podCPU {
		sets = append(sets, cpuset.New(peerCPU, podCPU))
	} else {
		t.Log("a pod with two CPUs is not tried: this machine has one")
	}
	return sets
}

// checkThreads checks where the threads of a DPDK process in the pod may run: an
// lcore that polls on one CPU, and all others on the rest of the pod's CPUs, or
// on the same when there is but one.
func checkThreads(t *testing.T, p *testpeer.Process, cpus cpuset.CPUSet) {
	t.Helper()
	last := cpus.List()[cpus.Size()-1]
	polling, control := cpuset.New(last), cpus.Difference(cpuset.New(last))
	if control.IsEmpty() {
		control = polling
	}
	if err := testpeer.Poll(settleTime, func() error {
		threads, err := testpeer.Threads(p.PID)
		if err != nil {
			return err
		}
		var workers int
		for _, thread := range threads {
			want := control
			if thread.Worker() {
				workers++
				want = polling
			}
			if !thread.CPUs.IsSubsetOf(want) {
				err = errors.Join(err, fmt.Errorf("thread %d (%s) may run on CPUs %s, want %s", thread.TID, thread.Name, thread.CPUs, want))
			}
		}
		if workers != 1 {
			err = errors.Join(err, fmt.Errorf("%d worker threads, want 1: %v", workers, threads))
		}
		return err
	}); err != nil {
		t.Errorf("%s in a pod with CPUs %s: %v", p.Name(), cpus, err)
	}
}

func TestRunKeepsItsThreadsApart(t *testing.T) {
	for _, cpus := range cpuSets(t) {
		t.Run(cpus.String(), func(t *testing.T) {
			pod := newPod(t, memif("net1", client), vhostUser("net2", client))
			peer := peerOf(t, pod, "rxonly")
			a := startAppAs(t, testpeer.Options{CPUs: cpus}, pod, "run", "--mode", "macswap", "-o", "json")
			peer.awaitLink(pod.networks...)
			peer.send(peertest.Burst, pod.networks...)
			checkThreads(t, a.Process, cpus)
			var want counters
			for _, n := range pod.networks {
				s := peer.rest(n)
				want.RxPackets += s.TxPackets
				want.TxPackets += s.RxPackets
			}
			r := a.stop(syscall.SIGTERM)
			last := cpus.List()[cpus.Size()-1]
			if len(r.Lcores) != 1 || r.Lcores[0].CPU != last || r.Lcores[0].CPUSeconds <= 0 {
				t.Errorf("lcores in the result: %+v, want one that polled on CPU %d", r.Lcores, last)
			}
			if r.Total.RxPackets != want.RxPackets || r.Total.TxPackets != want.TxPackets || want.TxPackets == 0 {
				t.Errorf("run received %d and sent %d; testpmd sent %d and received %d",
					r.Total.RxPackets, r.Total.TxPackets, want.RxPackets, want.TxPackets)
			}
		})
	}
}

// The arguments make the stock testpmd run on the same CPUs.
func TestExecOnCPUs(t *testing.T) {
	t.Parallel()
	for _, cpus := range cpuSets(t) {
		t.Run(cpus.String(), func(t *testing.T) {
			pod := newPod(t, vhostUser("net1", client), memif("net2", client))
			peer := peerOf(t, pod, "rxonly")
			inPod := execTestpmd(t, testpeer.Options{CPUs: cpus}, pod, "macswap")
			inPod.Command("start")
			peer.awaitLink(pod.networks...)
			checkExchange(t, peer, inPod, pod)
			checkThreads(t, inPod.Process, cpus)
		})
	}
}
