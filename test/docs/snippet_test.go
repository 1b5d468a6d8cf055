package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	netlib "github.com/podnet/podnet/lib/appnetutil"
	"github.com/podnet/podnet/lib/appnetutil/types"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// The functions above TestSnippets are the documents' snippets. The compiler checks them
// here.

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

// readyArgs is the README's.
func readyArgs(ctx context.Context, w io.Writer, opts podnet.Options) ([]string, error) {
	pod, err := podnet.Wait(ctx, opts, podnet.Ready)
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

// VFs gives the PCI addresses of the pod's SR-IOV devices.
func VFs() ([]string, error) {
	response, err := netlib.GetInterfaces()
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, i := range response.Interface {
		if i.DeviceType == types.INTERFACE_TYPE_SRIOV {
			addresses = append(addresses, i.NetworkStatus.DeviceInfo.Pci.PciAddress)
		}
	}
	return addresses, nil
}

// Devices waits until everything that the pod asked for is there, for a minute
// at most, and gives the PCI addresses of its interfaces by their names.
func Devices(ctx context.Context, opts podnet.Options) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	pod, err := podnet.Wait(ctx, opts, podnet.Ready)
	if err != nil {
		return nil, err
	}
	addresses := make(map[string]string)
	for _, i := range pod.Interfaces {
		if i.Kind == podnet.KindPCI {
			addresses[i.Name] = i.PCI.Address.String()
		}
	}
	return addresses, nil
}

// Device gives the PCI address of an interface or a network of the pod.
func Device(ctx context.Context, opts podnet.Options, name string) (string, error) {
	pod, err := podnet.Wait(ctx, opts, func(pod *podnet.Pod) error {
		_, err := pod.Lookup(name)
		return err
	})
	if err != nil {
		return "", err
	}
	found, err := pod.Lookup(name)
	if err != nil {
		return "", err
	}
	if len(found) != 1 || found[0].PCI == nil {
		return "", fmt.Errorf("%s is not one PCI device", name)
	}
	return found[0].PCI.Address.String(), nil
}

func TestDevices(t *testing.T) {
	scenario := podnettest.Load(t, "testdata/sriov.txtar")
	got, err := Devices(t.Context(), scenario.Options())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"net1": "0000:5e:0a.1", "net2": "0000:3b:02.6"}
	if !maps.Equal(got, want) {
		t.Errorf("Devices = %v, want %v", got, want)
	}
}

func TestArgsOfScenario(t *testing.T) {
	scenario := podnettest.Load(t, "testdata/sriov.txtar")
	args, err := Args(t.Context(), io.Discard, scenario.Options())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0000:5e:0a.1", "0000:3b:02.6", "--vdev=net_virtio_user_net3,path=/run/vhost/net3"} {
		if !slices.Contains(args, want) {
			t.Errorf("Args = %q, want %s in it", args, want)
		}
	}
}

func TestReadyArgs(t *testing.T) {
	scenario := podnettest.Load(t, "testdata/sriov.txtar")
	want, err := Args(t.Context(), io.Discard, scenario.Options())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readyArgs(t.Context(), io.Discard, scenario.Options()); err != nil || !slices.Equal(got, want) {
		t.Errorf("readyArgs = %q, %v, want %q as from Args", got, err, want)
	}
}

func TestLateStatus(t *testing.T) {
	scenario := podnettest.New(t, "-- annotations/app --\ncnf\n")
	var seen []int
	for pod, err := range podnet.Watch(t.Context(), scenario.Options()) {
		if err != nil {
			t.Fatal(err)
		}
		if seen = append(seen, len(pod.Interfaces)); len(pod.Interfaces) > 0 {
			break
		}
		scenario.Next(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ns/left", "interface": "net1"}]
`)
	}
	if !slices.Equal(seen, []int{0, 1}) {
		t.Errorf("numbers of interfaces: %v, want 0, then 1", seen)
	}
}

// plug gives what a running DPDK process is to probe for an interface that has
// come: rte_dev_probe takes it.
func plug(pod *podnet.Pod, name string) (string, error) {
	config, _, err := pod.EALConfig(podnet.EALOptions{Interfaces: []string{name}})
	if err != nil {
		return "", err
	}
	return eal.RenderDevice(config.Devices[0], config.Version)
}

func whatIsWrong(ctx context.Context, opts podnet.Options) (*podnet.Pod, error) {
	pod, err := podnet.Wait(ctx, opts, podnet.Ready)
	switch {
	case errors.Is(err, podnet.ErrNoAnnotations):
		return nil, fmt.Errorf("mount a Downward API volume: %w", err)
	case errors.Is(err, podnet.ErrSocketMissing):
		return nil, fmt.Errorf("start the vSwitch: %w", err)
	}
	return pod, err
}

func TestPlug(t *testing.T) {
	scenario := podnettest.Load(t, "testdata/sriov.txtar")
	pod, err := whatIsWrong(t.Context(), scenario.Options())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"net1": "0000:5e:0a.1", "net3": "net_virtio_user_net3,path=/run/vhost/net3"} {
		if got, err := plug(pod, name); got != want {
			t.Errorf("plug %s: %q, %v, want %q", name, got, err, want)
		}
	}
}

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

// TestScenarios holds the documents' scenarios to those that the snippets load.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, string(data))
	}
	for _, f := range fences(t, "txtar") {
		if !slices.Contains(known, f.text) {
			t.Errorf("%s: the scenario is none of testdata as it stands", f.at)
		}
	}
}

// unindent removes the indentation that a snippet has in a function.
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

// TestVFs asks as a program does: with this process's own root and environment.
func TestVFs(t *testing.T) {
	pod := podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ns/sriov", "interface": "net1", "device-info":
  {"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:3b:02.6"}}}]
`)
	netlib.SetDownwardAPIMountPath(filepath.Join(pod.Root, "etc/podnetinfo"))
	t.Cleanup(func() { netlib.SetDownwardAPIMountPath("") })
	t.Setenv("PCIDEVICE_EXAMPLE_COM_SRIOV", "0000:3b:02.6")
	got, err := VFs()
	if err != nil || !slices.Equal(got, []string{"0000:3b:02.6"}) {
		t.Errorf("VFs = %v, %v, want the one of the variable", got, err)
	}
}
