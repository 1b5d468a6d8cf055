package docs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// The functions up to TestSnippets are the documents' snippets, which the
// compiler reads here.

// Args gives the EAL arguments for the fast interfaces of the container that
// opts describe, and prints which DPDK port each will be. The zero Options are
// this process's own container.
func Args(ctx context.Context, w io.Writer, opts podnet.Options) ([]string, error) {
	pod, err := podnet.Discover(ctx, opts)
	if err != nil {
		return nil, err
	}
	config, ports, err := pod.EALConfig(podnet.EALOptions{})
	if err != nil {
		return nil, err
	}
	for _, port := range ports {
		fmt.Fprintf(w, "%s is DPDK's port %s\n", port.Interface, port.PortName)
	}
	return config.Args()
}

func startGoDPDK(ctx context.Context, init func(argv []string) error) error {
	args, err := Args(ctx, os.Stderr, podnet.Options{})
	if err != nil {
		return err
	}
	argv := append([]string{os.Args[0]}, args...)
	return init(argv)
}

var _ = startGoDPDK

func TestSnippets(t *testing.T) {
	source, err := os.ReadFile("snippet_test.go")
	if err != nil {
		t.Fatal(err)
	}
	compiled := unindent(string(source))
	for _, f := range fences(t, "go") {
		if !strings.Contains(compiled, unindent(f.text)) {
			t.Errorf("%s: the snippet is not in snippet_test.go as it stands", f.at)
		}
	}
}

// unindent takes away what differs when a snippet stands in a function.
func unindent(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}

func TestArgs(t *testing.T) {
	pod := podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "cbr0", "interface": "eth0", "default": true},
 {"name": "ns/vhost", "interface": "net1", "device-info":
  {"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "server", "path": "/run/vhost/net1"}}}]
-- /proc/self/status --
Cpus_allowed_list:	4-5
`)
	var out bytes.Buffer
	args, err := Args(t.Context(), &out, pod.Options())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "net1 is DPDK's port net_virtio_user_net1\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	i := slices.IndexFunc(args, func(arg string) bool { return strings.Contains(arg, "net_virtio_user_net1") })
	if i < 0 || !strings.Contains(args[i], "path=/run/vhost/net1") {
		t.Errorf("Args = %q, want the socket of net1 in it", args)
	}
}
