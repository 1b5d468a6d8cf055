package result_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
)

const (
	// mountEnv makes this test binary a process that writes to a mount of its own,
	// and stdoutEnv one that would write to its standard output by that name.
	mountEnv  = "PODNET_TEST_MOUNTS_AND_WRITES"
	stdoutEnv = "PODNET_TEST_WRITES_TO_STDOUT_AS"
)

func writeOnce(path, text string) error {
	o, err := result.NewOutput(path)
	if err != nil {
		return err
	}
	return o.Write([]byte(text))
}

// mountAndWrite mounts a file over another, as a subPath is, and writes to it.
func mountAndWrite(dir string) error {
	file := filepath.Join(dir, "mounted")
	return errors.Join(
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount(filepath.Join(dir, "below"), file, "", unix.MS_BIND, ""),
		writeOnce(file, "new"))
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func wantText(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %.40q (%v), want %q", filepath.Base(path), got, err, want)
	}
}

// wantAlone wants these files in the directory, and no temporary one.
func wantAlone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("in the directory: %q (%v), want %q", got, err, names)
	}
}

// A file keeps what is not its text, and links lead where they led.
func TestOutputKeepsWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("a-private"), strings.Repeat("old", 1000), 0o600)
	put(t, at("b-two-names"), strings.Repeat("old", 1000), 0o640)
	for _, err := range []error{
		os.Link(at("b-two-names"), at("c-other-name")),
		os.Symlink("a-private", at("d-link")), os.Symlink("f-absent", at("e-dangling")), os.Symlink(at("d-link"), at("g-link-to-link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a-private", "b-two-names", "d-link", "e-dangling", "g-link-to-link"} {
		link, _ := os.Readlink(at(name))
		if err := writeOnce(at(name), "by "+name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.Readlink(at(name)); after != link {
			t.Errorf("%s leads to %q now, and led to %q", name, after, link)
		}
		wantText(t, at(name), "by "+name)
	}
	wantText(t, at("c-other-name"), "by b-two-names")
	for name, want := range map[string]os.FileMode{"a-private": 0o600, "b-two-names": 0o640} {
		if info, err := os.Stat(at(name)); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, want %v (%v)", name, info.Mode(), want, err)
		}
	}
	wantAlone(t, dir, "a-private", "b-two-names", "c-other-name", "d-link", "e-dangling", "f-absent", "g-link-to-link")
}

// A file that is not ours to write is refused at once, and stays.
func TestOutputRefuses(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("protected"), "keep", 0o444)
	for _, err := range []error{
		unix.Mkfifo(at("fifo"), 0o600), os.Symlink("fifo", at("link-to-fifo")), os.Symlink("loop", at("loop")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		at("protected"): "write-protected (mode 0444)", at("fifo"): "not a regular file", at("link-to-fifo"): "not a regular file",
		at("loop"): "symbolic links", dir: "not a regular file", "/dev/null": "not a regular file",
		at("absent/file"): "name a file in a directory that exists", "": "no file is named",
	} {
		if _, err := result.NewOutput(path); !errors.Is(err, result.ErrWrite) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want ErrWrite and %q", path, err, want)
		}
	}
	wantText(t, at("protected"), "keep")
	wantAlone(t, dir, "fifo", "link-to-fifo", "loop", "protected")
}

// Our own standard output is no file to replace, by whatever name.
func TestOutputIsNotStandardOutput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	for _, name := range []string{"/dev/stdout", "/proc/self/fd/1", file} {
		out, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := os.Lstat("/dev/stdout")
		cmd := exec.Command(os.Args[0])
		cmd.Env, cmd.Stdout = append(os.Environ(), stdoutEnv+"="+name), out
		text, err := run(cmd)
		if err == nil || !strings.Contains(text, "this process's stdout") || !strings.Contains(text, "-o json") {
			t.Errorf("%s: %v, %q, want a refusal with -o json", name, err, text)
		}
		after, _ := os.Lstat("/dev/stdout")
		if !os.SameFile(before, after) || after.Mode()&os.ModeSymlink == 0 {
			t.Error("/dev/stdout is another file now")
		}
		out.Close()
	}
}

// run runs a process and gives what it wrote to its standard error.
func run(cmd *exec.Cmd) (string, error) {
	var text strings.Builder
	cmd.Stderr = &text
	err := cmd.Run()
	return text.String(), err
}

// A mount cannot be replaced: Kubernetes' termination log and a volume's subPath are
// such.
func TestOutputWritesAMountInPlace(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "below"), strings.Repeat("old", 1000), 0o600)
	put(t, filepath.Join(dir, "mounted"), "", 0o600)
	before, _ := os.Stat(filepath.Join(dir, "below"))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), mountEnv+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if text, err := run(cmd); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	wantText(t, filepath.Join(dir, "below"), "new")
	if after, err := os.Stat(filepath.Join(dir, "below")); err != nil || !os.SameFile(before, after) {
		t.Errorf("the file below the mount is another one (%v)", err)
	}
	wantAlone(t, dir, "below", "mounted")
}

// A file that something else has replaced meanwhile is left alone.
func TestOutputThatChangesMeanwhile(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"fifo": func(path string) error { return unix.Mkfifo(path, 0o600) },
		"link": func(path string) error { return os.Symlink("/dev/null", path) },
	} {
		path := filepath.Join(t.TempDir(), "out")
		o, err := result.NewOutput(path)
		if err := errors.Join(err, put(path)); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Lstat(path)
		if err := o.Write([]byte("new")); !errors.Is(err, result.ErrWrite) {
			t.Errorf("%s: %v, want ErrWrite", name, err)
		}
		if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s: it is another file now (%v)", name, err)
		}
	}
}

// The next start removes what a killed writer left, and not what another one writes.
func TestOutputRemovesWhatTheDeadLeft(t *testing.T) {
	dir := t.TempDir()
	dead, alive := filepath.Join(dir, ".out.podnet-1"), filepath.Join(dir, ".out.podnet-2")
	put(t, dead, "torn", 0o600)
	put(t, alive, "being written", 0o600)
	f, err := os.Open(alive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if err := writeOnce(filepath.Join(dir, "out"), "new"); err != nil {
		t.Fatal(err)
	}
	wantAlone(t, dir, ".out.podnet-2", "out")
}
