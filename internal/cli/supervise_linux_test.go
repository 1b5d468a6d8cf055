package cli_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds waits that take moments on a machine that is not busy.
const patience = 60 * time.Second

// program is a command line of exec whose program is a shell script, by the name of
// dpdk-testpmd.
func program(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"dpdk-testpmd": "#!/bin/sh\n" + script,
		"environ":      "",
		"annotations":  `k8s.v1.cni.cncf.io/network-status="[{\"name\":\"ns/m\",\"interface\":\"net1\",\"dns\":{},\"device-info\":{\"type\":\"memif\",\"version\":\"1.1.0\",\"memif\":{\"role\":\"client\",\"path\":\"/run/m.sock\"}}}]"`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	wrapper := filepath.Join(dir, "testpmd-wrapper")
	if err := os.Symlink(self, wrapper); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(wrapper, append([]string{"exec", "--no-check", "--memory=none", "--podinfo=" + dir, "--environ=" + filepath.Join(dir, "environ")}, args...)...)
	cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "RUNTIME_DIRECTORY=" + dir}
	return cmd
}

// finish waits for the command and gives how it ended.
func finish(t *testing.T, cmd *exec.Cmd) syscall.WaitStatus {
	t.Helper()
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Sys().(syscall.WaitStatus)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// begin starts the command, and waits for the first line of its standard output.
func begin(t *testing.T, cmd *exec.Cmd) (first string, out io.Reader) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	_ = r.SetReadDeadline(time.Now().Add(patience))
	var line []byte
	for one := make([]byte, 1); ; line = append(line, one[0]) {
		if _, err := r.Read(one); err != nil {
			t.Fatalf("after %q: %v, standard error %v", line, err, cmd.Stderr)
		}
		if one[0] == '\n' {
			return string(line), r
		}
	}
}

const fatal = "echo 'EAL: FATAL: Cannot set affinity' >&2\n"

// exec explains a failure after the program's own output, and ends with its exit code.
func TestExecExplains(t *testing.T) {
	var out, log bytes.Buffer
	cmd := program(t, fatal+"echo out; echo last >&2; exit 9")
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if status := finish(t, cmd); status.ExitStatus() != 9 || out.String() != "out\n" {
		t.Errorf("ended with %d, said %q", status.ExitStatus(), &out)
	}
	want := "EAL: FATAL: Cannot set affinity\nlast\ntestpmd-wrapper: fail: an lcore is to run on a CPU"
	if !strings.HasPrefix(log.String(), want) || !strings.Contains(log.String(), "\n  remedy: use CPUs of the container") {
		t.Errorf("standard error %q", &log)
	}
	if left, _ := os.ReadDir(filepath.Join(strings.TrimPrefix(cmd.Env[1], "RUNTIME_DIRECTORY="), "dpdk")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Standard output is the program's own, not our pipe, and one file for both
// streams keeps their order.
func TestExecStreams(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var log bytes.Buffer
	cmd := program(t, "readlink /proc/self/fd/1; cat")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("in\n"), file, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	finish(t, cmd)
	if got, err := os.ReadFile(file.Name()); err != nil || string(got) != file.Name()+"\nin\n" || log.Len() > 0 {
		t.Errorf("standard output %q, error %q, %v", got, &log, err)
	}

	var both bytes.Buffer
	cmd = program(t, "for i in 1 2 3 4 5 6 7 8; do echo o$i; echo e$i >&2; done; exit 1")
	cmd.Stdout, cmd.Stderr = &both, &both
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	finish(t, cmd)
	if want := "o1\ne1\no2\ne2\no3\ne3\no4\ne4\no5\ne5\no6\ne6\no7\ne7\no8\ne8\n"; both.String() != want {
		t.Errorf("both streams %q", &both)
	}
}

// Signals reach the program once, and what it does then is no failure to explain.
func TestExecSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2} {
		t.Run(sig.String(), func(t *testing.T) {
			signal.Notify(make(chan os.Signal, 1), sig) // the program gets it even if nohup started the test
			var log bytes.Buffer
			cmd := program(t, fatal+"trap 'n=$((n+1)); sleep 0.1; echo $n; exit 6' "+strconv.Itoa(int(sig))+"\necho ready\nwhile :; do sleep 0.05; done")
			cmd.Stderr = &log
			_, out := begin(t, cmd)
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(out)
			if status := finish(t, cmd); status.ExitStatus() != 6 || string(rest) != "1\n" {
				t.Errorf("ended with %d, got it %q times", status.ExitStatus(), rest)
			}
			asked := sig == syscall.SIGTERM || sig == syscall.SIGINT || sig == syscall.SIGHUP
			if explained := strings.Contains(log.String(), "remedy"); explained == asked {
				t.Errorf("explained: %v: %s", explained, &log)
			}
		})
	}
}

// If exec ignores a signal, such as under nohup, so does the program.
func TestExecIgnoredSignal(t *testing.T) {
	cmd := program(t, "echo ready; grep SigIgn /proc/self/status")
	cmd.Args = []string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, cmd.Path}
	cmd.Args = append(cmd.Args, program(t, "").Args[1:]...)
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = shell
	_, out := begin(t, cmd)
	rest, _ := io.ReadAll(out)
	finish(t, cmd)
	mask, err := strconv.ParseUint(strings.TrimSpace(strings.TrimPrefix(string(rest), "SigIgn:")), 16, 64)
	if err != nil || mask&1 == 0 {
		t.Errorf("%q, %v", rest, err)
	}
}

