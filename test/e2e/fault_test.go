//go:build e2e

package e2e

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// inTime is how soon a command ends after a signal, in every phase.
const inTime = 2 * time.Second

// alone are flags of a run that needs no peer and no hugepages.
var alone = []string{"--vdev", "net_ring0", "--memory", "none"}

// fullPipe is the end of a pipe that is full. The test has to close the reading end.
func fullPipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	for _, chunk := range []int{4096, 1} {
		for {
			if _, err := unix.Write(fds[1], make([]byte, chunk)); errors.Is(err, unix.EAGAIN) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	// The process that gets it waits, as with any pipe.
	if err := unix.SetNonblock(fds[1], false); err != nil {
		t.Fatal(err)
	}
	reader, writer = os.NewFile(uintptr(fds[0]), "reader"), os.NewFile(uintptr(fds[1]), "writer")
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

// startPlain starts a command that needs no pod.
func startPlain(t *testing.T, o testpeer.Options, command string, args ...string) *app {
	t.Helper()
	pod := newPod(t)
	o.CPUs = cpuset.New(podCPU)
	p := peertest.Start(t, command, append([]string{wrapper, command}, args...), o)
	return &app{Process: p, t: t, pod: pod, prefix: "podnet-" + itoa(p.PID), started: time.Now()}
}

// ends wants the command to have ended in time after a signal.
func (a *app) ends(sig syscall.Signal, want int) {
	a.t.Helper()
	a.Signal(sig)
	a.exit(inTime, want)
}

// resultFile is the result that lies there, which must be a valid document.
func resultFile(t *testing.T, path string) result.Result {
	t.Helper()
	r, err := result.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// await waits for something that the running command does.
func (a *app) await(check func() error) {
	a.t.Helper()
	if err := a.Poll(benchTimeout, check); err != nil {
		a.t.Fatal(err)
	}
}

// silent listens on a network's socket, accepts and says nothing.
func silent(t *testing.T, n socketNet) {
	t.Helper()
	l := listen(t, n)
	t.Cleanup(func() { l.Close() })
	go func() {
		var conns []net.Conn // kept open
		for {
			c, err := l.Accept()
			if err != nil {
				for _, c := range conns {
					c.Close()
				}
				return
			}
			conns = append(conns, c)
			go io.Copy(io.Discard, c) //nolint:errcheck // until its end
		}
	}()
}

// A peer that stands still does not delay the end, neither after the duration nor after a
// signal.
func TestPeerStandsStill(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			file := filepath.Join(pod.dir, "result.json")
			peer, a := startReflector(t, pod, "macswap", append(slices.Clone(quietBench),
				"--tx", "net1", "--duration", "1m", "--rate", "1000", "--result-file", file)...)
			peer.awaitRx(n, 100)
			peer.Signal(syscall.SIGSTOP)
			a.ends(syscall.SIGTERM, 5)
			r := resultFile(t, file)
			if len(r.Measurements) != 1 || len(r.Measurements[0].Trials) != 1 || r.Measurements[0].Trials[0].Sent.Packets < 100 {
				t.Errorf("the trial is not in the result: %+v", r.Measurements)
			}
			if r := a.benchResult(); r.Sent.Packets < 100 {
				t.Errorf("%d packets in the printed result", r.Sent.Packets)
			}
		})
	}
	t.Run("duration", func(t *testing.T) {
		pod := newPod(t, vhostUser("net1", client))
		peer, a := startBoth(t, pod, "rxonly", "--mode", "txonly", "--rate", "1000", "--duration", "2s", "-o", "json")
		peer.Command("start")
		peer.awaitRx(pod.networks[0], 100)
		peer.Signal(syscall.SIGSTOP)
		a.exit(2*time.Second+inTime, 0)
		if r := a.runResult(); r.Total.TxPackets < 100 || r.Seconds > 3 {
			t.Errorf("run sent %d packets in %g s", r.Total.TxPackets, r.Seconds)
		}
	})
}

// A command does not wait longer for a server that accepts and says nothing than for one
// that does not exist.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	for _, n := range []socketNet{vhostUser("net1", client), memif("net1", client)} {
		t.Run(n.kind, func(t *testing.T) {
			pod := newPod(t, n)
			silent(t, pod.networks[0])
			a := startApp(t, pod, "bench", "--tx", "net1", "--peer-timeout", "1s")
			a.exit(settleTime, 3)
			a.says("net1", pod.networks[0].path, "no peer connected", "--peer-timeout")
			b := startApp(t, pod, "run", "--peer-timeout", "0s")
			time.Sleep(late)
			b.ends(syscall.SIGINT, 0)
		})
	}
}

