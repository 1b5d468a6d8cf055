//go:build image

// Package image builds the container images and a release, and runs the programs in them.
// It does not start them in pods: test/k8s does. Start with build.sh, which builds without
// a registry, then image_test.go and dist_test.go.
package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/internal/scratchpod"
)

// maxMiB is how many MiB the image may add to its base.
const maxMiB = 90

func command(t *testing.T, name string, args ...string) (stdout string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func TestImage(t *testing.T) {
	suite := "bookworm"
	if s := os.Getenv("SUITE"); s != "" {
		suite = s
	}
	image := command(t, "./build.sh", suite)

	t.Run("configuration", func(t *testing.T) {
		var got struct {
			OCIv1 struct {
				Config struct {
					User       string
					Entrypoint []string
					Labels     map[string]string
				} `json:"config"`
			}
		}
		decode(t, command(t, "buildah", "inspect", "--type", "image", image), &got)
		c := got.OCIv1.Config
		if c.User != "65532:65532" || len(c.Entrypoint) != 1 || c.Entrypoint[0] != "testpmd-wrapper" {
			t.Errorf("user %q, entry point %q", c.User, c.Entrypoint)
		}
		for _, label := range []string{"title", "description", "version", "revision", "created", "source", "licenses"} {
			if value := c.Labels["org.opencontainers.image."+label]; value == "" || value == "unknown" || strings.HasPrefix(value, "1970") {
				t.Errorf("label %s is %q", label, value)
			}
		}
	})
	t.Run("size", func(t *testing.T) {
		above := size(t, image) - size(t, "localhost/podnet-base:"+suite)
		t.Logf("%d MiB above the base", above)
		if above > maxMiB {
			t.Errorf("the image takes %d MiB above its base, want at most %d", above, maxMiB)
		}
	})

	container := command(t, "buildah", "from", image)
	t.Cleanup(func() { exec.Command("buildah", "rm", container).Run() }) //nolint:errcheck // it is a leftover at worst
	t.Run("capabilities", func(t *testing.T) {
		path := filepath.Join(command(t, "buildah", "mount", container), "usr/bin/testpmd-wrapper")
		got := command(t, "getcap", path)
		if want := path + " cap_net_raw,cap_ipc_lock,cap_sys_rawio=p"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
	dir := podinfo(t)
	in := func(t *testing.T, args ...string) string {
		t.Helper()
		return inside(t, container, dir, args...)
	}
	t.Run("inspect", func(t *testing.T) {
		var pod podnet.Pod
		out := in(t, "testpmd-wrapper", "inspect", "-o", "json")
		schematest.Pod(t, []byte(out))
		decode(t, out, &pod)
		if len(pod.Interfaces) != 2 || pod.Interfaces[1].Memif == nil || pod.Interfaces[1].Memif.Path != "/tmp/memif.sock" {
			t.Errorf("interfaces %+v", pod.Interfaces)
		}
	})
	// A ring returns the packets that it gets; net_null's packets are never bench's own.
	t.Run("bench", func(t *testing.T) {
		for vdev, back := range map[string]bool{"net_ring0": true, "net_null0": false} {
			var r result.Result
			// The counters are exact even if bench calls them not valid (5) on a busy machine.
			decode(t, in(t, "sh", "-c", "testpmd-wrapper bench --vdev "+vdev+" --tx "+vdev+" --dst-mac 02:00:00:00:00:01"+
				" --memory none --duration 1s --warmup 0s --rate 1kpps -o json || [ $? = 5 ]"), &r)
			if trial := r.Measurements[0].Trials[0]; trial.Sent.Packets == 0 || (trial.Received.Packets > 0) != back {
				t.Errorf("%s: sent %d, received %d", vdev, trial.Sent.Packets, trial.Received.Packets)
			}
		}
	})
	// The drop-in finds its helper, as a program that links it does.
	t.Run("C library", func(t *testing.T) {
		command(t, "gcc", "-o", filepath.Join(dir, "dropin"), "-I../../capi/netutil", "../../examples/c/dropin.c", "-L"+stub(t), "-lnetutil_api")
		if out := in(t, "/etc/podnetinfo/dropin"); !strings.Contains(out, "net1 of ns/memif: /tmp/memif.sock") {
			t.Errorf("the program prints\n%s", out)
		}
	})
	t.Run("exec", func(t *testing.T) {
		out := in(t, "testpmd-wrapper", "exec", "--memory", "none", "--", "--no-mlockall", "--total-num-mbufs=2048")
		if !strings.Contains(out, "Configuring Port 0") || !strings.Contains(out, "Bye...") {
			t.Errorf("dpdk-testpmd said:\n%s", out)
		}
	})
}

// labels gives an image's labels.
func labels(t *testing.T, image string) map[string]string {
	t.Helper()
	var got struct {
		OCIv1 struct {
			Config struct{ Labels map[string]string } `json:"config"`
		}
	}
	decode(t, command(t, "buildah", "inspect", "--type", "image", image), &got)
	return got.OCIv1.Config.Labels
}

// The image of podnet has the program and nothing else, and runs it as any user.
func TestPodnetImage(t *testing.T) {
	suite := "bookworm"
	if s := os.Getenv("SUITE"); s != "" {
		suite = s
	}
	image := command(t, "./build.sh", suite, "podnet")
	container := command(t, "buildah", "from", image)
	t.Cleanup(func() { exec.Command("buildah", "rm", container).Run() }) //nolint:errcheck // it is a leftover at worst
	root := command(t, "buildah", "mount", container)
	files := strings.Fields(command(t, "find", root, "-type", "f", "-printf", "%P:%s\n"))
	name, size, _ := strings.Cut(files[0], ":")
	length, err := strconv.Atoi(size)
	if len(files) != 1 || name != "usr/bin/podnet" || err != nil || length > 8_000_000 {
		t.Errorf("files %q, want podnet alone, of 8 MB at most", files)
	}
	var got struct {
		OCIv1 struct {
			Config struct {
				User       string
				Entrypoint []string
			} `json:"config"`
		}
	}
	decode(t, command(t, "buildah", "inspect", "--type", "image", image), &got)
	if c := got.OCIv1.Config; c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/usr/bin/podnet"}) {
		t.Errorf("user %q, entry point %q", c.User, c.Entrypoint)
	}

	dir := podinfo(t)
	template := "template: {{(interface \"net1\").memif.path | yaml}}\n"
	if err := os.WriteFile(filepath.Join(dir, "template"), []byte(template), 0o644); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"/tmp/memif.sock  server":       {"inspect"},
		"socket=/tmp/memif.sock":        {"args", "--memory", "none"},
		"template: \"/tmp/memif.sock\"": {"render", "--template", "/etc/podnetinfo/template", "--memory", "none"},
		"podnet ":                       {"version"},
	} {
		out := inside(t, container, dir, append([]string{"/usr/bin/podnet"}, args...)...)
		if !strings.Contains(out, want) {
			t.Errorf("%q does not say %q:\n%s", args, want, out)
		}
	}
	// There is no /tmp for the socket, and no testpmd.
	var out []byte
	for n := 0; n < 5 && len(out) == 0; n++ {
		var exit *exec.ExitError
		out, err = insideCommand(t, container, dir, "/usr/bin/podnet", "check", "--memory", "none").Output()
		if !errors.As(err, &exit) || exit.ExitCode() != 3 {
			t.Errorf("check: %v", err)
		}
	}
	for _, want := range []string{"code: socket-directory", "code: no-program", "pass  eal-arguments"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
}

// podinfo is a Downward API directory of a pod with a memif.
func podinfo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	annotations, err := scratchpod.Annotations(map[string]string{nadv1.NetworkStatusAnnot: `[
		{"name": "cbr0", "interface": "eth0", "default": true},
		{"name": "ns/memif", "interface": "net1", "device-info": {"type": "memif", "version": "1.1.0",
			"memif": {"role": "master", "mode": "ethernet", "path": "/tmp/memif.sock"}}}]`})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "annotations"), annotations, 0o644); err != nil {
		t.Fatal(err)
	}
	for d := dir; d != "/tmp" && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// inside runs a command as the image's user, without a capability, and gives what it
