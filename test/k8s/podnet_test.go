//go:build k8s

package k8s

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/lib/podnet"
)

// podnetImage is podnet's own. A tag other than latest is not pulled if it is there.
const podnetImage = "localhost/podnet:test"

// The how-to's init container writes the file from its template, and the container
// after it reads the file.
func TestConfigureByInitContainer(t *testing.T) {
	n := newNamespace(t)
	manifest, err := os.ReadFile("../../docs/how-to/configure-a-cnf.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := n.run("cnf", "cnf", networks+strings.NewReplacer(
		"localhost/podnet:latest", podnetImage,
		"image: localhost/cnf:latest", ourImage,
	).Replace(string(manifest)))
	var read struct {
		Cores []int `json:"cores"`
		Net1  struct {
			Network   string   `json:"network"`
			Device    string   `json:"device"`
			Addresses []string `json:"addresses"`
		} `json:"net1"`
	}
	if err := yaml.UnmarshalStrict([]byte(out), &read); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(read.Cores) == 0 || read.Net1.Network != n.name+"/plain" || read.Net1.Device != "none" ||
		len(read.Net1.Addresses) != 1 || !strings.HasPrefix(read.Net1.Addresses[0], "10.56.0.") {
		t.Errorf("the CNF has read %+v", read)
	}
}

// kubectl podnet looks into a pod whose image has no podnet, and which runs as another
// user.
func TestKubectlPodnet(t *testing.T) {
	n := newNamespace(t)
	plugin := filepath.Join(t.TempDir(), "kubectl-podnet")
	if out, err := exec.Command("../../scripts/build-podnet.sh", plugin).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	n.apply(networks + `
apiVersion: v1
kind: Pod
metadata: {name: cnf, annotations: {k8s.v1.cni.cncf.io/networks: plain}}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    ` + ourImage + `
    command: [sleep, infinity]
    volumeMounts: [{name: podnetinfo, mountPath: /etc/podnetinfo}]
    securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    resources: {limits: {cpu: 100m, memory: 64Mi}}
` + podinfo)
	n.awaitPhase("cnf", "Running")
	podnetOf := func(args ...string) (stdout string, err error) {
		return inNode(t.Context(), nil, append([]string{plugin}, args...)...)
	}
	out := n.must(podnetOf("inspect", "cnf", "-n", n.name, "--image", podnetImage, "--", "-o", "json", "--wait", "60s"))
	var pod podnet.Pod
	schematest.Pod(t, []byte(out))
	decode(t, out, &pod)
	if plain := iface(t, &pod, "net1"); plain.Network != n.name+"/plain" {
		t.Errorf("net1: %+v", plain)
	}
	// A pod without a DPDK device is not ready for DPDK, and the exit code says so.
	out, err := podnetOf("check", "cnf", "-c", "main", "-n", n.name, "--image", podnetImage)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.Contains(err.Error(), "stays in pod cnf") {
		t.Errorf("check: %v, want exit code 3\n%s", err, out)
	}
	if names := n.get("pod/cnf", "{.spec.ephemeralContainers[*].name}"); len(strings.Fields(names)) != 2 {
		t.Errorf("ephemeral containers %q, want two that stay", names)
	}
}
