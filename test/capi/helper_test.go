//go:build capi

package capi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHelperIsFound: the library finds its helper by the option, by PODNET_HELPER, in the
// configured directory and in PATH, in this order, and never in the current directory.
func TestHelperIsFound(t *testing.T) {
	dir := t.TempDir()
	hostile, _, _ := hostileHelper(t)
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	impostor, err := os.ReadFile(hostile)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cwd/podnet", "path/podnet"} {
		file(name, string(impostor), 0o755)
	}
	plain := file("plain/podnet", string(impostor), 0o644)
	text := file("text/podnet", "no program\n", 0o755)
	circle := filepath.Join(dir, "circle")
	if err := os.Symlink("circle", circle); err != nil {
		t.Fatal(err)
	}
	found := "SigBlk" // the impostor prints its own status
	nowhere := compile(t, "gcc", "ask.c", "dump.c")
	withDirectory := link(t, "ask.c", "dump.c")
	for _, tt := range []struct {
		name    string
		program string
		job     job
		result  int
		text    string
	}{
		{"option", nowhere, job{Helper: hostile}, resultHelperFailed, found},
		{"option before the variable", nowhere, job{Helper: helper, Env: []string{"PODNET_HELPER=" + hostile}}, resultOK, ""},
		{"relative option", nowhere, job{Helper: "./podnet"}, resultInvalid, "option helper: \"./podnet\" is not an absolute path"},
		{"option without a file", nowhere, job{Helper: "/nonexistent/podnet"}, resultNoHelper, "there is no such file"},
		{"option of a link to itself", nowhere, job{Helper: circle}, resultHelperExec, "lead in a circle"},
		{"option too long", nowhere, job{Helper: "/" + strings.Repeat("x", 5000)}, resultHelperExec, "too long"},
		{"option below a file", nowhere, job{Helper: plain + "/podnet"}, resultNoHelper, "there is no such file"},
		{"option of a directory", nowhere, job{Helper: dir}, resultHelperExec, "it is not a file"},
		{"option not executable", nowhere, job{Helper: plain}, resultHelperExec, "it is not executable"},
		{"option not a program", nowhere, job{Helper: text}, resultHelperExec, "cannot be run"},
		{"option of another program", nowhere, job{Helper: "/bin/true"}, resultHelperFailed, "no answer"},
		{"variable", nowhere, job{Env: []string{"PODNET_HELPER=" + hostile}}, resultHelperFailed, found},
		{"variable before PATH", nowhere, job{Env: []string{"PODNET_HELPER=" + helper, "PATH=" + dir + "/path"}}, resultOK, ""},
		{"relative variable", nowhere, job{Env: []string{"PODNET_HELPER=podnet"}}, resultInvalid, "PODNET_HELPER: \"podnet\" is not an absolute path"},
		{"variable without a file", nowhere, job{Env: []string{"PODNET_HELPER=/nonexistent/podnet"}}, resultNoHelper, "PODNET_HELPER"},
		{"PATH", nowhere, job{Env: []string{"PATH=/nonexistent:" + dir + "/plain:" + dir + "/path"}}, resultHelperFailed, found},
		{"configured", withDirectory, job{Env: []string{"PATH=" + dir + "/path"}}, resultOK, ""},
		{"nowhere", nowhere, job{Env: []string{"PATH=/nonexistent"}}, resultNoHelper, "/nonexistent/podnet nor in PATH: install podnet there"},
		{"no PATH", nowhere, job{Env: []string{}}, resultNoHelper, "nor in PATH"},
		{"current directory", nowhere, job{Env: []string{"PATH=.::" + "../cwd:"}}, resultNoHelper, "nor in PATH"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.job.Env == nil {
				tt.job.Env = []string{}
			}
			t.Chdir(filepath.Join(dir, "cwd"))
			got := ask(t, tt.program, nil, tt.job)[0].Error
			if got.Result != tt.result || !strings.Contains(got.Text, tt.text) {
				t.Errorf("result %d: %q; want %d about %q", got.Result, got.Text, tt.result, tt.text)
			}
		})
	}
}

// TestHelperGetsNothing: the helper has its three standard descriptors alone, and no signal
// is blocked or ignored in it, whatever the program has.
func TestHelperGetsNothing(t *testing.T) {
	hostile, _, _ := hostileHelper(t)
	for name, program := range map[string]string{
		"shared":                link(t, "ask.c", "dump.c"),
		"without closefrom":     compile(t, "gcc", "-DPODNET_NO_CLOSEFROM", "ask.c", "dump.c"),
		"address sanitizer too": compile(t, "gcc", append(sanitizers[:1:1], "ask.c", "dump.c")...),
	} {
		t.Run(name, func(t *testing.T) {
			wrapper := filepath.Join(t.TempDir(), "wrapped")
			script := "#!/bin/bash\ntrap '' INT QUIT PIPE CHLD USR1\nexec 7</dev/null 99</dev/null\nexec \"" + program + "\"\n"
			if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			got := ask(t, wrapper, nil, job{Helper: hostile})[0].Error
			var blocked, ignored uint64
			if _, err := fmt.Sscanf(got.Text, "SigBlk= %x SigIgn= %x fds= 0 1 2", &blocked, &ignored); err != nil {
				t.Fatalf("the helper has %q: %v", got.Text, err)
			}
			// glibc keeps signals 32 and 33 for itself.
			if ignored &^= 3 << 31; blocked != 0 || ignored != 0 || !strings.HasSuffix(got.Text, "fds= 0 1 2") {
				t.Errorf("the helper has %q", got.Text)
			}
		})
	}
}

// TestSetUserID: a program with more rights than its caller takes no helper from the
// environment, and passes no variable on that changes how the helper runs.
func TestSetUserID(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a set-user-ID program of another user")
	}
	program := link(t, "ask.c", "dump.c")
	dir := filepath.Dir(program)
	hostile, _, _ := hostileHelper(t)
	impostor := filepath.Join(dir, "podnet")
	must(t, "cp", hostile, impostor)
	must(t, "chown", "65533:65533", program)
	must(t, "chmod", "6755", program)
	env := []string{"PODNET_HELPER=" + impostor, "PATH=" + dir + ":/usr/bin:/bin"}
	wrapper := filepath.Join(dir, "as-nobody")
	script := "#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups -- \"" + program + "\"\n"
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Run("configured helper", func(t *testing.T) {
		// env of the job is nil: the process's own.
		if got := ask(t, wrapper, env, job{})[0].Error; got.Result != resultOK {
			t.Errorf("result %d: %s", got.Result, got.Text)
		}
	})
	t.Run("handed on", func(t *testing.T) {
		got := ask(t, wrapper, append(env, "GODEBUG=x", "PCIDEVICE_X=y"), job{Helper: impostor})[0].Error
		if !strings.HasSuffix(got.Text, "fds= 0 1 2 PCIDEVICE_X") {
			t.Errorf("the helper has %q", got.Text)
		}
	})
	t.Run("not set-user-ID", func(t *testing.T) { // the test sees the difference
		must(t, "chmod", "755", program)
		if got := ask(t, wrapper, env, job{})[0].Error; !strings.HasPrefix(got.Text, "SigBlk") {
			t.Errorf("result %d: %s", got.Result, got.Text)
		}
	})
}
