//go:build e2e

package e2e

import (
	"crypto/rand"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// shortRun are the arguments of a run that needs nothing and ends by itself.
var shortRun = append([]string{"run"}, append(slices.Clone(alone), "-d", "200ms", "-o", "json")...)

// startIn starts the application from a shell, which prepares what it meets.
func startIn(t *testing.T, shell string, args ...string) *app {
	t.Helper()
	argv := append([]string{"sh", "-c", shell, wrapper}, args...)
	p := peertest.Start(t, args[0], argv, testpeer.Options{CPUs: cpuset.New(podCPU)})
	return &app{Process: p, t: t, pod: newPod(t), prefix: "podnet-" + itoa(p.PID), started: time.Now()}
}

// ended waits for the end, and wants one of these exit codes and no dump of Go's
// stacks.
func (a *app) ended(codes ...int) int {
	a.t.Helper()
	code, err := a.Wait(settleTime)
	if err != nil {
		a.t.Fatal(err)
	}
	if !slices.Contains(codes, code) || strings.Contains(a.Stderr(), "goroutine ") {
		a.t.Errorf("exit code %d, want one of %d", code, codes)
	}
	return code
}

// Whatever the process meets, it runs or says why it cannot. It leaves nothing that
// the next start does not remove: without a free file it cannot empty a directory.
func TestOddSurroundings(t *testing.T) {
	const run = `exec "$0" "$@"`
	var all []*app
	for _, tt := range []struct {
		name, shell string
		codes       []int
		says        string // on standard error, where it fails
	}{
		{"standard input closed", run + " <&-", []int{0}, ""},
		{"standard output closed", run + " >&-", []int{0}, ""},
		{"standard error closed", run + " 2>&-", []int{0}, ""},
		{"all closed", run + " <&- >&- 2>&-", []int{0}, ""},
		{"standard output full", run + " >/dev/full", []int{1}, "no space left"},
		{"standard error full", run + " 2>/dev/full", []int{0}, ""},
		// The drivers decide how many files are enough. With fewer, Go itself does not start.
		{"8 files", "ulimit -n 8; " + run, []int{1}, "too many open files"},
		{"12 files", "ulimit -n 12; " + run, []int{1}, "EAL did not start"},
		{"16 files", "ulimit -n 16; " + run, []int{1}, "EAL did not start"},
		{"24 files", "ulimit -n 24; " + run, []int{0, 1}, ""},
		{"32 files", "ulimit -n 32; " + run, []int{0, 1}, ""},
		{"no locked memory", "ulimit -l 0; " + run, []int{0}, ""},
		{"no /proc", `exec unshare -m sh -c 'mount -t tmpfs none /proc; exec "$0" "$@"' "$0" "$@"`, []int{1}, "/proc"},
		{"no /sys", `exec unshare -m sh -c 'mount -t tmpfs none /sys; exec "$0" "$@"' "$0" "$@"`, []int{1}, "EAL did not start"},
		{"no /dev", `exec unshare -m sh -c 'mount -t tmpfs none /dev; exec "$0" "$@"' "$0" "$@"`, []int{0}, ""},
		{"another language", "export LC_ALL=tr_TR.UTF-8; " + run, []int{0}, ""},
		{"a clock of its own", `exec unshare -T --boottime 1000000 --monotonic 1000000 "$0" "$@"`, []int{0}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := startIn(t, tt.shell, shortRun...)
			all = append(all, a)
			code := a.ended(tt.codes...)
			a.says(tt.says)
			switch printed := a.Stdout(); {
			case code == 0 && printed != "":
				if r := a.runResult(); r.Seconds < 0.2 || r.Seconds > settleTime.Seconds() {
					t.Errorf("it ran for %g s", r.Seconds)
				}
			case code != 0 && printed != "" && !strings.HasPrefix(printed, "{"): // EAL's usage, for one
				t.Errorf("on standard output:\n%s", printed)
			}
		})
	}
	startIn(t, run, shortRun...).exit(settleTime, 0)
	for _, a := range all {
		a.t = t
		a.checkLeft()
	}
}

// garbage has messages of clients that are not peers.
func garbage() [][]byte {
	noise := make([]byte, 4096)
	rand.Read(noise)
	return [][]byte{
		nil, // hangs up at once
		noise[:1], noise[:11], noise,
		make([]byte, 12), make([]byte, 128), // of zeros: the size of a header of each protocol
		append([]byte{1, 0, 0, 0, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, noise...), // vhost-user: a payload of 4 GiB
		append([]byte{5, 0}, noise[:126]...),                                     // memif: INIT with nonsense
	}
}

// A client that sends nonsense is not a peer. It does not end a server, and does not keep
// a client from its peer.
func TestGarbage(t *testing.T) {
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			if n.role == client {
				garbageServer(t, n)
				for range garbage() {
					a := startApp(t, pod, "run", "--memory", "none", "--peer-timeout", "300ms", "-o", "json")
					if a.ended(1, 3) == 3 {
						a.says("net1")
					}
					a.checkLeft()
					if n.kind == kindMemif { // which has connected many times
						break
					}
				}
				return
			}
			a := startApp(t, pod, "run", "--memory", "none", "--peer-timeout", "0s", "--mode", "macswap", "-o", "json")
			a.awaitListening(n)
			for _, text := range garbage() {
				c, err := net.Dial(network(n), n.path)
				if err != nil {
					break // virtio_user takes one connection
				}
				_, _ = c.Write(text)
				time.Sleep(20 * time.Millisecond)
				c.Close()
				if !a.Running() {
					break
				}
			}
			if n.kind == kindVhostUser {
				a.Signal(syscall.SIGTERM)
				a.ended(0, 1, 3)
				a.checkLeft()
				return
			}
			peer := peerOf(t, pod, "rxonly")
			peer.awaitLink(n)
			want := peer.exchange(peertest.Burst, n)
			if got := a.stop(syscall.SIGTERM).Total; got.RxPackets != want || got.TxPackets != want {
				t.Errorf("after garbage run received %d and sent %d, want %d", got.RxPackets, got.TxPackets, want)
			}
		})
	}
}