// If a signal ends the program, exec explains that and ends by the same signal.
func TestExecDiesByTheSameSignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGKILL, syscall.SIGTERM} {
		var log bytes.Buffer
		cmd := program(t, fatal+"kill -"+strconv.Itoa(int(sig))+" $$")
		cmd.Stderr = &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if status := finish(t, cmd); !status.Signaled() || status.Signal() != sig {
			t.Errorf("%v: ended with %#x", sig, status)
		}
		failed := sig == syscall.SIGABRT || sig == syscall.SIGSEGV
		if explained := strings.Contains(log.String(), "remedy"); explained != failed || strings.Contains(log.String(), "goroutine") {
			t.Errorf("%v: explained: %v: %s", sig, explained, &log)
		}
	}
}

// A program does not outlive the process beside it.
func TestExecKilled(t *testing.T) {
	cmd := program(t, "echo $$; exec sleep 1000")
	pid, out := begin(t, cmd)
	if pid == strconv.Itoa(cmd.Process.Pid) {
		t.Fatal("no process is beside the program")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	finish(t, cmd)
	if _, err := io.ReadAll(out); err != nil { // it ends with the last process that has it
		t.Errorf("process %s is still there: %v", pid, err)
	}
}

// The program notices by itself that its reader goes away, and a process that it leaves
// behind does not keep exec from ending.
func TestExecLog(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t, "echo ready; while echo line >&2; do sleep 0.05; done; exit 3")
	cmd.Stderr = w
	begin(t, cmd)
	_, _ = w.Close(), r.Close()
	if status := finish(t, cmd); status.Signal() != syscall.SIGPIPE {
		t.Errorf("without a reader: %#x", status)
	}

	cmd = program(t, "sleep 1000 & echo $!; exit 4")
	pid, _ := begin(t, cmd)
	if status := finish(t, cmd); status.ExitStatus() != 4 {
		t.Errorf("with a process left behind: %#x", status)
	}
	if n, err := strconv.Atoi(pid); err != nil || syscall.Kill(n, syscall.SIGKILL) != nil {
		t.Errorf("process %s is not there: %v", pid, err)
	}
}

// As process 1 of a container it reaps orphans, and passes signals on whose default
// process 1 does not have.
func TestExecAsProcess1(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a PID namespace needs root")
	}
	isolated := func(script string) *exec.Cmd {
		cmd := program(t, script)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
		return cmd
	}
	cmd := isolated(`mount -t proc proc /proc
(true & true & sleep 0.1 & true)
sleep 0.5
echo $$ $(grep -l '^PPid:.1$' /proc/[0-9]*/status | wc -l)
exit 5`)
	first, _ := begin(t, cmd)
	status := finish(t, cmd)
	// The program is the only child that is left.
	if words := strings.Fields(first); len(words) != 2 || words[0] == "1" || words[1] != "1" || status.ExitStatus() != 5 {
		t.Errorf("program and children of 1: %q, exit %#x", first, status)
	}
	cmd = isolated("echo ready; exec sleep 1000")
	begin(t, cmd)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if status := finish(t, cmd); status.ExitStatus() != 128+int(syscall.SIGTERM) { // which no signal of its own ends
		t.Errorf("process 1 ended with %#x", status)
	}
}

// On a terminal, or without --explain, exec becomes the program.
func TestExecBecomes(t *testing.T) {
	master, slave := terminal(t)
	go func() { _, _ = io.Copy(io.Discard, master) }()
	for _, c := range []struct {
		name    string
		args    []string
		stderr  *os.File
		becomes bool
	}{
		{"testpmd", nil, nil, false},
		{"testpmd, never", []string{"--explain=never"}, nil, true},
		{"testpmd on a terminal", nil, slave, true},
		{"testpmd on a terminal, always", []string{"--explain=always"}, slave, false},
		{"another program", []string{"--app=dpdk-testpmd"}, nil, true},
		{"another program, always", []string{"--app=dpdk-testpmd", "--explain=always"}, nil, false},
	} {
		cmd := program(t, "echo $$", c.args...)
		if c.stderr != nil {
			cmd.Stderr = c.stderr
		}
		pid, _ := begin(t, cmd)
		if became := pid == strconv.Itoa(cmd.Process.Pid); became != c.becomes {
			t.Errorf("%s: became %v", c.name, became)
		}
		finish(t, cmd)
	}
}

// terminal is a pseudoterminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(n)), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Close() })
	return master, slave
}

// From a terminal, whose keys reach the whole group, the program gets a signal once:
// it is not passed on to one that has left the group.
func TestExecInForeground(t *testing.T) {
	const script = `trap 'exit 7' INT; echo ready; for i in 1 2 3 4 5 6 7 8 9 0; do sleep 0.1; done; exit 6`
	for want, script := range map[int]string{7: script, 6: `exec setsid sh -c "` + script + `"`} {
		master, slave := terminal(t)
		cmd := program(t, script)
		cmd.Stdin = slave
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		begin(t, cmd)
		if _, err := master.Write([]byte{3}); err != nil { // Ctrl-C
			t.Fatal(err)
		}
		if status := finish(t, cmd); status.ExitStatus() != want {
			t.Errorf("%q ended with %#x, want %d", script, status, want)
		}
	}
}
