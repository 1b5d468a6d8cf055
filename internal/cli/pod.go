package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/lib/podnet"
)

// PodOptions are the flags that say where the pod is read from, and whether to
// wait for it.
type PodOptions struct {
	Root    string
	PID     int
	Environ string
	Podinfo string
	Hints   []string
	Wait    time.Duration
}

// addRootFlags adds the flags of a command that only reads.
func (o *PodOptions) addRootFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.Root, "root", "/", "directory to read in place of /, such as a copy of another pod's files")
	cmd.Flags().Var((*pidFlag)(&o.PID), "pid", "number of a running process: look at its container instead of this one (from a debug container or the node)")
	o.AddRootlessFlags(cmd)
}

// pidFlag is the number of a process. 0 must not stand for this process: an empty
// variable in a script's arithmetic gives 0.
type pidFlag int

func (*pidFlag) Type() string { return "int" }

func (p *pidFlag) String() string {
	if *p == 0 {
		return ""
	}
	return strconv.Itoa(int(*p))
}

func (p *pidFlag) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("want the number of a process")
	}
	*p = pidFlag(n)
	return nil
}

// AddRootlessFlags adds the flags of a command that works with sockets and devices. These
// exist in the real "/" alone, so such a command has no --root.
func (o *PodOptions) AddRootlessFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.Environ, "environ", "",
		"file to read the pod's environment from: a copy of /proc/PID/environ, or NAME=value lines (default: this process's environment)")
	cmd.Flags().StringVar(&o.Podinfo, "podinfo", "",
		"directory of the Downward API volume (default: /etc/podnetinfo, then /etc/podinfo)")
	cmd.Flags().StringArrayVar(&o.Hints, "hint", nil,
		"device of a network or an interface, where the pod does not name it: NAME=a resource, a device, a socket (vhost-user:PATH,server, memif:PATH), af-xdp or af-packet, such as ns/net=openshift.io/sriov_a (may be repeated)")
	cmd.Flags().DurationVar(&o.Wait, "wait", 0,
		"how long to wait for the status of the pod's networks and for the peers' sockets (default: not at all)")
}

// Discover resolves the pod. With --wait it waits until everything is there, also the
// interfaces of these names.
func (o *PodOptions) Discover(ctx context.Context, d Deps, interfaces ...string) (*podnet.Pod, error) {
	return o.discoverUntil(ctx, d, podnet.ReadyFor(interfaces...))
}

// discoverUntil resolves the pod. With --wait it waits for a condition.
func (o *PodOptions) discoverUntil(ctx context.Context, d Deps, cond func(*podnet.Pod) error) (*podnet.Pod, error) {
	if o.Wait < 0 {
		return nil, UsageErrorf("--wait %s: must not be below 0", o.Wait)
	}
	hints, err := parseHints(o.Hints)
	if err != nil {
		return nil, err
	}
	environ, err := o.environ(d)
	if err != nil {
		return nil, err
	}
	podinfo, err := o.podinfo()
	if err != nil {
		return nil, err
	}
	opts := podnet.Options{Root: o.Root, PID: o.PID, Environ: environ, Podinfo: podinfo, Hints: hints}
	if o.Wait == 0 {
		pod, err := podnet.Discover(ctx, opts)
		if errors.Is(err, podnet.CodeBadOption) {
			return nil, UsageError(err)
		}
		return pod, NotReady(err)
	}
	waiting, cancel := context.WithTimeout(ctx, o.Wait)
	defer cancel()
	pod, err := podnet.Wait(waiting, opts, cond)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx) // a signal stopped the command
	}
	if errors.Is(err, podnet.CodeBadOption) {
		return nil, UsageError(err)
	}
	return pod, NotReady(err)
}

// podinfo gives the directory of --podinfo as a path below the root.
func (o *PodOptions) podinfo() (string, error) {
	switch {
	case o.Podinfo == "", path.IsAbs(o.Podinfo):
		return o.Podinfo, nil
	case o.Root != "/" && o.Root != "", o.PID != 0:
		return "", UsageErrorf("--podinfo %s: with --root and --pid give the absolute path that it has in the container", o.Podinfo)
	}
	return filepath.Abs(o.Podinfo)
}

// environ gives the environment to read; nil: read the environment of --pid's process.
func (o *PodOptions) environ(d Deps) ([]string, error) {
	switch {
	case o.Environ != "":
		return ReadEnviron(o.Environ)
	case o.PID != 0:
		return nil, nil
	}
	return d.Env, nil
}

// parseHints reads the values of --hint, one hint each.
func parseHints(values []string) (map[string]string, error) {
	hints := map[string]string{}
	for _, value := range values {
		network, hint, ok := strings.Cut(value, "=")
		if !ok || network == "" || hint == "" {
			return nil, UsageErrorf("--hint %q: want NETWORK=RESOURCE, or another hint", value)
		}
		if before, twice := hints[network]; twice && before != hint {
			return nil, UsageErrorf("--hint %q: %s=%s is given too", value, network, before)
		}
		hints[network] = hint
	}
	return hints, nil
}

// ReadEnviron reads a file with an environment (--environ).
func ReadEnviron(name string) ([]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, podnet.MaxEnviron+1))
	if err != nil {
		return nil, err
	}
	environ, err := podnet.ParseEnviron(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return environ, nil
}
