//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// app is the application under test, running on a scratch pod.
type app struct {
	*testpeer.Process
	t       *testing.T
	pod     *scratchPod
	prefix  string // of its runtime files: commands that start DPDK have one of their own
	started time.Time
}

// startApp starts a command of the application on the pod, on the pod's CPU.
func startApp(t *testing.T, pod *scratchPod, command string, args ...string) *app {
	t.Helper()
	return startAppAs(t, testpeer.Options{CPUs: cpuset.New(podCPU)}, pod, command, args...)
}

func startAppAs(t *testing.T, o testpeer.Options, pod *scratchPod, command string, args ...string) *app {
	t.Helper()
	started := time.Now()
	p := peertest.Start(t, command, slices.Concat(pod.under, []string{wrapper, command}, pod.flags(), args), o)
	return &app{Process: p, t: t, pod: pod, prefix: fmt.Sprintf("podnet-%d", p.PID), started: started}
}

// exit waits for the application's end, and wants this exit code and nothing left behind.
func (a *app) exit(timeout time.Duration, want int) {
	a.t.Helper()
	code, err := a.Wait(timeout)
	if err != nil {
		a.t.Fatal(err)
	}
	if code != want {
		a.t.Errorf("%s: exit code %d, want %d", a.Name(), code, want)
	}
	a.checkLeft()
}

// measured waits for the end of a bench and returns the result. The test is about the
// counters, so the result may be not valid because the generator was late.
func (a *app) measured() benchResult {
	a.t.Helper()
	code, err := a.Wait(2 * benchTimeout)
	if err != nil {
		a.t.Fatal(err)
	}
	r := a.benchResult()
	var whole result.Result
	a.decode(&whole)
	if code != 0 && (code != peertest.NotValid || !peertest.Spoiled(whole)) {
		a.t.Errorf("%s: exit code %d, because %q; want 0, or %d because of the machine", a.Name(), code, r.Reason, peertest.NotValid)
	}
	a.checkLeft()
	return r
}

// benchUntilValid runs a bench on the pod until the machine lets it be valid, and
// wants this exit code of it. It returns the last one.
func benchUntilValid(t *testing.T, pod *scratchPod, want int, args ...string) *app {
	t.Helper()
	var a *app
	peertest.Repeat(t, func() bool {
		a = startApp(t, pod, "bench", args...)
		code, err := a.Wait(2 * benchTimeout)
		if err != nil {
			t.Fatal(err)
		}
		return code != peertest.NotValid
	})
	a.exit(0, want)
	return a
}

// stop sends a signal, wants exit code 0 promptly and returns what was
// reported.
func (a *app) stop(sig os.Signal) runResult {
	a.t.Helper()
	a.Signal(sig)
	a.exit(promptly, 0)
	return a.runResult()
}

// checkLeft reports what the application has left behind.
func (a *app) checkLeft() {
	a.t.Helper()
	if err := unix.Kill(-a.PID, 0); !errors.Is(err, unix.ESRCH) {
		a.t.Errorf("%s has left a process in its group %d (%v)", a.Name(), a.PID, err)
	}
	left := []string{
		testpeer.RuntimeDir(a.prefix),
		filepath.Join(a.pod.dir, "dpdk", a.prefix), // where nobody has it
	}
	for _, mount := range hugetlbfsMounts(a.t) {
		left = append(left, filepath.Join(mount, a.prefix+"*"))
	}
	for _, n := range a.pod.networks {
		if n.role == server {
			left = append(left, n.path)
		}
	}
	for _, pattern := range left {
		found, err := filepath.Glob(pattern)
		if err != nil {
			a.t.Fatal(err)
		}
		for _, path := range found {
			// Older files belong to another process that once had this id.
			if info, err := os.Lstat(path); err == nil && info.ModTime().After(a.started) {
				a.t.Errorf("%s has left %s behind", a.Name(), path)
			}
		}
	}
}

func hugetlbfsMounts(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	var mounts []string
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "hugetlbfs" {
			mounts = append(mounts, f[1])
		}
	}
	return mounts
}

// counters are the counters of `run` and `bench`; bytes are on the wire, with the FCS.
type counters struct {
	RxPackets uint64 `json:"rxPackets"`
	RxBytes   uint64 `json:"rxBytes"`
	TxPackets uint64 `json:"txPackets"`
	TxBytes   uint64 `json:"txBytes"`
	TxRefused uint64 `json:"txRefused"`
	RxMissed  uint64 `json:"rxMissed"`
	RxErrors  uint64 `json:"rxErrors"`
	RxNoMbuf  uint64 `json:"rxNoMbuf"`
	TxErrors  uint64 `json:"txErrors"`
}

type interfaceResult struct {
	Name string `json:"name"`
	Port string `json:"port"`
	MAC  string `json:"mac"`
	counters
}

