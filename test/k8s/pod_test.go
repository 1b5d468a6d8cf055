//go:build k8s

package k8s

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/lib/podnet"
)

// networks are attachments of a pod that this node can make.
const networks = `
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: plain}
spec: {config: '{"cniVersion": "1.0.0", "name": "plain", "type": "bridge", "bridge": "br-plain", "ipam": {"type": "host-local", "subnet": "10.56.0.0/24"}}'}
---
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: vf, annotations: {k8s.v1.cni.cncf.io/resourceName: podnet.example/vf}}
spec: {config: '{"cniVersion": "1.0.0", "name": "vf", "type": "bridge", "bridge": "br-vf"}'}
---
`

// podinfo is the Downward API volume of one container named main.
const podinfo = `
  volumes:
  - name: podnetinfo
    downwardAPI:
      items:
      - {path: annotations, fieldRef: {fieldPath: metadata.annotations}}
      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
      - {path: hugepages_2M_request_main, resourceFieldRef: {containerName: main, resource: requests.hugepages-2Mi, divisor: 1Mi}}
      - {path: hugepages_2M_limit_main, resourceFieldRef: {containerName: main, resource: limits.hugepages-2Mi, divisor: 1Mi}}
`

func iface(t *testing.T, pod *podnet.Pod, name string) podnet.Interface {
	t.Helper()
	i := slices.IndexFunc(pod.Interfaces, func(i podnet.Interface) bool { return i.Name == name })
	if i < 0 {
		t.Fatalf("no interface %s, but %+v", name, pod.Interfaces)
	}
	return pod.Interfaces[i]
}

// Kubelet starts the container before the file has the status that Multus wrote, and
// inspect waits for it. If the file was faster, the test removes the status until inspect
// has found it missing.
func TestInspectWaits(t *testing.T) {
	n := newNamespace(t)
	n.apply(networks + `
apiVersion: v1
kind: Pod
metadata: {name: inspect, annotations: {k8s.v1.cni.cncf.io/networks: plain}}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  containers:
  - name: main
    ` + ourImage + `
    command:
    - sh
    - -c
    - |
      code=0
      while [ $code = 0 ]; do testpmd-wrapper inspect --wait 100ms >/dev/null 2>&1; code=$?; done
      echo $code
      exec testpmd-wrapper inspect --wait 60s -o json
    volumeMounts: [{name: podnetinfo, mountPath: /etc/podnetinfo}]
    securityContext: {runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
    resources: {limits: {cpu: 100m, memory: 64Mi}}
` + podinfo)
	const key = "k8s.v1.cni.cncf.io/network-status"
	n.awaitPhase("inspect", "Running")
	status := n.get("pod/inspect", `{.metadata.annotations.k8s\.v1\.cni\.cncf\.io/network-status}`)
	n.kubectl("annotate", "pod", "inspect", key+"-")
	n.await("inspect to miss the status", func() error {
		out, err := n.try("logs", "inspect")
		if err == nil && !strings.HasPrefix(out, "3\n") {
			err = fmt.Errorf("it has ended with %q, want 3", out)
		}
		return err
	})
	n.kubectl("annotate", "pod", "inspect", key+"="+status)
	n.awaitPhase("inspect", "Succeeded")
	out := strings.TrimPrefix(n.kubectl("logs", "inspect"), "3\n")
	var pod podnet.Pod
	schematest.Pod(t, []byte(out))
	decode(t, out, &pod)
	def, plain := iface(t, &pod, "eth0"), iface(t, &pod, "net1")
	if !def.Default || def.Kind != podnet.KindKernel || len(def.IPs) != 1 || !strings.HasPrefix(def.IPs[0].String(), "10.244.0.") {
		t.Errorf("eth0: %+v, want the default network", def)
	}
	if plain.Network != n.name+"/plain" || plain.Kind != podnet.KindKernel || len(plain.IPs) != 1 || !strings.HasPrefix(plain.IPs[0].String(), "10.56.0.") {
		t.Errorf("net1: %+v, want %s/plain with an address of 10.56.0.0/24", plain, n.name)
	}
}

