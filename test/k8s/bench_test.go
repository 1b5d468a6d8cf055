//go:build k8s

package k8s

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/peertest"
)

// generator selects the generator's pod.
const generator = "app.kubernetes.io/component=generator"

// received is, in the metrics, that packets have come back.
var received = regexp.MustCompile(`(?m)^podnet_received_packets_total [1-9]`)

// outcome is the result of a benchmark Job, in all its places.
type outcome struct {
	exitCode string
	message  string            // the termination message
	data     map[string]string // the ConfigMap
	result   result.Result
	events   string // reasons of the events on the pod
}

// generatorPod is the name of the generator's pod, once there is one.
func (n *namespace) generatorPod() (pod string) {
	n.t.Helper()
	n.await("the generator's pod", func() (err error) {
		pod, err = n.try("get", "pods", "-l", generator, "-o", "jsonpath={.items[0].metadata.name}")
		return err
	})
	return pod
}

// jobOutcome waits until the Job's pod has ended and reads what it left.
func (n *namespace) jobOutcome() (o outcome) {
	n.t.Helper()
	const terminated = "{.items[0].status.containerStatuses[0].state.terminated."
	n.await("the generator's end", func() (err error) {
		o.exitCode, err = n.try("get", "pods", "-l", generator, "-o", "jsonpath="+terminated+"exitCode}")
		if err == nil && o.exitCode == "" {
			err = fmt.Errorf("it runs")
		}
		return err
	})
	o.message = n.kubectl("get", "pods", "-l", generator, "-o", "jsonpath="+terminated+"message}")
	o.data, o.result = n.configMap()
	o.events = n.kubectl("get", "events", "--field-selector", "involvedObject.kind=Pod", "-o", "jsonpath={.items[*].reason}")
	return o
}

// configMap is the ConfigMap of the results, with the document in it.
func (n *namespace) configMap() (data map[string]string, r result.Result) {
	n.t.Helper()
	decode(n.t, n.kubectl("get", "configmap", "podnet-bench", "-o", "jsonpath={.data}"), &data)
	if document := data["result.json"]; document != "" {
		decode(n.t, document, &r)
	}
	return data, r
}

// admit lets the namespace have the pods of the overlays for one node.
func (n *namespace) admit() {
	n.t.Helper()
	n.kubectl("label", "namespace", n.name, "pod-security.kubernetes.io/enforce=privileged")
}

// overlay applies an overlay, with the generator's arguments changed.
func (n *namespace) overlay(name string, replace ...string) {
	n.t.Helper()
	built := n.must(kubectl(n.t.Context(), nil, "kustomize", filepath.Join(manifests, "overlays", name)))
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(built, replace[i]) {
			n.t.Fatalf("%s has no %q:\n%s", name, replace[i], built)
		}
		built = strings.Replace(built, replace[i], replace[i+1], 1)
	}
	n.apply(built)
}

// short makes the measurement short, and slow enough to be valid on CPUs that others
// use too.
var short = []string{"- --frame-size=64,512,1518\n", "- --frame-size=64\n", "- --duration=5s\n", "- --duration=2s\n        - --rate=1kpps\n"}