// prints. buildah loses the output of one short program in a hundred, of echo too.
func inside(t *testing.T, container, podinfo string, args ...string) (out string) {
	t.Helper()
	for range 5 {
		cmd := insideCommand(t, container, podinfo, args...)
		if out = command(t, cmd.Args[0], cmd.Args[1:]...); out != "" {
			break
		}
	}
	return out
}

func insideCommand(t *testing.T, container, podinfo string, args ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), "buildah", append([]string{
		"run", "--isolation", "chroot", "--cap-drop", "all",
		"--volume", podinfo + ":/etc/podnetinfo:ro", container, "--",
	}, args...)...)
}

// stub makes a library that has the drop-in's functions and does nothing, to link programs
// against, and gives its directory.
func stub(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "stub.c")
	const functions = "void GetCPUInfo(void) {}\nvoid GetInterfaces(void) {}\nvoid SetConfig(void) {}\nvoid NetutilFreeInterfaces(void) {}\n"
	if err := os.WriteFile(source, []byte(functions), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, "gcc", "-shared", "-o", filepath.Join(dir, "libnetutil_api.so"), "-Wl,-soname,libnetutil_api.so", source)
	return dir
}

// size gives the uncompressed size of an image, in MiB.
func size(t *testing.T, image string) int {
	t.Helper()
	container := command(t, "buildah", "from", image)
	defer command(t, "buildah", "rm", container)
	dir := command(t, "buildah", "mount", container)
	kib, _, _ := strings.Cut(command(t, "du", "-sxk", dir), "\t")
	n, err := strconv.Atoi(kib)
	if err != nil {
		t.Fatal(err)
	}
	return n / 1024
}

func decode(t *testing.T, text string, value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), value); err != nil {
		t.Fatalf("not one JSON object: %v\n%s", err, text)
	}
}
