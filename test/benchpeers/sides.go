//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// ealArgs are EAL's arguments for a process with so many polling lcores.
func (b *bench) ealArgs(vdev string, lcores int) []string {
	list := []string{fmt.Sprintf("0@%d", b.cpus.List()[0])}
	for i := range lcores {
		list = append(list, fmt.Sprintf("%d@%d", i+1, b.pollingCPU()))
	}
	argv := []string{"--no-pci", "--lcores", strings.Join(list, ","), "--vdev", vdev, "--iova-mode", "va"}
	return append(argv, b.memory.peer...)
}

func (b *bench) testpmdArgs(vdev, mode string, more ...string) []string {
	argv := append([]string{b.peer}, b.ealArgs(vdev, 1)...)
	argv = append(argv, "--", "--auto-start", "--nb-cores=1", "--no-mlockall", "--burst="+burst, "--disable-link-check",
		"--rxd="+ringSize, "--txd="+ringSize, "--total-num-mbufs="+mbufs, "--mbcache="+mbufCache, "--forward-mode="+mode)
	if mode == "txonly" {
		argv = append(argv, "--txpkts=60")
	}
	return append(argv, more...)
}

func (b *bench) loopArgs(vdev, work string) []string {
	lcores := 1
	if _, n, ok := strings.Cut(work, ":"); ok {
		lcores, _ = strconv.Atoi(n)
	}
	return append([]string{b.loops, work, "0", "--"}, b.ealArgs(vdev, lcores)...)
}

func testpmd(mode, vdev string) subject {
	return func(b *bench) (sample, error) { return b.measure(b.testpmdArgs(vdev, mode), vdev) }
}

func loop(work, vdev string) subject {
	return func(b *bench) (sample, error) { return b.measure(b.loopArgs(vdev, work), vdev) }
}

// wrapper is podnet's program with its defaults, except for --memory.
func wrapper(vdev string, args ...string) subject {
	return func(b *bench) (sample, error) {
		return b.measure(append([]string{b.ours, "run", "--vdev", vdev, "--memory", b.memory.name}, args...), vdev)
	}
}

// reported is a loop that measures itself.
func reported(work, vdev string) subject {
	return func(b *bench) (sample, error) { return b.report(b.loopArgs(vdev, work), nsReported) }
}

func reportedOn(s socket, work string) subject {
	return func(b *bench) (sample, error) { return b.report(b.loopArgs(s.client(b), work), nsReported) }
}

func testpmdOn(s socket, mode string) subject {
	return func(b *bench) (sample, error) {
		vdev := s.client(b)
		return b.measure(b.testpmdArgs(vdev, mode), vdev)
	}
}

func loopOn(s socket, work string) subject {
	return func(b *bench) (sample, error) {
		vdev := s.client(b)
		return b.measure(b.loopArgs(vdev, work), vdev)
	}
}

func testpmdBusy(s socket, mode string) subject {
	return func(b *bench) (sample, error) {
		return b.report(b.testpmdArgs(s.client(b), mode, "--record-core-cycles"), cyclesReported)
	}
}

var (
	nsLine     = regexp.MustCompile(`(?m)^packets \d+ ns ([\d.]+)$`)
	cyclesLine = regexp.MustCompile(`CPU cycles/packet=([\d.]+) .* at (\d+) MHz`)
)

func nsReported(stdout string) (float64, error) {
	m := nsLine.FindStringSubmatch(stdout)
	if m == nil {
		return 0, fmt.Errorf("it reports no time")
	}
	return strconv.ParseFloat(m[1], 64)
}

func cyclesReported(stdout string) (float64, error) {
	m := cyclesLine.FindStringSubmatch(stdout)
	if m == nil {
		return 0, fmt.Errorf("it reports no cycles")
	}
	cycles, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, err
	}
	mhz, err := strconv.ParseFloat(m[2], 64)
	return cycles / mhz * 1000, err
}

// socket is a kind of socket that two processes meet on.
type socket struct {
	name           string
	server, client func(*bench) string // vdevs
}

var (
	vhostUser = socket{
		name:   "vhost-user",
		server: func(b *bench) string { return "net_vhost0,iface=" + b.path("vhost.sock") },
		client: func(b *bench) string { return "net_virtio_user0,path=" + b.path("vhost.sock") + ",queue_size=1024" },
	}
	memif = socket{
		name:   "memif",
		server: func(b *bench) string { return memifVdev(b, "server") },
		client: func(b *bench) string { return memifVdev(b, "client") },
	}
)

func memifVdev(b *bench, role string) string {
	return "net_memif0,role=" + role + ",socket=" + b.path("memif.sock") + ",socket-abstract=no,rsize=10"
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// source and sink are the other end of a row during its measurement. A source sends as
// fast as it can and drops what it receives; a sink only drops. It polls on the CPU of the
// other processes' main threads, which sleep.
func (s socket) source() func(*bench) (func(), error) { return s.other("source") }
func (s socket) sink() func(*bench) (func(), error)   { return s.other("rxonly") }

func (s socket) other(work string) func(*bench) (func(), error) {
	return func(b *bench) (func(), error) {
		dir, err := os.MkdirTemp(b.dir, "peer-")
		if err != nil {
			return nil, err
		}
		cpu := b.cpus.List()[0]
		argv := []string{b.loops, work, "0", "--", "--no-pci", "--lcores", fmt.Sprintf("0@%d,1@%d", cpu, cpu), "--vdev", s.server(b)}
		p, err := testpeer.Start(dir, "peer", append(argv, b.memory.peer...), testpeer.Options{Env: []string{"RUNTIME_DIRECTORY=" + dir}})
		if err != nil {
			return nil, err
		}
		path := b.path("vhost.sock")
		if s.name == memif.name {
			path = b.path("memif.sock")
		}
		err = p.Poll(20*time.Second, func() error {
			_, err := os.Stat(path)
			return err
		})
		if err != nil {
			err = fmt.Errorf("%w\n%s%s", err, p.Stdout(), p.Stderr())
			p.Kill()
			return nil, err
		}
		return func() {
			_ = b.end(p)
			p.Kill()
			os.Remove(path)
		}, nil
	}
}

// versions are the versions of the measured programs.
func (b *bench) versions() string {
	out, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "unknown"
	}
	for line := range bytes.Lines(out) {
		if name, ok := strings.CutPrefix(string(line), "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(name), `"`)
		}
	}
	return "unknown"
}
