//go:build cgo && !nodpdk

package dpdk

import (
	"os"
	"strings"
	"testing"
)

const ownArgs = "--no-huge -m 64 --no-pci --no-telemetry --lcores 0@0"

// EAL leaves rte_errno at 0 on some of its ways out.
func TestFailedStarts(t *testing.T) {
	for _, tt := range []struct{ name, shell, args, want string }{
		{"secondary without a primary", "", "--file-prefix b --proc-type=secondary", "DPDK says: EAL: Cannot open"},
		{"no room for files", "ulimit -f 1; ", "--file-prefix c", "DPDK says: EAL: Cannot resize"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := process(t, t.TempDir(), tt.shell, "start", ownArgs+" "+tt.args).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "error: EAL did not start: ") || !strings.Contains(string(out), tt.want) {
				t.Errorf("%v, want an error that contains %q:\n%s", err, tt.want, out)
			}
		})
	}
}

func TestFilePrefixInUse(t *testing.T) {
	dir := t.TempDir()
	first := process(t, dir, "", "hold", ownArgs+" --file-prefix same")
	in, err := first.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := first.StdoutPipe()
	if err == nil {
		err = first.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, err := out.Read(make([]byte, 1)); n != 1 {
		t.Fatal("the first process did not start: ", err)
	}
	for flag, want := range map[string]string{
		"":                      "Is another primary process running?",
		"--proc-type=secondary": "EAL did not start",
	} {
		text, err := process(t, dir, "", "start", ownArgs+" --file-prefix same "+flag).CombinedOutput()
		if err == nil || !strings.Contains(string(text), "error: EAL did not start: ") || !strings.Contains(string(text), want) {
			t.Errorf("%q: %v, want an error that contains %q:\n%s", flag, err, want, text)
		}
	}
	_ = in.Close()
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
}

// DPDK maps the files in its runtime directory before they have room. Whatever fits
// and what does not, the process ends with a reason that names the place.
func TestFullRuntimeDirectory(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to mount a file system that is small")
	}
	full := 0
	for _, size := range []string{"4k", "16k", "64k", "128k", "256k"} {
		dir := t.TempDir()
		cmd := process(t, dir, "mount -t tmpfs -o size="+size+" none "+dir+" && ", "start", ownArgs+" --file-prefix full")
		inNamespace(t, cmd, "--mount")
		out, err := cmd.CombinedOutput()
		switch {
		case err == nil:
		case cmd.ProcessState.ExitCode() == 3 && strings.Contains(string(out), dir+"/dpdk/full: DPDK's runtime directory is full: make room there"):
			full++
		case strings.Contains(string(out), "error: EAL did not start: "):
		default:
			t.Errorf("%s: %v\n%s", size, err, out)
		}
	}
	if full == 0 {
		t.Error("no size was found with which DPDK's files are mapped and do not fit")
	}
}
