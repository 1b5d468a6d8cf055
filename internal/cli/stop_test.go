package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// stopEnv makes this test binary a command that is told to stop and does not.
const stopEnv = "PODNET_TEST_DOES_NOT_STOP"

func init() {
	if file := os.Getenv(stopEnv); file != "" {
		d := Deps{cleanups: &cleanups{}}
		d.AtOnce(func() { _ = os.Remove(file) })
		d.AtOnce(func() { os.Exit(7) })() // taken back
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
	gone := make(chan struct{})
	for want, stop := range map[string]func(){
		"interrupt signal received":         func() { kill(t, syscall.SIGINT) },
		"terminated signal received":        func() { kill(t, syscall.SIGTERM) },
		"hangup signal received":            func() { kill(t, syscall.SIGHUP) },
		"who read the output has gone away": func() { close(gone) },
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
	file := t.TempDir() + "/made"
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), stopEnv+"="+file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await := func(name string) {
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if _, err := os.Stat(name); err == nil {
				return
			}
		}
		t.Fatalf("no %s", name)
	}
	await(file)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	await(file + ".told")
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
