//go:build e2e

// Package chaos injects faults into bench, run and dut at moments that a seed decides:
// signals, stops, kills, less CPU, and peers that come and go. Whatever happens, a command
// ends in time, reports its measurements, and leaves nothing behind. It does not test one
// fault in detail: test/e2e does. Start with round, whose methods are the faults.
package chaos

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/scratchpod"
	"github.com/podnet/podnet/test/internal/testpeer"
)

var (
	duration = flag.Duration("chaos", 30*time.Second, "how long to go on")
	seed     = flag.Uint64("seed", 1, "what the faults are drawn from")
)

// wrapper is the program under test.
var wrapper = os.Getenv("PODNET_BIN")

const (
	// natural is the time within which a command ends that nobody stops: it waits for a
	// peer and for a probe, warms up, measures several times, repeats a measurement that a
	// fault spoiled, and closes.
	natural = 60 * time.Second
	// inTime is how soon a command ends after a signal, and slack the time that a busy
	// machine may add.
	inTime = 2 * time.Second
	slack  = time.Second
	// rate is bench's load, in packets per second, and ring the number of packets that a
	// Tx ring holds. If bench stands still for a shorter time than ring packets take, it
	// can still send all of them. The pauses of a quota are longer.
	rate, ring = 20_000, 1024
)

