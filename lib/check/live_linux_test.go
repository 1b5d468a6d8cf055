package check

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// live is a subject on this machine and process, with these devices.
func live(t *testing.T, use string, devices ...eal.Device) *Subject {
	t.Helper()
	o := Options{For: use, Linked: "24.11", EAL: eal.Config{Devices: devices, CPUs: []int{0}, FilePrefix: "podnet"}}
	system, err := newSystem(o)
	if err != nil {
		t.Fatal(err)
	}
	return &Subject{Pod: &podnet.Pod{}, Options: o, system: system}
}

// code is what one check finds; empty: it passes.
func (s *Subject) code(t *testing.T, id string) string {
	t.Helper()
	checks := All()
	c := checks[slices.IndexFunc(checks, func(c Check) bool { return c.ID == id })]
	results := c.results(t.Context(), s)
	if results[0].Status == Skip {
		t.Fatalf("%s is skipped: %s", id, results[0].Cause)
	}
	return string(results[0].Code)
}

// shortDir is a directory whose path is short enough for a socket in it.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "check")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestLiveSockets(t *testing.T) {
	dir := shortDir(t)
	listen := func(name string) *net.UnixListener {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, name)})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	listen("alive")
	_ = listen("dead").Close()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name           string
		client, server string
	}{
		{"alive", "", "socket-in-use"},
		{"dead", "socket-stale", "socket-stale"},
		{"missing", "socket-missing", ""},
		{"file", "malformed", "socket-directory"},
		{"none/missing", "socket-missing", "socket-directory"},
	} {
		path := filepath.Join(dir, tt.name)
		if got := live(t, "exec", eal.VirtioUser{Path: path}).code(t, "socket-peer"); got != tt.client {
			t.Errorf("client of %s: %q, want %q", tt.name, got, tt.client)
		}
		if got := live(t, "exec", eal.VirtioUser{Path: path, Server: true}).code(t, "socket-place"); got != tt.server {
			t.Errorf("server of %s: %q, want %q", tt.name, got, tt.server)
		}
	}
	// run removes what a dead process left.
	if got := live(t, "run", eal.VirtioUser{Path: filepath.Join(dir, "dead"), Server: true}).code(t, "socket-place"); got != "" {
		t.Errorf("server of run: %s", got)
	}
}

func TestLiveRuntimeDirectory(t *testing.T) {
	s := live(t, "exec")
	s.EAL.MultiProcess = true
	s.Environ = []string{"RUNTIME_DIRECTORY=" + t.TempDir()}
	if got := s.code(t, "runtime-directory"); got != "" {
		t.Error(got)
	}
	s.Environ = []string{"RUNTIME_DIRECTORY=/proc/none"}
	if got := s.code(t, "runtime-directory"); os.Geteuid() != 0 && got != "no-runtime-dir" {
		t.Error(got)
	}
}

// EAL's lock is seen, and not taken. A lock belongs to a process, so another one asks.
func TestLiveLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "config")
	if locked(name) {
		t.Error("a file that is not there is locked")
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if locked(name) {
		t.Error("nobody locks it")
	}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		t.Fatal(err)
	}
	if !locked(name) {
		t.Error("it is locked")
	}
}

func TestLiveProcess(t *testing.T) {
	s := live(t, "exec")
	if got := s.code(t, "cpu-allowed"); got != "" {
		t.Errorf("CPU 0: %s", got)
	}
	s.EAL.CPUs = []int{0, 5000}
	if got := s.code(t, "cpu-allowed"); got != "cpu-not-allowed" {
		t.Errorf("CPU 5000: %q", got)
	}
	if s.system.process.uid != os.Geteuid() {
		t.Errorf("user %d", s.system.process.uid)
	}
	if err := s.system.mempolicy(); err != nil && !s.system.process.seccomp {
		t.Errorf("without a filter: %v", err)
	}
	n, limited := limit("Max locked memory         8388608              8388608              bytes\n", "Max locked memory")
	if n != 8<<20 || !limited {
		t.Errorf("limit %d, %v", n, limited)
	}
	if _, limited := limit("Max locked memory         unlimited            unlimited            bytes\n", "Max locked memory"); limited {
		t.Error("unlimited is limited")
	}
}

// Another process's rights are read from its files.
func TestPermits(t *testing.T) {
	name := filepath.Join(shortDir(t), "node")
	if err := os.WriteFile(name, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, gid, _ := owner(info)
	for _, tt := range []struct {
		p    process
		want uint32
		ok   bool
	}{
		{process{uid: uid, gid: gid + 1}, mayRead | mayWrite, true},
		{process{uid: uid + 1, gid: gid}, mayRead, true},
		{process{uid: uid + 1, gid: gid}, mayRead | mayWrite, false},
		{process{uid: uid + 1, gid: gid + 1, groups: []int{gid}}, mayRead, true},
		{process{uid: uid + 1, gid: gid + 1}, mayRead, false},
		{process{uid: uid + 1, gid: gid + 1, held: 1 << dacOverride.bit}, mayRead | mayWrite, true},
	} {
		if err := tt.p.permits(info, tt.want); (err == nil) != tt.ok {
			t.Errorf("%+v for %o: %v", tt.p, tt.want, err)
		}
	}
	if !strings.HasPrefix(describe(info), "mode -rw-r-----, owner ") {
		t.Errorf("description %q", describe(info))
	}
}
