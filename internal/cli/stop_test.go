package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// stopEnv makes this test binary a command that gets a signal to stop and does not.
const stopEnv = "PODNET_TEST_DOES_NOT_STOP"

func init() {
	if file := os.Getenv(stopEnv); file != "" {
		d := Deps{cleanups: &cleanups{}}
		d.AtOnce(func() { _ = os.Remove(file) })
		d.AtOnce(func() { os.Exit(7) })() // unregistered at once
		cmd := &cobra.Command{}
		cmd.SetContext(context.Background())
		_ = d.UntilStopped(func(ctx context.Context) error {
			_ = os.WriteFile(file, nil, 0o600)
			<-ctx.Done()
			_ = os.WriteFile(file+".told", nil, 0o600)
			select {}
		})(cmd, nil)
	}
}

// Each signal that stops a command ends its context, with itself as the cause.
func TestUntilStopped(t *testing.T) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // even if nohup started the test
	gone := make(chan struct{})
	for want, stop := range map[string]func(){
		"interrupt signal received":              func() { kill(t, syscall.SIGINT) },
		"terminated signal received":             func() { kill(t, syscall.SIGTERM) },
		"hangup signal received":                 func() { kill(t, syscall.SIGHUP) },
		"the reader of the output has gone away": func() { close(gone) },
	} {
		var d Deps
		if stopped := want == errReaderGone.Error(); stopped {
			d.Gone = gone
		}
		cmd := &cobra.Command{}
		cmd.SetContext(t.Context())
		err := d.UntilStopped(func(ctx context.Context) error {
			stop()
			<-ctx.Done()
			if err := context.Cause(ctx); !Stopped(ctx, err) || Stopped(ctx, errors.New("other")) {
				t.Errorf("%v is not why it ended", err)
			}
			return context.Cause(ctx)
		})(cmd, nil)
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func kill(t *testing.T, sig syscall.Signal) {
	if err := syscall.Kill(os.Getpid(), sig); err != nil {
		t.Error(err)
	}
}

// A second signal does not wait for a command that does not end, and cleans up.
// timeout(1) sends one twice.
func TestSecondSignal(t *testing.T) {
	cmd, file := stubborn(t, os.Args[0])
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	await(t, file+".told")
	time.Sleep(sameStop)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatalf("it has ended already: %v", err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != CodeFailed {
		t.Errorf("%v, want exit code %d", err, CodeFailed)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("it has not cleaned up")
	}
}

// A command that nohup started outlives its terminal, and ends by other signals.
func TestNohup(t *testing.T) {
	cmd, file := stubborn(t, "sh", "-c", `trap "" HUP; exec "$0"`, os.Args[0])
	_ = cmd.Process.Signal(syscall.SIGHUP)
	time.Sleep(2 * sameStop)
	if _, err := os.Stat(file + ".told"); err == nil {
		t.Error("a hang-up ended it")
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	await(t, file+".told")
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// stubborn starts the command that does not stop, and returns when it has made the file.
func stubborn(t *testing.T, argv ...string) (cmd *exec.Cmd, file string) {
	t.Helper()
	file = t.TempDir() + "/made"
	cmd = exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), stopEnv+"="+file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, file)
	return cmd, file
}

func await(t *testing.T, name string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(name); err == nil {
			return
		}
	}
	t.Fatalf("no %s", name)
}
