//go:build linux

// Package netdev makes network namespaces with netdevs for tests, and sends frames over
// netdevs through the kernel. It does not use DPDK. Start with NewNamespace and Exchange.
package netdev

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// Namespace is a network namespace, with a mount namespace whose /sys shows its
// netdevs. Both end with the test, or with the process that runs it.
type Namespace struct {
	Path string // the network namespace, as setns takes it

	pid int
}

// NewNamespace makes a namespace in which nothing sends on its own: exact
// counts have no room for neighbor discovery.
func NewNamespace(t *testing.T) *Namespace {
	t.Helper()
	const script = "mount -t sysfs sysfs /sys && echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 && echo made && exec sleep infinity"
	p := peertest.Start(t, "namespace", []string{"unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script}, testpeer.Options{})
	if err := p.Poll(peertest.Patience, func() error {
		if p.Stdout() != "made\n" {
			return errors.New("it is not made")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return &Namespace{Path: fmt.Sprintf("/proc/%d/ns/net", p.PID), pid: p.PID}
}

// In is the command line that runs another in the namespace, as the same process.
func (n *Namespace) In(argv ...string) []string {
	return slices.Concat([]string{"nsenter", "--target", strconv.Itoa(n.pid), "--net", "--mount", "--"}, argv)
}

// Do calls f in the network namespace. Other threads that f starts are not in it.
func (n *Namespace) Do(f func() error) error { return in(n.Path, f) }

func in(namespace string, f func() error) error {
	// The thread returns to its own namespace: if it ended instead, the processes that it
	// has started would end, too.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer own.Close()
	other, err := os.Open(namespace)
	if err != nil {
		return err
	}
	defer other.Close()
	if err := unix.Setns(int(other.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("%s: %w", namespace, err)
	}
	return errors.Join(f(), unix.Setns(int(own.Fd()), unix.CLONE_NEWNET))
}
