package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
	"github.com/podnet/podnet/lib/render"
)

// podnetPod is the pod that the documents' commands of podnet run in.
const podnetPod = `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ovn", "interface": "eth0", "default": true},
 {"name": "ns/left", "interface": "net1", "mac": "02:00:00:00:00:01", "ips": ["10.0.0.1"],
  "device-info": {"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:3b:02.6"}}}]
-- environ --
PCIDEVICE_OPENSHIFT_IO_SRIOV_A=0000:3b:02.6
-- /proc/self/status --
Cpus_allowed_list:	4-7
`

// ofPodnet recognizes blocks of podnet's commands, which run as one script.
func ofPodnet(f fence) bool { return f.lang == "sh" && strings.HasPrefix(f.text, "podnet ") }

// podOf gives the pod of a page: the scenario of testdata with the page's name, else
// podnetPod.
func podOf(t *testing.T, at string) (pod *podnettest.Scenario, own bool) {
	t.Helper()
	page, _, _ := strings.Cut(filepath.Base(at), ".md")
	text, err := os.ReadFile(filepath.Join("testdata", page+".txtar"))
	if err != nil {
		return podnettest.New(t, podnetPod), false
	}
	return podnettest.New(t, string(text)), true
}

func TestCommandsOfPodnet(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "binary")
	if out, err := exec.Command("../../scripts/build-podnet.sh", binary).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pages := documents(t)
	blocks := 0
	for _, f := range fences(t, "sh") {
		if !ofPodnet(f) {
			continue
		}
		blocks++
		pod, own := podOf(t, f.at)
		cmd := exec.Command("sh", "-eu", "-c", f.text)
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), "PATH="+shimOf(t, binary, pod)+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", f.at, err, out)
		}
		if own {
			holdOutput(t, f, pages, string(out))
		} else if files, _ := os.ReadDir(cmd.Dir); len(files) == 0 && !strings.Contains(string(out), "0000:3b:02.6") {
			t.Errorf("%s: neither a file nor the device:\n%s", f.at, out)
		}
	}
	if blocks < 8 {
		t.Errorf("%d blocks, want 8", blocks)
	}
}

// shimOf makes a directory with a podnet that reads the pod.
func shimOf(t *testing.T, binary string, pod *podnettest.Scenario) string {
	t.Helper()
	dir := t.TempDir()
	environ := filepath.Join(dir, "environ")
	shim := "#!/bin/sh\ncommand=$1\nshift\nexec \"" + binary + "\" \"$command\" --root \"" + pod.Root + "\" --environ \"" + environ + "\" \"$@\"\n"
	for name, text := range map[string]string{"podnet": shim, "environ": strings.Join(pod.Environ, "\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// holdOutput compares the indented lines behind a block with the output of its commands.
func holdOutput(t *testing.T, f fence, pages map[string]string, out string) {
	t.Helper()
	path, _, _ := strings.Cut(f.at, ":")
	_, behind, _ := strings.Cut(pages[path], "```sh\n"+f.text+"```\n")
	behind, _, _ = strings.Cut(behind, "```")
	lines := 0
	for line := range strings.Lines(behind) {
		if shown, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    "); ok {
			lines++
			if !strings.Contains(out, shown) {
				t.Errorf("%s: the commands do not print %q:\n%s", f.at, shown, out)
			}
		}
	}
	if lines == 0 {
		t.Errorf("%s: the page shows no output of its commands", f.at)
	}
}

// TestTemplateOfTheHowTo renders the how-to's ConfigMap.
func TestTemplateOfTheHowTo(t *testing.T) {
	first, _, _ := strings.Cut(read(t, "docs/how-to/configure-a-cnf.yaml"), "---\n")
	var configMap struct{ Data map[string]string }
	if err := yaml.Unmarshal([]byte(first), &configMap); err != nil {
		t.Fatal(err)
	}
	pod, err := podnet.Discover(t.Context(), podnettest.New(t, podnetPod).Options())
	if err != nil {
		t.Fatal(err)
	}
	got, err := render.Template(pod, "cnf.yaml", configMap.Data["cnf.yaml"], render.ConfigOptions{})
	const want = "cores: [4,5,6,7]\n\"net1\":\n  network: \"ns/left\"\n  device: \"0000:3b:02.6\"\n  addresses: [\"10.0.0.1\"]\n"
	if err != nil || string(got) != want {
		t.Errorf("%v, want %q:\n%q", err, want, got)
	}
}

func TestDevice(t *testing.T) {
	options := podnettest.New(t, podnetPod).Options()
	for name, want := range map[string]string{"net1": "0000:3b:02.6", "left": "0000:3b:02.6", "eth0": "", "net9": ""} {
		got, err := Device(context.Background(), options, name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v, want %q", name, got, err, want)
		}
	}
}
