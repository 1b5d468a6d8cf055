//go:build unix

package rundir

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// holdEnv makes this test binary a process that locks that file as EAL does its
// configuration, and waits for its input to end.
const holdEnv = "PODNET_TEST_HOLDS"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdEnv); path != "" {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			err = unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
		}
		if err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString("held\n")
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// make makes a directory with a file below the base.
func makeDir(t *testing.T, name string) string {
	t.Helper()
	dir := Path(name)
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "config"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func names(t *testing.T) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(base())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestOwn(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	d, err := Own(Prefix(1))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.Path()); err != nil || info.Mode().Perm() != 0o700 || d.Path() != Path("podnet-1") {
		t.Errorf("%s: %v, mode %v", d.Path(), err, info.Mode())
	}
	makeDir(t, "podnet-1")
	if !slices.Contains(d.Files(), filepath.Join(d.Path(), "config")) {
		t.Errorf("files %q", d.Files())
	}
	if _, err := Own(Prefix(1)); !errors.Is(err, errOwned) {
		t.Errorf("a second owner: %v", err)
	}
	if err := d.Remove(); err != nil {
		t.Error(err)
	}
	if got := names(t); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

// A start removes what nobody owns, and nothing else.
func TestSweep(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	for _, name := range []string{"podnet-2", "podnet-3", "podnet", "podnet-4x", "rte", "podnet-5"} {
		makeDir(t, name)
	}
	outside := makeDir(t, "outside")
	if err := os.Symlink(outside, Path("podnet-6")); err != nil {
		t.Fatal(err)
	}
	owned, err := Own(Prefix(3))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owned.Remove() }()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holdEnv+"="+filepath.Join(makeDir(t, "podnet-7"), "config"))
	stdin, err1 := holder.StdinPipe()
	stdout, err2 := holder.StdoutPipe()
	if err := errors.Join(err1, err2, holder.Start()); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	d, err := Own(Prefix(8))
	if err != nil {
		t.Fatal(err)
	}
	want := "outside podnet podnet-3 podnet-4x podnet-6 podnet-7 podnet-8 rte"
	if got := strings.Join(names(t), " "); got != want {
		t.Errorf("left: %q, want %q", got, want)
	}
	if _, err := os.Stat(filepath.Join(outside, "config")); err != nil {
		t.Error(err)
	}
	// The lock goes with the process that had it.
	stdin.Close()
	if err := errors.Join(holder.Wait(), d.Remove()); err != nil {
		t.Fatal(err)
	}
	if d, err = Own(Prefix(9)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Remove() }()
	if got := names(t); slices.Contains(got, "podnet-7") {
		t.Errorf("left: %q", got)
	}
}

// A program that is executed owns the directory as long as it runs.
func TestInherit(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	d, err := Own(Prefix(1))
	if err == nil {
		err = d.Inherit()
	}
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sleep", "1h") // has what exec would pass on
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	d.lock.Close()
	if f, err := lock(d.Path()); err == nil {
		f.Close()
		t.Error("nobody owns the directory while the program runs")
	}
	_ = child.Process.Kill()
	_ = child.Wait() // killed
	f, err := lock(d.Path())
	if err != nil {
		t.Fatalf("the program has ended: %v", err)
	}
	f.Close()
}

func TestCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RUNTIME_DIRECTORY", file)
	if _, err := Own(Prefix(1)); err == nil || !strings.Contains(err.Error(), "RUNTIME_DIRECTORY") {
		t.Errorf("error %v", err)
	}
}

func TestPath(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", "/some")
	if got := Path("a"); got != "/some/dpdk/a" {
		t.Errorf("%q", got)
	}
	t.Setenv("RUNTIME_DIRECTORY", "")
	t.Setenv("XDG_RUNTIME_DIR", "/own")
	want := "/own/dpdk/a"
	if os.Getuid() == 0 {
		want = "/var/run/dpdk/a"
	}
	if got := Path("a"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