type lcoreResult struct {
	Lcore      int     `json:"lcore"`
	CPU        int     `json:"cpu"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

// runResult is the output of `run -o json`.
type runResult struct {
	Schema     string            `json:"schema"`
	Mode       string            `json:"mode"`
	Seconds    float64           `json:"seconds"`
	Interfaces []interfaceResult `json:"interfaces"`
	Total      counters          `json:"total"`
	Lcores     []lcoreResult     `json:"lcores"`
}

type rate struct {
	Packets uint64  `json:"packets"`
	Mpps    float64 `json:"mpps"`
	GbpsL1  float64 `json:"gbpsL1"`
	GbpsL2  float64 `json:"gbpsL2"`
}

// benchResult is the output of `bench -o json`.
type benchResult struct {
	Schema       string `json:"schema"`
	Complete     bool   `json:"complete"`
	Valid        bool   `json:"valid"`
	Reason       string `json:"reason"`
	Measurements []struct {
		Goals  []goal  `json:"goals"`
		Trials []trial `json:"trials"`
	} `json:"measurements"`

	trial // the one that bench fixed measures
}

type goal struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Lower  *rate  `json:"lower"`
}

type trial struct {
	Phase      string            `json:"phase"`
	Seconds    float64           `json:"seconds"`
	Offered    uint64            `json:"offered"`
	Sent       rate              `json:"sent"`
	Received   rate              `json:"received"`
	Lost       int64             `json:"lost"`
	TxRefused  uint64            `json:"txRefused"`
	Duplicates uint64            `json:"duplicates"`
	Reordered  uint64            `json:"reordered"`
	RxOther    uint64            `json:"rxOther"`
	RTT        *rtt              `json:"rtt"`
	Directions []direction       `json:"directions"`
	Interfaces []interfaceResult `json:"interfaces"`
}

type rtt struct {
	Packets uint64  `json:"packets"`
	MinUs   float64 `json:"minUs"`
}

type direction struct {
	Tx       string `json:"tx"`
	Rx       string `json:"rx"`
	Offered  uint64 `json:"offered"`
	Received uint64 `json:"received"`
	Lost     uint64 `json:"lost"`
}

func (a *app) runResult() (r runResult) {
	a.t.Helper()
	a.decode(&r)
	if r.Schema != "podnet.run/v1" {
		a.t.Errorf("schema %q, want podnet.run/v1", r.Schema)
	}
	return r
}

func (a *app) benchResult() (r benchResult) {
	a.t.Helper()
	a.decode(&r)
	if r.Schema != "podnet.result/v1" {
		a.t.Errorf("schema %q, want podnet.result/v1", r.Schema)
	}
	schematest.Result(a.t, []byte(a.Stdout()))
	if n := len(r.Measurements); n > 0 {
		if trials := r.Measurements[n-1].Trials; len(trials) > 0 {
			r.trial = trials[len(trials)-1]
		}
	}
	return r
}

// decode wants one JSON value on the application's standard output, and nothing else.
func (a *app) decode(value any) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.Stdout()), value); err != nil {
		a.t.Fatalf("%s: standard output is not one JSON object: %v\n%s", a.Name(), err, a.Stdout())
	}
}

// of returns the counters of the pod's interface.
func of(t *testing.T, interfaces []interfaceResult, name string) interfaceResult {
	t.Helper()
	i := slices.IndexFunc(interfaces, func(i interfaceResult) bool { return i.Name == name })
	if i < 0 {
		t.Fatalf("no interface %s in the result, but %+v", name, interfaces)
	}
	return interfaces[i]
}

// awaitWaiting waits until the application surely waits for the missing part of the pod: a
// while after it has read its first file, and so after it handles signals.
func (a *app) awaitWaiting() {
	a.t.Helper()
	if err := a.Poll(settleTime, func() error {
		fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", a.PID))
		for _, fd := range fds {
			// Go's runtime makes it for the first file.
			if link, _ := os.Readlink(fd); link == "anon_inode:[eventpoll]" {
				return err
			}
		}
		return fmt.Errorf("%s has opened no file (%w)", a.Name(), err)
	}); err != nil {
		a.t.Fatal(err)
	}
	time.Sleep(late)
	if !a.Running() {
		a.t.Fatalf("%s has not waited", a.Name())
	}
}

// awaitListening waits until somebody listens on the socket. It does not connect: DPDK
// would take the test for the peer.
func (a *app) awaitListening(n socketNet) {
	a.t.Helper()
	if err := a.Poll(2*settleTime, func() error {
		if !listening(a.t, n.path) {
			return fmt.Errorf("nobody listens on %s", n.path)
		}
		return nil
	}); err != nil {
		a.t.Fatal(err)
	}
}

func listening(t *testing.T, path string) bool {
	t.Helper()
	const acceptsConnections = "00010000" // __SO_ACCEPTCON
	b, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 8 && f[7] == path && f[3] == acceptsConnections {
			return true
		}
	}
	return false
}

// says wants all of it on the application's standard error.
func (a *app) says(want ...string) {
	a.t.Helper()
	text := a.Stderr()
	for _, w := range want {
		if !strings.Contains(text, w) {
			a.t.Errorf("standard error lacks %q:\n%s", w, text)
		}
	}
}