// checkPassed wants a valid result with packets, in all its places.
func checkPassed(t *testing.T, o outcome, sizes int) {
	t.Helper()
	want := map[string]string{"status.succeeded": "true", "status.failureReason": ""}
	event, code := "BenchPassed", "0"
	if peertest.Spoiled(o.result) { // by other processes of the node
		want["status.succeeded"], want["status.failureReason"] = "false", "not valid: "+o.result.Reason
		event, code = "BenchFailed", "5"
	}
	for key, value := range want {
		if o.data[key] != value {
			t.Errorf("%s is %q, want %q", key, o.data[key], value)
		}
	}
	if o.exitCode != code {
		t.Errorf("exit code %s, want %s (%s)", o.exitCode, code, o.result.Reason)
	}
	if !o.result.Complete || o.result.Valid != (code == "0") || len(o.result.Measurements) != sizes {
		t.Fatalf("complete %t, valid %t (%s), %d measurements, want %d", o.result.Complete, o.result.Valid, o.result.Reason, len(o.result.Measurements), sizes)
	}
	for _, m := range o.result.Measurements {
		if len(m.Trials) == 0 || m.Trials[0].Received.Packets == 0 {
			t.Errorf("frames %+v: %+v, want packets", m.Frame, m.Trials)
		}
	}
	if got := o.result.Environment.Labels["podnet/reflector-cpus"]; got != "500m-shared" {
		t.Errorf("the result does not say that the reflector had no CPU of its own: labels %v", o.result.Environment.Labels)
	}
	for _, key := range []string{"status.startTimestamp", "status.completionTimestamp"} {
		if _, err := time.Parse(time.RFC3339, o.data[key]); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(o.message, "pps,") || len(o.message) > 4096 {
		t.Errorf("termination message %q", o.message)
	}
	if !strings.Contains(o.events, event) {
		t.Errorf("events %s", o.events)
	}
}

// The commands of the tutorial, and of the page about results, print what these pages show.
func TestTutorial(t *testing.T) {
	const docs = "../../docs/"
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	n := &namespace{t: t, name: "podnet"}
	n.showAndDelete()
	command := func(line string) { t.Helper(); shellInNode(t, root, line) }
	tutorial := commands(t, docs+"tutorials/first-number.md")
	last := len(tutorial) - 1
	for _, line := range tutorial[:last] {
		switch {
		case strings.HasPrefix(line, "kind ") || strings.HasPrefix(line, "minikube "): // the node has the image
		case strings.HasPrefix(line, "kubectl delete"):
			checkRestrictedJob(t, n)
			command(line)
		default:
			command(line)
		}
	}
	o := n.jobOutcome()
	checkPassed(t, o, 3)
	if len(o.result.KernelBaseline) != 3 || o.result.KernelBaseline[0].Received == 0 {
		t.Errorf("the kernel's path: %+v, want figures for three sizes", o.result.KernelBaseline)
	}
	// Only a valid result shows a gain over the kernel's path.
	if valid := o.data["status.result.frame.64.valid"] == "true"; o.data["status.result.frame.64.kernel.mpps"] == "" ||
		(o.data["status.result.frame.64.kernel.gain"] != "") != valid {
		t.Errorf("the ConfigMap does not say what the fast path gains: %s", mustJSON(t, o.data))
	}
	checkRestricted(t, n)
	for _, line := range commands(t, docs+"how-to/kubernetes-results.md") {
		command(line)
	}
	command(tutorial[last])
}

// commands are the lines of a document's sh blocks.
func commands(t *testing.T, path string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(lines) == 0 {
		t.Fatalf("%s has no commands", path)
	}
	return lines
}

// checkRestricted wants the reflector's container to be as the manifests promise: without a
// capability, and with a read-only root file system.
func checkRestricted(t *testing.T, n *namespace) {
	t.Helper()
	status := n.kubectl("exec", "podnet-reflector", "--", "cat", "/proc/self/status")
	for _, want := range []string{"CapEff:\t0000000000000000\n", "Seccomp:\t2\n", "NoNewPrivs:\t1\n"} {
		if !strings.Contains(status, want) {
			t.Errorf("the reflector has no %q:\n%s", want, status)
		}
	}
	if _, err := n.try("exec", "podnet-reflector", "--", "touch", "/usr/bin/x"); err == nil {
		t.Error("the reflector's root file system is not read-only")
	}
}

// checkRestrictedJob wants the Job of one pod to have carried packets in a namespace
// that admits nothing but restricted pods.
func checkRestrictedJob(t *testing.T, n *namespace) {
	t.Helper()
	if level := n.get("namespace/"+n.name, `{.metadata.labels.pod-security\.kubernetes\.io/enforce}`); level != "restricted" {
		t.Errorf("the namespace enforces %q, want restricted", level)
	}
	terminated := n.kubectl("get", "pods", "-l", generator, "-o", "jsonpath={.items[0].status.containerStatuses[0].state.terminated}")
	var state struct {
		ExitCode int    `json:"exitCode"`
		Message  string `json:"message"`
	}
	decode(t, terminated, &state)
	if state.ExitCode != 0 && state.ExitCode != peertest.NotValid || !strings.Contains(state.Message, "pps,") {
		t.Errorf("the Job of one pod ended with %d: %s", state.ExitCode, state.Message)
	}
}

// compose applies an overlay with components added.
func (n *namespace) compose(overlay string, components ...string) {
	n.t.Helper()
	dir := n.t.TempDir()
	root, err := filepath.Abs(manifests)
	if err != nil {
		n.t.Fatal(err)
	}
	if root, err = filepath.Rel(dir, root); err != nil {
		n.t.Fatal(err)
	}
	text := "resources: [" + root + "/overlays/" + overlay + "]\ncomponents:\n"
	for _, c := range components {
		text += "- " + root + "/components/" + c + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	n.apply(n.must(kubectl(n.t.Context(), nil, "kustomize", dir)))
}

// Over vhost-user with hugepages: a ConfigMap has the parameters of the measurement, and
// the result has the names of the nodes.
func TestBenchmarkParameters(t *testing.T) {
	n := newNamespace(t)
	n.admit()
	n.kubectl("create", "configmap", "podnet-params", "--from-literal=spec.param.frame-size=128",
		"--from-literal=spec.param.duration=2s", "--from-literal=spec.param.rate=1kpps", "--from-literal=spec.timeout=5m")
	n.compose("one-node-vhost-user", "params-configmap")
	o := n.jobOutcome()
	checkPassed(t, o, 1)
	if class := n.kubectl("get", "pods", "-l", generator, "-o", "jsonpath={.items[0].status.qosClass}"); class != "Guaranteed" {
		t.Errorf("the generator's pod is %s, want Guaranteed: a CPU of its own", class)
	}
	if got := o.result.Measurements[0].Frame.Name; got != "128" {
		t.Errorf("measured with frames of %s bytes, want 128", got)
	}
	node := n.get("pod/podnet-reflector", "{.spec.nodeName}")
	if o.data["status.result.node"] != node || o.data["status.result.peerNode"] != node || node == "" {
		t.Errorf("nodes %q and %q, want %q", o.data["status.result.node"], o.data["status.result.peerNode"], node)
	}
}

// A Job whose result is below its threshold fails, and its condition says so.
func TestBenchmarkFailsThreshold(t *testing.T) {
	n := newNamespace(t)
	n.admit()
	n.overlay("one-node-vhost-user", append(short, "- --termination-log\n", "- --termination-log\n        - --min-mpps=100000\n")...)
	o := n.jobOutcome()
	if o.exitCode != "4" || o.data["status.succeeded"] != "false" || !strings.Contains(o.data["status.failureReason"], "100000") {
		t.Errorf("exit code %s, status.succeeded %q, because %q", o.exitCode, o.data["status.succeeded"], o.data["status.failureReason"])
	}
	if !strings.Contains(o.events, "BenchFailed") {
		t.Errorf("events %s", o.events)
	}
	n.await("the Job's condition", func() error {
		message, err := n.try("get", "job", "podnet-bench", "-o", `jsonpath={.status.conditions[?(@.type=="Failed")].message}`)
		if err == nil && !strings.Contains(message, "exit code 4") {
			err = fmt.Errorf("it is %q", message)
		}
		return err
	})
}

// A pod that is deleted in the middle of its run writes the result so far within its grace
// period.
func TestBenchmarkDeleted(t *testing.T) {
	n := newNamespace(t)
	n.admit()
	n.overlay("one-node-vhost-user",
		"- fixed\n", "- soak\n        - --rate=10kpps\n", "- --frame-size=64,512,1518\n", "- --frame-size=64\n", "- --duration=5s\n", "- --duration=10m\n")
	pod := n.generatorPod()
	endpoint := func(name string) (string, error) {
		return kubectl(t.Context(), nil, "get", "--raw", "/api/v1/namespaces/"+n.name+"/pods/"+pod+":9090/proxy/"+name)
	}
	n.await("its ports", func() error {
		_, err := endpoint("readyz")
		return err
	})
	n.await("the soak", func() error {
		metrics, err := endpoint("metrics")
		if err == nil && !received.MatchString(metrics) {
			err = errors.New("nothing has come back")
		}
		return err
	})
	if _, err := endpoint("healthz"); err != nil {
		t.Error(err)
	}
	time.Sleep(5 * time.Second) // of soaking
	begin := time.Now()
	n.kubectl("delete", "job", "podnet-bench", "--cascade=foreground", "--timeout=60s")
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("the pod took %v to end, which is its grace period", took)
	}
	data, r := n.configMap()
	if data["status.succeeded"] != "false" || !strings.HasPrefix(data["status.failureReason"], "incomplete") || data["status.completionTimestamp"] == "" {
		t.Errorf("the ConfigMap says %s", mustJSON(t, data))
	}
	if r.Complete || len(r.Measurements) != 1 || len(r.Measurements[0].Trials) == 0 || r.Measurements[0].Trials[0].Received.Packets == 0 {
		t.Errorf("complete %t, measurements %+v, want an incomplete one with packets", r.Complete, r.Measurements)
	}
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
