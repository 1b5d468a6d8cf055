//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// dut is the application standing in for the host, with faults that are known.
type dut struct {
	*testpeer.Process
	t *testing.T
}

// dutResult is the output of `dut -o json`.
type dutResult struct {
	runResult
	Faults struct {
		Dropped    uint64 `json:"dropped"`
		Overflowed uint64 `json:"overflowed"`
		Duplicated uint64 `json:"duplicated"`
		Reordered  uint64 `json:"reordered"`
	} `json:"faults"`
}

// startDut starts the host's side of the pod's sockets, which the pod connects to.
func startDut(t *testing.T, pod *scratchPod, args ...string) *dut {
	t.Helper()
	argv := []string{wrapper, "dut", "-o", "json"}
	for _, n := range pod.networks {
		argv = append(argv, "--"+n.kind, n.path)
	}
	d := &dut{peertest.Start(t, "dut", append(argv, args...), testpeer.Options{CPUs: cpuset.New(peerCPU)}), t}
	for _, n := range pod.networks {
		if err := d.Poll(2*settleTime, func() error {
			if !listening(t, n.path) {
				return fmt.Errorf("dut does not listen on %s", n.path)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// stop ends the device and returns what it counted.
func (d *dut) stop() (r dutResult) {
	d.t.Helper()
	d.Signal(syscall.SIGTERM)
	if code, err := d.Wait(settleTime); err != nil || code != 0 {
		d.t.Fatalf("dut: exit code %d, %v\n%s", code, err, d.Stderr())
	}
	if err := json.Unmarshal([]byte(d.Stdout()), &r); err != nil {
		d.t.Fatalf("dut: %v\n%s", err, d.Stdout())
	}
	return r
}

// throughDut lets a bench send through a device with these flags, and gives the counters of
// both, which have to agree. If the device gets no CPU for longer than a ring lasts, or than
// bench waits for it, frames are lost: then bench sends again.
func throughDut(t *testing.T, pod *scratchPod, dutArgs, benchArgs []string) (r benchResult, was dutResult) {
	t.Helper()
	if !peertest.Repeat(t, func() bool {
		d := startDut(t, pod, dutArgs...)
		r = startApp(t, pod, "bench", append(quietBench, benchArgs...)...).measured()
		was = d.stop()
		return r.TxRefused == 0 && was.Total.RxPackets == r.Sent.Packets && was.Total.TxPackets == r.Received.Packets+r.Duplicates
	}) {
		t.Errorf("bench sent %d and received %d, and dut %+v", r.Sent.Packets, r.Received.Packets, was.Total)
	}
	return r, was
}

// Jumbo frames get through, more of them than a ring has buffers.
func TestJumboFrames(t *testing.T) {
	const frames = 3000
	for _, n := range []socketNet{vhostUser("net1", client), memif("net1", client)} {
		t.Run(n.kind, func(t *testing.T) {
			r, _ := throughDut(t, newPod(t, n), []string{"--mtu", "9000"}, []string{"--rate", fmt.Sprint(frames), "--frame-size", "9018"})
			if r.Sent.Packets != frames || r.Lost != 0 {
				t.Errorf("sent %d of %d frames, and lost %d", r.Sent.Packets, frames, r.Lost)
			}
		})
	}
}

// If the device drops, doubles or reorders every Nth frame, bench counts exactly that.
func TestFaultsAreCounted(t *testing.T) {
	const frames, every = 1025, 50 // more come after the last that is held back
	for _, n := range []socketNet{vhostUser("net1", client), memif("net1", client)} {
		for _, tt := range []struct {
			fault                       string
			lost, duplicates, reordered uint64
		}{
			{fault: "loss", lost: frames / every},
			{fault: "duplicate", duplicates: frames / every},
			{fault: "reorder", reordered: frames / every},
		} {
			t.Run(n.kind+"/"+tt.fault, func(t *testing.T) {
				pod := newPod(t, n)
				// Slow enough for every ring to last while others have the CPU.
				r, was := throughDut(t, pod, []string{"--" + tt.fault, fmt.Sprintf("every:%d", every)}, []string{"--rate", fmt.Sprint(frames), "--flows", "1"})
				if r.Sent.Packets != frames || uint64(r.Lost) != tt.lost || r.Duplicates != tt.duplicates || r.Reordered != tt.reordered {
					t.Errorf("bench sent %d, lost %d, counts %d duplicates and %d reordered; want %d, %d, %d, %d",
						r.Sent.Packets, r.Lost, r.Duplicates, r.Reordered, frames, tt.lost, tt.duplicates, tt.reordered)
				}
				f := was.Faults
				if f.Dropped != tt.lost || f.Duplicated != tt.duplicates || f.Reordered != tt.reordered || f.Overflowed != 0 {
					t.Errorf("dut says that it dropped, doubled, reordered %+v; want %+v", f, tt)
				}
			})
		}
	}
}

// Both directions, many flows and a mix of sizes: nothing is counted twice, and
// each direction by itself.
func TestBenchBothWays(t *testing.T) {
	for _, networks := range [][]socketNet{
		{vhostUser("net1", client), vhostUser("net2", client)},
		{memif("net1", client), memif("net2", client)},
	} {
		t.Run(networks[0].kind, func(t *testing.T) {
			pod := newPod(t, networks...)
			r, _ := throughDut(t, pod, []string{"--forward", "bridge"}, []string{
				"--tx", "net1", "--rx", "net2", "--bidirectional",
				"--flows", "100", "--frame-size", "imix", "--rate", "1200", "--duration", "2s",
			})
			if r.Sent.Packets != 2400 || r.Received.Packets != 2400 || r.Duplicates != 0 || r.Reordered != 0 {
				t.Errorf("sent %d, received %d, %d duplicates, %d reordered; want 2400, 2400, 0, 0",
					r.Sent.Packets, r.Received.Packets, r.Duplicates, r.Reordered)
			}
			want := []direction{
				{Tx: "net1", Rx: "net2", Offered: 1200, Received: 1200},
				{Tx: "net2", Rx: "net1", Offered: 1200, Received: 1200},
			}
			if len(r.Directions) != 2 || r.Directions[0] != want[0] || r.Directions[1] != want[1] {
				t.Errorf("directions %+v, want %+v", r.Directions, want)
			}
			// 100 rounds of 12 frames each way.
			const bytes = 100 * (7*64 + 4*570 + 1*1518)
			for _, i := range r.Interfaces {
				if i.TxBytes != bytes || i.RxBytes != bytes {
					t.Errorf("%s: %d bytes sent, %d received; want %d", i.Name, i.TxBytes, i.RxBytes, bytes)
				}
			}
		})
	}
}

// A delay of the device is in every round-trip time.
func TestDelayIsInTheLatency(t *testing.T) {
	const delay = 3 * time.Millisecond
	pod := newPod(t, memif("net1", client))
	r, _ := throughDut(t, pod, []string{"--delay", delay.String()}, []string{"--rate", "1000"})
	// Times are kept to a thousandth.
	if least := 0.998 * float64(delay.Microseconds()); r.RTT == nil || r.RTT.Packets != 1000 || r.RTT.MinUs < least {
		t.Errorf("round-trip times %+v, want of 1000 packets, none below %s", r.RTT, delay)
	}
}

// If the generator cannot keep its schedule, the exit code is 5, and the result says so.
func TestGeneratorIsTheLimit(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	startDut(t, pod)
	a := startApp(t, pod, "bench", append(quietBench, "--rate", "2Gpps")...)
	a.exit(benchTimeout, 5)
	if r := a.benchResult(); r.Valid || !strings.Contains(r.Reason, "it was the limit, not the path") {
		t.Errorf("valid %t, because %q", r.Valid, r.Reason)
	}
}

// If a threshold is not met, the exit code is 4.
func TestThresholds(t *testing.T) {
	t.Parallel()
	pod := newPod(t, memif("net1", client))
	startDut(t, pod, "--loss", "every:10")
	for _, tt := range []struct {
		gate string
		code int
	}{
		{"--max-loss=50%", 0}, {"--max-loss=9%", 4}, {"--min-mpps=0.0005", 0}, {"--min-mpps=1", 4},
	} {
		a := benchUntilValid(t, pod, tt.code, append(quietBench, "--rate", "1000", tt.gate)...)
		if r := a.benchResult(); !r.Valid || r.Lost == 0 {
			t.Errorf("%s: valid %t (%s), lost %d", tt.gate, r.Valid, r.Reason, r.Lost)
		}
	}
}

// The search finds the rate at which the device forwards. Its precision needs time and a
// quiet machine: make bench-dut measures it.
func TestNDRFindsTheRate(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	// The rate is so low that the frames of 30 ms, in which other processes had the CPU, fit
	// into the queue and spoil no trial. Thanks to the queue a trial of 750 ms passes at up
	// to 8 % more than the rate.
	startDut(t, pod, "--rate", "1kpps", "--queue-depth", "64")
	var r benchResult
	found := func(g goal) bool {
		return g.Status == result.Regular && g.Lower != nil && 0.0008 < g.Lower.Mpps && g.Lower.Mpps < 0.0012
	}
	// A device that gets no CPU for longer than that carries less, and the search is
	// right to say so.
	if !peertest.Repeat(t, func() bool {
		a := benchUntilValid(t, pod, 0, "ndr", "--tx", "net1", "--frame-size", "64", "--dst-mac", "02:00:00:00:02:01",
			"--trial", "750ms", "--duration-sum", "750ms", "--max-rate", "4kpps", "--width", "5%", "-o", "json")
		r = a.benchResult()
		if len(r.Measurements) != 1 || len(r.Measurements[0].Goals) != 2 {
			t.Fatalf("result %+v, want one measurement with two goals", r)
		}
		goals := r.Measurements[0].Goals
		return found(goals[0]) && found(goals[1])
	}) {
		for _, g := range r.Measurements[0].Goals {
			t.Errorf("%s is %+v (%s), want about 0.001 Mpps", g.Name, g.Lower, g.Status)
		}
	}
}

// readResult reads a result from disk, which has to be valid at any time.
func readResult(t *testing.T, path string) result.Result {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	schematest.Result(t, data)
	r, err := result.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A path that carries nothing loses packets in every window, although no later packet shows
// that one is missing.
func TestSoakOfADeadPath(t *testing.T) {
	t.Parallel()
	pod := newPod(t, memif("net1", client))
	startDut(t, pod, "--loss", "every:1")
	a := startApp(t, pod, "bench", append([]string{"soak", "--tx", "net1", "--rate", "1000", "--window", "200ms"}, quietBench...)...)
	a.measured()
	var r result.Result
	a.decode(&r)
	got := r.Measurements[0].Trials[0]
	var lost uint64
	for _, w := range got.Windows {
		lost += w.Lost
	}
	if got.Offered != 1000 || got.Lost != 1000 || lost != 1000 || len(got.Windows) < 4 {
		t.Errorf("%d offered, %d lost, %d of them in %d windows; want 1000 in 4 at least", got.Offered, got.Lost, lost, len(got.Windows))
	}
}

// A run that is killed leaves its measurements so far, marked as not complete.
func TestKilledRunLeavesItsResult(t *testing.T) {
	t.Parallel()
	pod := newPod(t, memif("net1", client))
	startDut(t, pod, "--loss", "every:100")
	file := filepath.Join(pod.dir, "result.json")
	a := startApp(t, pod, "bench", "soak", "--tx", "net1", "--rate", "1000", "--duration", "1h", "--window", "200ms",
		"--dst-mac", "02:00:00:00:02:01", "--warmup", "0s", "--result-file", file)
	if err := a.Poll(benchTimeout, func() error {
		if _, err := os.Stat(file); err != nil {
			return err
		}
		if r := readResult(t, file); len(r.Measurements) == 0 || len(r.Measurements[0].Trials) == 0 {
			return fmt.Errorf("no trial in %s yet", file)
		} else if len(r.Measurements[0].Trials[0].Windows) == 0 { // a later packet of its flow shows a loss
			return fmt.Errorf("no window with loss in %s yet", file)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	a.Signal(syscall.SIGKILL)
	if _, err := a.Wait(settleTime); err != nil {
		t.Fatal(err)
	}
	r := readResult(t, file)
	if r.Complete || r.Valid || r.Ended != nil {
		t.Errorf("complete %t, valid %t, ended %v; want neither", r.Complete, r.Valid, r.Ended)
	}
	got := r.Measurements[0].Trials[0]
	if got.Offered == 0 || got.Received.Packets == 0 || len(got.Windows) == 0 {
		t.Errorf("trial: %d offered, %d received, %d windows with loss; want some", got.Offered, got.Received.Packets, len(got.Windows))
	}
	if left, err := filepath.Glob(file + "?*"); err != nil || len(left) > 1 {
		t.Errorf("beside the result lie %v, %v", left, err)
	}
}

// If an output cannot be written, the command fails before it measures.
func TestUnwritableResult(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	for _, flag := range []string{"--result-file", "--termination-log"} {
		a := startApp(t, pod, "bench", append(quietBench, flag+"="+filepath.Join(pod.dir, "absent", "result.json"))...)
		a.exit(settleTime, 1)
		if a.Stdout() != "" || !strings.Contains(a.Stderr(), flag) || !strings.Contains(a.Stderr(), "absent") {
			t.Errorf("%s: standard error %q, standard output %q", flag, a.Stderr(), a.Stdout())
		}
	}
}

// If the disk gets full, the run ends with exit code 1, and prints its measurements.
func TestDiskFull(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	disk := filepath.Join(pod.dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatalf("mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	startDut(t, pod)
	file := filepath.Join(disk, "result.json")
	a := startApp(t, pod, "bench", "fixed", "--rate", "1000", "--duration", "200ms", "--warmup", "0s", "--repeat", "1000",
		"--dst-mac", "02:00:00:00:02:01", "--result-file", file, "-o", "json")
	a.exit(2*time.Minute, 1)
	if !strings.Contains(a.Stderr(), "--result-file") || !strings.Contains(a.Stderr(), "no space left") {
		t.Errorf("standard error %q", a.Stderr())
	}
	printed := a.benchResult()
	onDisk := readResult(t, file)
	// The write that failed may have been of the last measurement's end.
	if n, m := len(printed.Measurements), len(onDisk.Measurements); n < 5 || m == 0 || m > n || onDisk.Complete {
		t.Errorf("%d measurements are printed, %d are on disk, complete %t; want no fewer than on disk, which is not complete", n, m, onDisk.Complete)
	}
}