// The device plugin's variable names the VFs in the opposite order of their networks.
// inspect finds the right order by device-info.
func TestInspectDevicePlugin(t *testing.T) {
	n := newNamespace(t)
	out := n.run("devices", "main", networks+`
apiVersion: v1
kind: Pod
metadata: {name: devices, annotations: {k8s.v1.cni.cncf.io/networks: "vf, vf"}}
spec:
  restartPolicy: Never
  containers:
  - name: main
    `+ourImage+`
    args: [inspect, --wait, 60s, -o, json]
    volumeMounts: [{name: podnetinfo, mountPath: /etc/podnetinfo}]
    resources: {limits: {cpu: 100m, memory: 64Mi, podnet.example/vf: 2}}
`+podinfo)
	var pod podnet.Pod
	schematest.Pod(t, []byte(out))
	decode(t, out, &pod)
	got := map[string]bool{}
	for _, name := range []string{"net1", "net2"} {
		i := iface(t, &pod, name)
		if i.PCI == nil || i.PCI.Resource != "PODNET_EXAMPLE_VF" {
			t.Fatalf("%s: kind %s, %+v, want a VF of the resource", name, i.Kind, i.PCI)
		}
		got[i.PCI.Address.String()] = true
		// The status has the device that Multus gave the network.
		status := n.get("pod/devices", `{.metadata.annotations.k8s\.v1\.cni\.cncf\.io/network-status}`)
		_, after, _ := strings.Cut(status, `"interface": "`+name+`"`)
		if before, _, _ := strings.Cut(after, "}"); !strings.Contains(after, i.PCI.Address.String()) {
			t.Errorf("%s has %s, and the status says %s", name, i.PCI.Address, before)
		}
	}
	if len(got) != 2 || len(pod.Unassigned) != 0 {
		t.Errorf("devices %v, unassigned %+v, want two and none", got, pod.Unassigned)
	}
}

// Two containers each see their own hugepages and CPUs.
func TestInspectTwoContainers(t *testing.T) {
	n := newNamespace(t)
	container := func(name string, mib int) string {
		return fmt.Sprintf(`
  - name: %[1]s
    %[2]s
    args: [inspect, -o, json]
    env: [{name: CONTAINER_NAME, value: %[1]s}]
    volumeMounts: [{name: podnetinfo, mountPath: /etc/podnetinfo}]
    resources: {limits: {cpu: 100m, memory: 64Mi, hugepages-2Mi: %[3]dMi}}
`, name, ourImage, mib)
	}
	item := func(name, kind string) string {
		return fmt.Sprintf(`
      - {path: hugepages_2M_%[1]s_%[2]s, resourceFieldRef: {containerName: %[2]s, resource: %[1]ss.hugepages-2Mi, divisor: 1Mi}}`, kind, name)
	}
	n.apply(`
apiVersion: v1
kind: Pod
metadata: {name: two}
spec:
  restartPolicy: Never
  containers:` + container("first", 32) + container("second", 64) + `
  volumes:
  - name: podnetinfo
    downwardAPI:
      items:
      - {path: annotations, fieldRef: {fieldPath: metadata.annotations}}` +
		item("first", "request") + item("first", "limit") + item("second", "request") + item("second", "limit") + "\n")
	n.awaitPhase("two", "Succeeded")
	for name, mib := range map[string]uint64{"first": 32, "second": 64} {
		var pod podnet.Pod
		decode(t, n.kubectl("logs", "two", "-c", name), &pod)
		i := slices.IndexFunc(pod.Hugepages, func(h podnet.Hugepages) bool { return h.Size == "2Mi" })
		if i < 0 || pod.Hugepages[i].LimitBytes == nil || *pod.Hugepages[i].LimitBytes != mib<<20 ||
			pod.Hugepages[i].RequestBytes == nil || *pod.Hugepages[i].RequestBytes != mib<<20 {
			t.Errorf("%s: hugepages %+v, want %d MiB requested and allowed", name, pod.Hugepages, mib)
		}
	}
}