// Frames of others do not stop the search for the peer's address, at any rate.
func TestLearningAmongForeignFrames(t *testing.T) {
	flood := []string{"--vdev", "net_null0", "--tx", "net_null0", "--memory", "none"}
	a := startPlain(t, testpeer.Options{}, "bench", append(flood, "--peer-timeout", "1s")...)
	a.exit(settleTime, 3)
	a.says("no probe frame came back", "net_null0")
	b := startPlain(t, testpeer.Options{}, "bench", append(flood, "--peer-timeout", "0s")...)
	time.Sleep(late)
	b.ends(syscall.SIGTERM, 5)
}

// Nobody reads what the command says: live lines are dropped, everything else goes on.
func TestNobodyReads(t *testing.T) {
	t.Parallel()
	t.Run("stderr", func(t *testing.T) {
		_, full := fullPipe(t)
		a := startPlain(t, testpeer.Options{Stderr: full}, "run", append(alone, "-d", "2s", "-o", "json")...)
		a.exit(benchTimeout, 0)
		if r := a.runResult(); r.Seconds > 3 {
			t.Errorf("it polled for %g s, want 2", r.Seconds)
		}
	})
	t.Run("stdout", func(t *testing.T) {
		_, full := fullPipe(t)
		file := filepath.Join(t.TempDir(), "result.json")
		a := startPlain(t, testpeer.Options{Stdout: full}, "bench", append(alone, "-d", "1s", "--warmup", "0s", "--result-file", file, "-o", "json")...)
		a.await(func() error {
			r, err := result.ReadFile(file)
			if err == nil && !r.Complete {
				err = errors.New("the result in the file is not complete")
			}
			return err
		})
		// It waits for its reader now, with nothing left of DPDK.
		a.await(func() error {
			if _, err := os.Stat(testpeer.RuntimeDir(a.prefix)); err == nil {
				return errors.New("the runtime directory is still there")
			}
			return nil
		})
		if !a.Running() {
			t.Fatal("the result cannot have been printed")
		}
		a.ends(syscall.SIGTERM, 1)
		a.says("standard output")
	})
	t.Run("both, metrics", func(t *testing.T) {
		_, full := fullPipe(t)
		address := freeAddress(t)
		a := startPlain(t, testpeer.Options{Stdout: full, Stderr: full}, "run", append(alone, "--metrics", address)...)
		a.await(answers(address, "/readyz", 200))
		time.Sleep(2 * time.Second) // live lines come once per second
		if err := answers(address, "/metrics", 200)(); err != nil {
			t.Error(err)
		}
		a.ends(syscall.SIGTERM, 1)
	})
}

// A second signal does not wait for the work of the first one.
func TestSecondSignal(t *testing.T) {
	pod := newPod(t, vhostUser("net1", server))
	n := pod.networks[0]
	peer, a := startBoth(t, pod, "rxonly", "--mode", "txonly", "--rate", "1000")
	peer.Command("start")
	peer.awaitRx(n, 100)
	peer.Signal(syscall.SIGSTOP) // so that the end takes its time
	a.Signal(syscall.SIGINT)
	time.Sleep(300 * time.Millisecond)
	a.Signal(syscall.SIGTERM)
	a.exit(inTime, 1)
}

// If the terminal or the reader hangs up, a run ends as by SIGTERM.
func TestHangUp(t *testing.T) {
	t.Parallel()
	t.Run("SIGHUP", func(t *testing.T) {
		for command, want := range map[string]int{"run": 0, "bench": 5} {
			file := filepath.Join(t.TempDir(), "result.json")
			args := append(slices.Clone(alone), "-d", "1m", "-o", "json")
			if command == "bench" {
				args = append(args, "--warmup", "0s", "--result-file", file, "--dst-mac", "02:00:00:00:00:01")
			}
			a := startPlain(t, testpeer.Options{}, command, args...)
			time.Sleep(2 * late)
			a.ends(syscall.SIGHUP, want)
			if command == "run" {
				a.runResult()
			} else if r := a.benchResult(); r.Complete || resultFile(t, file).Complete {
				t.Error("a trial that was cut short is complete")
			}
		}
	})
	t.Run("broken pipe", func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		a := startPlain(t, testpeer.Options{Stderr: w}, "run", append(alone, "-o", "json")...)
		w.Close()
		if _, err := r.Read(make([]byte, 1)); err != nil { // the first live line
			t.Fatal(err)
		}
		r.Close()
		a.exit(settleTime, 0)
		a.runResult()
	})
}