// garbageServer listens on a network's socket and answers each client with another
// sort of garbage.
func garbageServer(t *testing.T, n socketNet) {
	t.Helper()
	l := listen(t, n)
	t.Cleanup(func() { l.Close() })
	go func() {
		for i := 0; ; i++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			list := garbage()
			_, _ = c.Write(list[i%len(list)])
			time.Sleep(20 * time.Millisecond)
			c.Close()
		}
	}()
}

// network is the Go network of the kind's sockets.
func network(n socketNet) string {
	if n.kind == kindMemif {
		return "unixpacket"
	}
	return "unix"
}

// A client that reads /metrics slowly, or does not complete its request, delays neither the
// run nor other clients.
func TestSlowReaders(t *testing.T) {
	address := freeAddress(t)
	a := startPlain(t, testpeer.Options{}, "run", append(slices.Clone(alone), "--metrics", address, "-o", "json")...)
	a.await(answers(address, "/readyz", 200))
	for i := range 300 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		request := "GET /metrics HTTP/1.1\r\nHost: a\r\n"
		if i%2 == 0 { // and never reads
			request = strings.Repeat(request+"\r\n", 100)
		}
		if _, err := c.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
	}
	a.await(answers(address, "/metrics", 200))
	a.await(answers(address, "/healthz", 200))
	a.ends(syscall.SIGINT, 0)
	a.runResult()
}

// The machine's /dev/stdout is a link, and a result file of that name does not replace it.
func TestResultToStandardOutput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	before, err := os.Readlink("/dev/stdout")
	if err != nil {
		t.Fatal(err)
	}
	a := startIn(t, `exec "$0" "$@" >`+file, append([]string{"bench", "--result-file", "/dev/stdout"}, alone...)...)
	a.exit(settleTime, 1)
	a.says("--result-file", "/dev/stdout", "-o json")
	if after, err := os.Readlink("/dev/stdout"); err != nil || after != before {
		t.Errorf("/dev/stdout leads to %q, %v, want %q", after, err, before)
	}
	if text, err := os.ReadFile(file); err != nil || len(text) > 0 {
		t.Errorf("in the file: %q, %v", text, err)
	}
}

// A terminal gets lines that fit and are redrawn, and one that cannot move its cursor
// gets plain ones.
func TestLinesOnATerminal(t *testing.T) {
	for _, kind := range []string{"xterm", "dumb"} {
		t.Run(kind, func(t *testing.T) {
			output, screen := terminal(t)
			a := startPlain(t, testpeer.Options{Stderr: output, Env: []string{"TERM=" + kind}}, "run",
				"--vdev", "net_ring0", "--vdev", "net_ring123456", "--memory", "none", "-d", "2500ms")
			a.exit(benchTimeout, 0)
			text := screen()
			if redrawn := strings.Contains(text, "\x1b["); redrawn != (kind == "xterm") || !strings.Contains(text, "net_ring0 rx") {
				t.Errorf("redrawn: %t:\n%q", redrawn, text)
			}
			for line := range strings.Lines(text) {
				line = regexp.MustCompile(`\x1b\[[0-9]*[A-Z]`).ReplaceAllString(strings.TrimRight(line, "\r\n"), "")
				if len(line) > 80 && kind == "xterm" {
					t.Errorf("a line of %d characters: %q", len(line), line)
				}
			}
		})
	}
}

// terminal makes one of 80 columns, and what it has shown so far.
func terminal(t *testing.T) (end *os.File, screen func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err == nil {
		end, err = os.OpenFile("/dev/pts/"+itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(master) // EIO when the last end is closed
		shown <- string(text)
	}()
	return end, func() string {
		end.Close()
		return <-shown
	}
}

// A directory that may be written and not read takes a result, and one that may not
// be written refuses it before anything is measured.
func TestResultInAClosedDirectory(t *testing.T) {
	for mode, want := range map[os.FileMode]int{0o333: 3, 0o555: 1, 0: 1} { // 3: there is nothing to measure
		pod := newPod(t)
		nobody := asNobody(t, pod)
		dir := filepath.Join(pod.dir, "results")
		file := filepath.Join(dir, "result.json")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		a := startAppAs(t, nobody, pod, "bench", "--result-file", file)
		a.exit(settleTime, want)
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		switch {
		case err != nil:
			t.Fatal(err)
		case want == 3:
			if r := resultFile(t, file); r.Complete || len(entries) != 1 {
				t.Errorf("mode %o: complete %t, %d files", mode, r.Complete, len(entries))
			}
		default:
			if a.says("--result-file", "permission denied"); len(entries) != 0 {
				t.Errorf("mode %o: %d files are left", mode, len(entries))
			}
		}
	}
}