// guaranteed is a pod of its own CPU, hugepages and a VF, under the profile that
// clusters have by default, with a command of this image.
func guaranteed(name, command string) string {
	return networks + `
apiVersion: v1
kind: Pod
metadata: {name: ` + name + `, annotations: {k8s.v1.cni.cncf.io/networks: vf}}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  containers:
  - name: main
    ` + ourImage + `
    command: ` + command + `
    env: [{name: RUNTIME_DIRECTORY, value: /tmp}]
    volumeMounts:
    - {name: podnetinfo, mountPath: /etc/podnetinfo}
    - {name: hugepages, mountPath: /dev/hugepages}
    - {name: tmp, mountPath: /tmp}
    securityContext: {runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
    resources: {limits: {cpu: 1, memory: 256Mi, hugepages-2Mi: 128Mi, podnet.example/vf: 1}}
` + podinfo + `
  - {name: hugepages, emptyDir: {medium: HugePages-2Mi}}
  - {name: tmp, emptyDir: {}}
`
}

// The argv has the one CPU that the CPU manager has given to the container, for
// both lcores, and no more hugepages than its limit.
func TestArgsOfGuaranteedPod(t *testing.T) {
	n := newNamespace(t)
	out := n.run("args", "main", guaranteed("args", `[sh, -c, "grep Cpus_allowed_list /proc/self/status; testpmd-wrapper args --wait 60s; exec testpmd-wrapper args --interfaces none -o json"]`))
	allowed, rest, _ := strings.Cut(strings.TrimPrefix(out, "Cpus_allowed_list:"), "\n")
	refusal, argv, ok := strings.Cut(rest, "\n")
	cpu, err := strconv.Atoi(strings.TrimSpace(allowed))
	if !ok || err != nil {
		t.Fatalf("the container has not one CPU: %q", out)
	}
	var args []string
	decode(t, argv, &args)
	if want := fmt.Sprintf("(0-1)@%d", cpu); option(args, "--lcores") != want {
		t.Errorf("%q, want --lcores %s", args, want)
	}
	if mib, err := strconv.Atoi(option(args, "--socket-mem")); err != nil || mib < 1 || mib > 128 {
		t.Errorf("%q, want --socket-mem of at most 128 MiB", args)
	}
	// The node's device plugin hands out VFs that this machine does not have.
	if !strings.Contains(refusal, "device 0000:5e:02.") || !strings.Contains(refusal, "is not there") {
		t.Errorf("%q, want the VF, and that it is absent", refusal)
	}
}

// option is the value of an option in an argv.
func option(args []string, name string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			return value
		}
		if arg == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// The seccomp profile RuntimeDefault forbids get_mempolicy without SYS_NICE. DPDK's own
// programs then do not start with hugepages, but podnet's does.
func TestSeccompRuntimeDefault(t *testing.T) {
	n := newNamespace(t)
	n.run("ours", "main", guaranteed("ours", `[testpmd-wrapper, run, --vdev, net_null0, --mode, rxonly, --duration, 1s]`))
	n.apply(guaranteed("stock", `[sh, -c, "exec dpdk-testpmd --lcores '(0-1)@'$(grep Cpus_allowed_list /proc/self/status | cut -f2) --in-memory --single-file-segments --no-pci --socket-mem 64 --vdev net_null0 -- --total-num-mbufs 4096 </dev/null"]`))
	n.awaitPhase("stock", "Failed")
	if logs := n.kubectl("logs", "stock"); !strings.Contains(logs, "mempolicy") {
		t.Errorf("dpdk-testpmd failed for another reason than the memory policy:\n%s", logs)
	}
}
