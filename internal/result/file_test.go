package result_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// writerEnv makes this test binary a process that writes without end.
const writerEnv = "PODNET_TEST_WRITES_TO"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		f, err := result.Create(path)
		for err == nil {
			err = f.Write(resulttest.Soak())
		}
		os.Exit(1)
	}
	for name, write := range map[string]func(string) error{
		mountEnv:  mountAndWrite,
		stdoutEnv: func(path string) error { return writeOnce(path, "new") },
	} {
		if value := os.Getenv(name); value != "" {
			if err := write(value); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	f, err := result.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("Create left a file")
	}
	for _, want := range resulttest.Samples() {
		if err := f.Write(want); err != nil {
			t.Fatal(err)
		}
		got, err := result.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Method, diff)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files lie beside one another, want the result alone", len(left))
	}
}

// Killed at any moment, the writer leaves a valid document.
func TestKilledWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	for i := range 20 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerEnv+"="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				break
			}
			if time.Now().After(end) {
				t.Fatal("nothing is written")
			}
		}
		time.Sleep(time.Duration(i) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		r, err := result.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if r.Complete {
			t.Error("the document says that it is complete")
		}
	}
}

func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "absent", "r.json"), dir, "/dev/null", ""} {
		if _, err := result.Create(path); !errors.Is(err, result.ErrWrite) || !strings.Contains(err.Error(), path) {
			t.Errorf("Create(%q): %v, want ErrWrite with the path", path, err)
		}
	}
}

// A file that must not grow is like a full disk.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	f, err := result.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(resulttest.Soak()); err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1000, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	err = f.Write(resulttest.NDR())
	if e := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, result.ErrWrite) || !errors.Is(err, syscall.EFBIG) {
		t.Errorf("error %v, want ErrWrite for EFBIG", err)
	}
	if r, err := result.ReadFile(path); err != nil || r.Method != result.Soak {
		t.Errorf("what is there: %s, %v, want what was written before", r.Method, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files are left, want the result alone", len(left))
	}
}

func TestReadFile(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := `{"schema": "podnet.result/v1", "method": "fixed", "later": 1}`
	if r, err := result.ReadFile(write(newer)); err != nil || r.Method != result.Fixed {
		t.Errorf("a newer document: %+v, %v", r, err)
	}
	for text, want := range map[string]string{
		"":                            "no result of bench",
		"{":                           "no result of bench",
		`[]`:                          "no result of bench",
		`{"schema": "podnet.run/v1"}`: `"podnet.run/v1"`,
		`{}`:                          `schema ""`,
		`{"schema": 5}`:               "no result of bench",
	} {
		path := write(text)
		if _, err := result.ReadFile(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want an error with %q and the file", text, err, want)
		}
	}
	if _, err := result.ReadFile("/absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}
