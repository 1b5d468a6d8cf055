//go:build k8s

// Package k8s tests the image and the manifests on a Kubernetes node of real programs:
// kubelet, containerd, Multus and a device plugin. node/node.sh starts the node, which has
// this machine's CPUs and hugepages. There are no NICs with VFs: test/lab has them. Start
// with main_test.go, then bench_test.go.
package k8s

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// image is the manifests' name of the application's image.
const image = "localhost/testpmd-wrapper:latest"

// ourImage are the lines of a container that has it.
const ourImage = "image: " + image + "\n    imagePullPolicy: Never"

// patience is how long a pod may take to start, or to end, on a busy machine.
const patience = time.Minute

// nodeDir is where the node writes.
var nodeDir string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := testOnNode(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "k8s:", err)
		code = 1
	}
	os.Exit(code)
}

func testOnNode(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if nodeDir = os.Getenv("PODNET_NODE"); nodeDir == "" { // else it is one that is up
		if nodeDir, err = os.MkdirTemp("", "podnet-k8s-"); err != nil {
			return 1, err
		}
		defer os.RemoveAll(nodeDir)
		defer func() {
			_, downErr := run(context.Background(), nil, "node/node.sh", "down", nodeDir)
			err = errors.Join(err, downErr)
		}()
		if _, err := run(ctx, nil, "node/node.sh", "up", nodeDir); err != nil {
			return 1, err
		}
	}
	if err := prepare(ctx); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// prepare gives the node the images, and the kinds that the manifests name.
func prepare(ctx context.Context) error {
	for name, build := range map[string][]string{
		image:       {"../image/build.sh"},
		podnetImage: {"../image/build.sh", "bookworm", "podnet"},
	} {
		built, err := run(ctx, nil, build...)
		if err != nil {
			return err
		}
		archive := filepath.Join(nodeDir, "image.tar")
		if err := os.RemoveAll(archive); err != nil {
			return err
		}
		for _, argv := range [][]string{
			{"buildah", "push", "--quiet", strings.TrimSpace(built), "docker-archive:" + archive + ":" + name},
			{"node/node.sh", "load", nodeDir, archive},
		} {
			if _, err := run(ctx, nil, argv...); err != nil {
				return err
			}
		}
	}
	if _, err := kubectl(ctx, nil, "apply", "-f", "testdata/cluster"); err != nil {
		return err
	}
	_, err := kubectl(ctx, nil, "wait", "--for=condition=Established", "--all", "customresourcedefinitions", "--timeout=30s")
	return err
}

// run runs a program to its end and gives its standard output.
func run(ctx context.Context, stdin io.Reader, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%q: %w\n%s", argv, err, stderr.String())
	}
	return stdout.String(), nil
}

// inNode runs a program in the node's namespaces.
func inNode(ctx context.Context, stdin io.Reader, argv ...string) (string, error) {
	return run(ctx, stdin, append([]string{"node/node.sh", "in", nodeDir}, argv...)...)
}

// shellInNode runs a document's line in a directory of the node, and wants it to succeed.
func shellInNode(t *testing.T, dir, line string) {
	t.Helper()
	out, err := inNode(t.Context(), nil, "sh", "-c", "cd "+dir+" && "+line)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", line, out)
}

func kubectl(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	return inNode(ctx, stdin, append([]string{"kubectl"}, args...)...)
}

// namespace is one that a test has for itself.
type namespace struct {
	t    *testing.T
	name string
}

// newNamespace makes a namespace that goes with the test.
func newNamespace(t *testing.T) *namespace {
	t.Helper()
	n := &namespace{t: t, name: strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))}
	n.must(kubectl(t.Context(), nil, "create", "namespace", n.name))
	n.await("its service account", func() error {
		_, err := n.try("get", "serviceaccount", "default")
		return err
	})
	n.showAndDelete()
	return n
}

// showAndDelete ends the namespace with the test, which shows what is in it if it
// fails.
func (n *namespace) showAndDelete() {
	t := n.t
	t.Cleanup(func() {
		ctx := context.Background()
		if t.Failed() {
			for _, args := range [][]string{{"get", "pods,jobs,configmaps", "-o", "yaml"}, {"get", "events"}} {
				out, err := kubectl(ctx, nil, append(args, "-n", n.name)...)
				t.Logf("kubectl %q: %v\n%s", args, err, out)
			}
			pods, err := kubectl(ctx, nil, "get", "pods", "-n", n.name, "-o", "name")
			if err != nil {
				t.Log(err)
			}
			for pod := range strings.FieldsSeq(pods) {
				out, err := kubectl(ctx, nil, "logs", "-n", n.name, "--all-containers", "--prefix", pod)
				t.Logf("logs: %v\n%s", err, out)
			}
		}
		// Wait until the pods have ended: the next test's pods need the CPU and the
		// resources. The other objects may disappear later.
		for _, args := range [][]string{{"jobs,pods", "--all", "--timeout=60s", "-n", n.name}, {"namespace", n.name, "--ignore-not-found", "--wait=false"}} {
			if _, err := kubectl(ctx, nil, append([]string{"delete"}, args...)...); err != nil {
				t.Error(err)
			}
		}
	})
}

// must gives the output of a command that must not fail.
func (n *namespace) must(out string, err error) string {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

// try is kubectl in the namespace.
func (n *namespace) try(args ...string) (string, error) {
	return kubectl(n.t.Context(), nil, append([]string{"-n", n.name}, args...)...)
}

// kubectl runs kubectl in the namespace, and must not fail.
func (n *namespace) kubectl(args ...string) string {
	n.t.Helper()
	return n.must(n.try(args...))
}

// apply applies a manifest.
func (n *namespace) apply(manifest string) {
	n.t.Helper()
	n.must(kubectl(n.t.Context(), strings.NewReader(manifest), "apply", "-n", n.name, "--validate=strict", "-f", "-"))
}

// get reads a field of an object.
func (n *namespace) get(object, jsonpath string) string {
	n.t.Helper()
	return n.kubectl("get", object, "-o", "jsonpath="+jsonpath)
}

// await waits until check returns nil.
func (n *namespace) await(what string, check func() error) {
	n.t.Helper()
	const interval = 250 * time.Millisecond // kubectl is a process each time
	if err := testpeer.Poll(patience, func() error {
		err := check()
		if err != nil {
			time.Sleep(interval)
		}
		return err
	}); err != nil {
		n.t.Fatalf("wait for %s: %v", what, err)
	}
}

// awaitPhase waits until a pod is in this phase.
func (n *namespace) awaitPhase(pod, phase string) {
	n.t.Helper()
	n.await(pod+" "+phase, func() error {
		got, err := n.try("get", "pod", pod, "-o", "jsonpath={.status.phase}")
		if err == nil && got != phase {
			err = fmt.Errorf("it is %s", got)
		}
		return err
	})
}

// run applies a manifest of one pod that ends, wants it to succeed and gives the
// container's log.
func (n *namespace) run(pod, container, manifest string) string {
	n.t.Helper()
	n.apply(manifest)
	n.awaitPhase(pod, "Succeeded")
	return n.kubectl("logs", pod, "-c", container)
}

func decode(t *testing.T, text string, value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), value); err != nil {
		t.Fatalf("not one JSON object: %v\n%s", err, text)
	}
}