func TestChaos(t *testing.T) {
	if wrapper == "" {
		t.Fatal("PODNET_BIN names no program: run make test-chaos")
	}
	var err error
	if cpus, err = twoCPUs(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	rounds := 0
	var judged judged
	for ; time.Since(begin) < *duration; rounds++ {
		if !t.Run(fmt.Sprintf("seed %d, round %d", *seed, rounds), func(t *testing.T) {
			r := round{T: t, rand: rand.New(rand.NewPCG(*seed, uint64(rounds))), n: rounds}
			if r.run(); t.Failed() {
				t.Logf("the faults were:\n%s", strings.Join(r.log(), "\n"))
			}
			judged.add(r.judged)
		}) {
			break
		}
	}
	t.Logf("%d rounds in %s; of bench's trials %d were valid, and %d were not", rounds, time.Since(begin).Round(time.Second), judged.valid, judged.not)
	if enough := 100; rounds > enough && judged.valid == 0 {
		t.Errorf("no trial of %d rounds was valid, so the test has checked no claim", rounds)
	}
	checkSwept(t)
}

// checkSwept wants the next start to remove what killed processes left.
func checkSwept(t *testing.T) {
	t.Helper()
	out, err := exec.Command(wrapper, "run", "--vdev", "net_ring0", "--memory", "none", "-d", "100ms").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	left, err := filepath.Glob(testpeer.RuntimeDir("podnet-[0-9]*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range left {
		if pid := strings.TrimPrefix(filepath.Base(dir), "podnet-"); unix.Access("/proc/"+pid, unix.F_OK) != nil {
			t.Errorf("%s is left", dir)
		}
	}
}

// round is one command under test, its peer, and what happens to both.
type round struct {
	*testing.T
	rand *rand.Rand
	n    int

	dir, file string
	pod       scratchpod.Pod
	command   string
	iface     string
	subject   *testpeer.Process
	peer      *testpeer.Process
	faults    []fault
	started   time.Time
	told      time.Time // when the command got its signal; zero: never
	killed    bool
	slow      bool           // the command has had less CPU
	early     syscall.Signal // a signal from before the command handled signals; 0: there was none
	judged    judged
}

// fault is a fault and its time.
type fault struct {
	what     string
	from, to time.Time
	harm     time.Duration // how long it may last within a valid trial; 0: any time
}

// How long faults may last within a valid trial. The limits include the intervals at which
// DPDK checks its peer, and the kernel's periods of a quota.
const (
	harmStill     = ring*time.Second/rate + 50*time.Millisecond
	harmThrottled = 250 * time.Millisecond
	harmAbsent    = 100 * time.Millisecond
)

// judged is how many trials bench called valid, and how many not.
type judged struct{ valid, not int }

func (j *judged) add(more judged) { j.valid, j.not = j.valid+more.valid, j.not+more.not }

// cpus are where the command and its peer poll.
var cpus [2]cpuset.CPUSet

// twoCPUs gives a CPU to each of two, or the only one to both.
func twoCPUs() (two [2]cpuset.CPUSet, err error) {
	threads, err := testpeer.Threads(os.Getpid())
	if err != nil {
		return two, err
	}
	list := threads[0].CPUs.List()
	return [2]cpuset.CPUSet{cpuset.New(list[min(1, len(list)-1)]), cpuset.New(list[0])}, nil
}

func (r *round) log() (lines []string) {
	for _, f := range r.faults {
		lines = append(lines, fmt.Sprintf("%s %s until %s", f.from.Format("15:04:05.000"), f.what, f.to.Format("15:04:05.000")))
	}
	return append([]string{r.command + " on " + r.iface}, lines...)
}

// note adds a fault that begins now, with the time that it may last within a valid trial.
// The returned function ends it.
func (r *round) note(what string, harm time.Duration) (end func()) {
	r.faults = append(r.faults, fault{what: what, from: time.Now(), harm: harm})
	i := len(r.faults) - 1
	end = func() { r.faults[i].to = time.Now() }
	end()
	return end
}

func (r *round) between(least, most time.Duration) time.Duration {
	return least + time.Duration(r.rand.Int64N(int64(most-least)))
}

func (r *round) run() {
	var err error
	if r.dir, err = os.MkdirTemp("/tmp", "podnet-chaos-"); err != nil {
		r.Fatal(err)
	}
	defer os.RemoveAll(r.dir)
	if r.pod, err = scratchpod.Create(r.dir); err != nil {
		r.Fatal(err)
	}
	r.file = filepath.Join(r.dir, "result.json")
	r.iface = []string{"net1", "net3"}[r.rand.IntN(2)] // vhost-user, memif
	r.command = []string{"bench", "bench", "run", "dut"}[r.rand.IntN(4)]
	r.start()
	defer r.subject.Kill()
	for range 1 + r.rand.IntN(3) {
		time.Sleep(r.between(0, 1500*time.Millisecond))
		faults := []func(){r.signal, r.stop, r.kill, r.throttle, r.peerStops, r.peerDies, r.peerComesBack}
		faults[r.rand.IntN(len(faults))]()
	}
	if r.told.IsZero() && r.command == "dut" { // it has no end of its own
		r.signal()
	}
	r.checkEnd()
	if r.peer != nil {
		r.peer.Kill()
	}
}

// start starts the peer, most of the time, and the command.
func (r *round) start() {
	defer func() { r.started = time.Now() }()
	pod := []string{"--podinfo", r.pod.Podinfo, "--environ", r.pod.Environ, "--interfaces", r.iface, "--peer-timeout", "2s"}
	switch r.command {
	case "dut":
		r.subject = r.process(0, "dut", r.dutArgs()...)
		r.peer = r.process(1, "run", append(pod, "--mode", "txonly", "--rate", "10kpps")...)
		return
	case "run":
		pod = append(pod, "--mode", "txonly", "--rate", "10kpps", "-d", "3s")
	case "bench":
		pod = append(pod, "--rate", fmt.Sprint(rate), "-d", "500ms", "--repeat", "4", "--warmup", "100ms", "--result-file", r.file)
	}
	if r.rand.IntN(8) > 0 {
		r.peerComesBack()
	}
	r.subject = r.process(0, r.command, pod...)
}

func (r *round) dutArgs() []string {
	kind := map[string]string{"net1": "--vhost-user", "net3": "--memif"}[r.iface]
	return []string{kind, r.pod.Socket(r.iface), "--memory", "none"}
}

func (r *round) process(cpu int, command string, args ...string) *testpeer.Process {
	return peertest.Start(r.T, fmt.Sprintf("%s-%d-%d", command, r.n, time.Now().UnixNano()),
		append([]string{wrapper, command}, args...), testpeer.Options{CPUs: cpus[cpu]})
}

// signal tells the command to end, now and then twice at once as timeout(1) does.
func (r *round) signal() {
	sig := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[r.rand.IntN(3)]
	r.note(sig.String(), 0)
	// Before its main begins, a signal ends it like any program.
	if time.Since(r.started) < slack || !r.mindsSignals() {
		r.early = sig
	}
	r.subject.Signal(sig)
	if r.rand.IntN(4) == 0 {
		r.subject.Signal(sig)
	}
	if r.told.IsZero() {
		r.told = time.Now()
	}
}

// mindsSignals reports whether the command surely handles signals: it has opened a file.
// For the first file Go's runtime makes a descriptor that is visible in /proc.
func (r *round) mindsSignals() bool {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", r.subject.PID))
	for _, fd := range fds {
		if link, _ := os.Readlink(fd); link == "anon_inode:[eventpoll]" {
			return true
		}
	}
	return false
}

func (r *round) stop() {
	end := r.note("the command stands still", harmStill)
	r.subject.Signal(syscall.SIGSTOP)
	time.Sleep(r.between(50*time.Millisecond, time.Second))
	r.subject.Signal(syscall.SIGCONT)
	end()
	r.slow = true
}

func (r *round) kill() {
	if r.rand.IntN(3) > 0 { // not always, so that other faults occur, too
		r.signal()
		return
	}
	r.note("the command is killed", 0)
	r.subject.Signal(syscall.SIGKILL)
	r.killed = true
}

func (r *round) peerStops() {
	if r.peer == nil {
		return
	}
	end := r.note("the peer stands still", 0) // like a device that loses everything
	r.peer.Signal(syscall.SIGSTOP)
	if r.rand.IntN(2) == 0 { // else for the rest of the round
		time.Sleep(r.between(50*time.Millisecond, time.Second))
		r.peer.Signal(syscall.SIGCONT)
		end()
		return
	}
	r.faults[len(r.faults)-1].to = time.Now().Add(natural)
}

func (r *round) peerDies() {
	if r.peer == nil {
		return
	}
	r.note("the peer is killed", harmAbsent)
	r.faults[len(r.faults)-1].to = time.Now().Add(natural)
	r.peer.Kill()
	r.peer = nil
	if r.command != "dut" { // whoever starts a killed process again has to remove its files
		_ = os.Remove(r.pod.Socket(r.iface))
	}
}

func (r *round) peerComesBack() {
	if r.peer != nil || r.command == "dut" {
		return
	}
	for i := range r.faults { // it is not there at once, but soon
		if f := &r.faults[i]; f.harm == harmAbsent {
			f.to = earlier(f.to, time.Now())
		}
	}
	r.note("a peer comes", 0)
	r.peer = r.process(1, "dut", r.dutArgs()...)
}

// checkEnd wants the command's end in time, and everything in order.
func (r *round) checkEnd() {
	limit := natural
	if !r.told.IsZero() {
		limit = time.Until(r.told.Add(inTime + slack))
		if r.slow {
			limit += natural
		}
	}
	code, err := r.subject.Wait(max(limit, time.Millisecond))
	if err != nil {
		r.Errorf("%s: %v", r.command, err)
		return
	}
	allowed := map[int]bool{0: true, 1: true, 3: true, 5: true, 128 + int(syscall.SIGKILL): r.killed}
	if r.early != 0 {
		allowed[128+int(r.early)] = true
	}
	if !allowed[code] || strings.Contains(r.subject.Stderr(), "goroutine ") || strings.Contains(r.subject.Stderr(), "DPDK aborted") {
		r.Errorf("%s ended with %d", r.command, code)
	}
	r.checkResult(code)
	if r.killed {
		return
	}
	if err := unix.Kill(-r.subject.PID, 0); !errors.Is(err, unix.ESRCH) {
		r.Errorf("a process is left in its group: %v", err)
	}
	dir := testpeer.RuntimeDir(fmt.Sprintf("podnet-%d", r.subject.PID))
	if _, err := os.Stat(dir); err == nil {
		r.Errorf("%s is left", dir)
	}
	for _, mount := range hugetlbfs(r.T) {
		if left, _ := filepath.Glob(filepath.Join(mount, fmt.Sprintf("podnet-%dmap*", r.subject.PID))); len(left) > 0 {
			r.Errorf("%q are left", left)
		}
	}
	if _, err := os.Lstat(r.pod.Socket(r.iface)); err == nil && r.command == "dut" {
		r.Errorf("the socket is left")
	}
	if left, _ := filepath.Glob(filepath.Join(r.dir, ".*")); len(left) > 0 {
		r.Errorf("%q are left", left)
	}
}

// hugetlbfs are the mounts in which DPDK makes files of hugepages.
func hugetlbfs(t *testing.T) (mounts []string) {
	t.Helper()
	b, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "hugetlbfs" {
			mounts = append(mounts, f[1])
		}
	}
	return mounts
}

// checkResult wants a valid document of bench whose claims do not contradict the faults.
func (r *round) checkResult(code int) {
	if r.command != "bench" {
		return
	}
	doc, err := result.ReadFile(r.file)
	if errors.Is(err, os.ErrNotExist) && (r.killed || code == 1 || code > 128) { // before it began
		return
	}
	if err != nil {
		r.Errorf("the result: %v", err)
		return
	}
	if doc.Complete && (r.killed && code != 0 || code == 1) {
		r.Errorf("the result of a run that ended with %d is complete", code)
	}
	r.checkClaims(doc)
}

// checkClaims fails if a trial is valid although the command stood still, had less CPU or
// lost its peer, for longer than its ring lasts.
func (r *round) checkClaims(doc result.Result) {
	for _, m := range doc.Measurements {
		for _, trial := range m.Trials {
			if !trial.Valid {
				r.judged.not++
				continue
			}
			r.judged.valid++
			end := trial.Started.Add(time.Duration(trial.Seconds * float64(time.Second)))
			for _, f := range r.faults {
				if lasted := earlier(f.to, end).Sub(later(f.from, trial.Started)); f.harm > 0 && lasted > f.harm {
					r.Errorf("a trial from %s to %s is valid, in which for %s %s",
						trial.Started.Format("15:04:05.000"), end.Format("15:04:05.000"), lasted.Round(time.Millisecond), f.what)
				}
			}
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
