//go:build instructions && linux

// Package instructions compares the loops' instructions per packet with a committed
// baseline and with dpdk-testpmd's. Valgrind counts them, so that neither the clock nor
// other processes matter. It does not measure time: test/benchpeers does. Start with
// works; testdata has the baseline.
package instructions

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/loops"
	"github.com/podnet/podnet/test/internal/testpeer"
)

var update = flag.Bool("update", false, "write the baseline of this compiler and DPDK")

const (
	// slack is how much worse than the baseline a figure may be.
	slack = 0.03
	// packets is so large that the instructions of the thread's start and end vanish.
	packets = 300_000
	// testpmdTime is the CPU time in which testpmd's polling thread moves about as many.
	testpmdTime = 800 * time.Millisecond
	// patience bounds waits, on a busy machine, too.
	patience = 5 * time.Minute
)

// works are the measured loops. testpmd's loops are measured with podnet's burst size.
var works = []struct {
	name    string
	vdev    string
	testpmd string  // testpmd's forwarding mode; empty: it has no such loop
	least   float64 // least ratio of testpmd's instructions to ours
}{
	{"io", "net_null0,size=64", "io", 0.99},
	{"mac", "net_null0,size=64", "mac", 1.05},
	{"macswap", "net_null0,size=64", "macswap", 1.02},
	{"txonly", "net_null0,size=64", "txonly", 1.9},
	{"generate", "net_null0,size=64", "txonly", 1.3},
	{"verify", "net_ring0", "", 0},
	{"floor", "net_null0,size=64", "", 0},
}

func TestInstructionsPerPacket(t *testing.T) {
	where, err := environment()
	if err != nil {
		t.Fatal(err)
	}
	baseline, err := readBaseline()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "loops")
	if err := loops.Build("../..", program); err != nil {
		t.Fatal(err)
	}
	got := map[string]figures{}
	testpmd := map[string]float64{}
	for _, w := range works {
		t.Run(w.name, func(t *testing.T) {
			f := ours(t, program, w.name, w.vdev)
			if w.testpmd != "" {
				if testpmd[w.testpmd] == 0 {
					testpmd[w.testpmd] = peers(t, w.testpmd, w.vdev)
				}
				f.Testpmd = testpmd[w.testpmd]
				if ratio := f.Testpmd / f.All; ratio < w.least {
					t.Errorf("testpmd's %s takes %.1f instructions per packet, ours %.1f: ratio %.3f, want at least %g",
						w.testpmd, f.Testpmd, f.All, ratio, w.least)
				}
			}
			t.Logf("%.2f of the loop, %.2f of the thread, %.2f of testpmd's", f.Own, f.All, f.Testpmd)
			got[w.name] = f
			if *update {
				return
			}
			base, known := baseline[where][w.name]
			if !known {
				t.Logf("%s has no baseline for %s: run the test with -update there", baselineFile, where)
				return
			}
			worse(t, "the loop's", f.Own, base.Own)
			worse(t, "the thread's", f.All, base.All)
			if base.Testpmd > 0 {
				worse(t, "the share of testpmd's", f.All/f.Testpmd, base.All/base.Testpmd)
			}
		})
	}
	if *update && !t.Failed() {
		baseline[where] = got
		if err := writeBaseline(baseline); err != nil {
			t.Fatal(err)
		}
	}
}

func worse(t *testing.T, what string, got, base float64) {
	t.Helper()
	if got > base*(1+slack) {
		t.Errorf("%s instructions per packet: %.3f, and the baseline is %.3f: more than %g %% above. "+
			"If that is meant, write a new one with -update", what, got, base, slack*100)
	}
}

// ours measures one of our loops.
func ours(t *testing.T, program, work, vdev string) figures {
	p, profile := start(t, append([]string{program, work, strconv.Itoa(packets), "--"}, ealArgs(vdev)...))
	moved := end(t, p, regexp.MustCompile(`(?m)^packets (\d+) `))
	c, err := polling(profile, program)
	if err != nil {
		t.Fatal(err)
	}
	return figures{Own: perPacket(c.own, moved), All: perPacket(c.total, moved)}
}

// peers measures a loop of testpmd.
func peers(t *testing.T, mode, vdev string) float64 {
	argv := append([]string{"/usr/bin/dpdk-testpmd"}, ealArgs(vdev)...)
	argv = append(argv, "--", "--auto-start", "--nb-cores=1", "--no-mlockall", "--burst=64", "--rxd=1024", "--txd=1024",
		"--total-num-mbufs=4096", "--mbcache=256", "--txpkts=60", "--forward-mode="+mode)
	p, profile := start(t, argv)
	if err := p.Poll(patience, func() error {
		threads, err := testpeer.Threads(p.PID)
		if err != nil {
			return err
		}
		for _, thread := range threads {
			used, err := thread.CPUTime()
			if thread.Worker() && err == nil && used > testpmdTime {
				return nil
			}
		}
		return fmt.Errorf("testpmd does not poll")
	}); err != nil {
		t.Fatalf("%v\n%s%s", err, p.Stdout(), p.Stderr())
	}
	p.Stdin.Close()
	moved := end(t, p, regexp.MustCompile(`Accumulated[^\n]*\n[^\n]*\n\s*TX-packets: (\d+)`))
	c, err := polling(profile, "")
	if err != nil {
		t.Fatal(err)
	}
	return perPacket(c.total, moved)
}

// ealArgs are the same for both. DPDK may use only the registers that all supported
// machines have, so that the instructions do not depend on this machine.
func ealArgs(vdev string) []string {
	return []string{
		"--no-pci", "--no-huge", "-m", "128", "--no-telemetry", "--iova-mode", "va", "--lcores", lcores(),
		"--force-max-simd-bitwidth", "128", "--vdev", vdev,
	}
}

func lcores() string {
	threads, err := testpeer.Threads(os.Getpid())
	if err != nil {
		panic(err)
	}
	cpus := threads[0].CPUs.List()
	return fmt.Sprintf("0@%d,1@%d", cpus[0], cpus[len(cpus)-1])
}

// start starts a program under valgrind, and names the profile that it will write, a
// file for each thread.
func start(t *testing.T, argv []string) (*testpeer.Process, string) {
	dir := t.TempDir()
	profile := filepath.Join(dir, "profile")
	argv = append([]string{
		// Without fair-sched a polling thread may keep the others of its process waiting
		// for a minute, on a quiet machine more than on a busy one.
		"/usr/bin/valgrind", "--tool=callgrind", "--fair-sched=try", "--separate-threads=yes", "--callgrind-out-file=" + profile,
	}, argv...)
	p, err := testpeer.Start(dir, "valgrind", argv, testpeer.Options{Env: []string{"RUNTIME_DIRECTORY=" + dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, profile
}

// end waits for the end, and reads how many packets there were.
func end(t *testing.T, p *testpeer.Process, packets *regexp.Regexp) uint64 {
	t.Helper()
	code, err := p.Wait(patience)
	match := packets.FindStringSubmatch(p.Stdout())
	if err != nil || code != 0 || match == nil {
		t.Fatalf("exit code %d, %v, packets %q\n%s%s", code, err, match, p.Stdout(), p.Stderr())
	}
	moved, err := strconv.ParseUint(match[1], 10, 64)
	if err != nil || moved == 0 {
		t.Fatalf("%q packets: %v", match[1], err)
	}
	return moved
}

func perPacket(n, packets uint64) float64 {
	return math.Round(float64(n)/float64(packets)*1000) / 1000
}
