package render_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/render"
)

// TestTemplate shows each function on a pod with four VFs on two NUMA nodes.
func TestTemplate(t *testing.T) {
	pod, options := scenario(t, "four_vfs_two_nodes")
	options.EAL.Queues = 2
	for text, want := range map[string]string{
		`{{.schema}} {{(index .interfaces 0).name}}`:                       "podnet.pod/v1 eth0",
		`{{(interface "net1").pci.address}}`:                               "0000:3b:02.0",
		`{{(device "0000:af:02.0").name}}`:                                 "net3",
		`{{range network "a"}}{{.name}} {{end}}`:                           "net1 net2 ",
		`{{range network "ns/b"}}{{.name}} {{end}}`:                        "net3 net4 ",
		`{{range resource "example.com/a"}}{{.name}} {{end}}`:              "net1 net2 ",
		`{{range interfaces}}{{.name}} {{end}}`:                            "net1 net2 net3 net4 ",
		`{{has "net1"}} {{has "net9"}}`:                                    "true false",
		`{{required "x" "y"}} {{default 1 (get . "cpus.quota")}}`:          "y 1",
		`{{numa "net3"}} {{mtu "net4"}} {{mac "net1"}} {{ipv4 "net1"}}`:    "1 9000 02:00:00:00:00:01 10.0.1.2",
		`{{gateway "net1"}} {{numa (interface "net2")}}`:                   "10.0.1.1 0",
		`{{cpus | yaml}} {{mainCPU}} {{ranges workerCPUs}} {{mask cpus}}`:  "[2,3,4,5,34,35,36,37] 2 3-5,34-37 0x3c0000003c",
		`{{cpusOn 1 | json}} {{join " " (cpusOn 0)}} {{ranges lcores}}`:    "[34,35,36,37] 2 3 4 5 0-7",
		`{{range ports}}{{.option}} {{.argument}} {{.portName}};{{end}}`:   "allow 0000:3b:02.0 0000:3b:02.0;allow 0000:3b:02.1 0000:3b:02.1;allow 0000:af:02.0 0000:af:02.0;allow 0000:af:02.1 0000:af:02.1;",
		`{{queues}} {{hugepages}} {{memoryMiB}} {{nodeMiB | json}}`:        "2 true 1024 [512,512]",
		`{{ealArgs | shell}}`:                                              "--lcores=0@2,1@3,2@4,3@5,4@34,5@35,6@36,7@37 --in-memory --single-file-segments --socket-mem=512,512 --file-prefix=podnet --iova-mode=va -a 0000:3b:02.0 -a 0000:3b:02.1 -a 0000:af:02.0 -a 0000:af:02.1",
		`{{"a b" | yaml}} {{"a'b" | shell}} {{"a b" | vpp}} {{"a" | vpp}}`: `"a b" 'a'\''b' {a b} a`,
		`{{define "x"}}{{.}}{{end}}{{template "x" "plain"}}`:               "plain",
		`{{with $x := "a b"}}{{$x | json}}{{else}}{{"c d"}}{{end}}`:        `"a b"`,
	} {
		got, err := render.Template(pod, "t", text, options)
		if err != nil || string(got) != want {
			t.Errorf("%s gives %q, %v, want %q", text, got, err, want)
		}
	}
}

// TestTemplateFails wants each error to say its kind, and to name what it is about.
func TestTemplateFails(t *testing.T) {
	pod, options := scenario(t, "four_vfs_two_nodes")
	pod.Labels = map[string]string{"hostile": "a\nb"}
	for _, c := range []struct {
		text string
		is   error
		says string
	}{
		{`{{interface "net9"}}`, podnet.CodeNoSuchInterface, `"net9"`},
		{`{{interface "a"}}`, podnet.CodeAmbiguous, `"a": 2 interfaces`},
		{`{{interface "none"}}`, podnet.CodeNoSuchInterface, `"none"`},
		{`{{network "net1"}}`, podnet.CodeNoSuchInterface, `"net1": no interface of the pod is on a network`},
		{`{{device "net1x"}}`, podnet.CodeNoSuchInterface, `"net1x"`},
		{`{{device "eth0"}}`, podnet.CodeNoSuchInterface, "not the address of a PCI device"},
		{`{{resource "eth0"}}`, podnet.CodeNoSuchInterface, "not a resource"},
		{`{{mtu "net1"}}`, podnet.CodeMissing, `"net1": its MTU`},
		{`{{ipv6 "net1"}}`, podnet.CodeMissing, `"net1": it has no IPv6 address`},
		{`{{gateway "net2"}}`, podnet.CodeMissing, `"net2": it has no gateway`},
		{`{{numa "eth0"}}`, podnet.CodeMissing, `"eth0": the NUMA node`},
		{`{{cpusOn 7}}`, podnet.CodeMissing, "NUMA node 7"},
		{`{{.cpus.quota}}`, podnet.CodeMissing, `"quota"`},
		{`{{index .interfaces 9}}`, podnet.CodeMissing, "index out of range"},
		{`{{get . "cpus.quota"}}`, podnet.CodeMissing, "the pod does not have"},
		{`{{get . "cpus.quota" | yaml}}`, podnet.CodeMissing, "the pod does not have"},
		{`{{required "no quota" (get . "cpus.quota")}}`, podnet.CodeMissing, "no quota"},
		{`{{fail "no luck"}}`, podnet.CodeMissing, "no luck"},
		{`{{.labels.hostile}}`, podnet.CodeInexpressible, `"a\nb"`},
		{`{{if true}}{{.labels.hostile}}{{end}}`, podnet.CodeInexpressible, `"a\nb"`},
		{`{{range .labels}}{{.}}{{end}}`, podnet.CodeInexpressible, `"a\nb"`},
		{`{{with .labels}}{{.hostile}}{{end}}`, podnet.CodeInexpressible, `"a\nb"`},
		{`{{define "x"}}{{.}}{{end}}{{template "x" .labels.hostile}}`, podnet.CodeInexpressible, `"a\nb"`},
		{`{{printf "%s" (.labels.hostile | yaml)}}`, podnet.CodeInexpressible, "quotes"},
		{`{{slice (.labels.hostile | yaml | print) 0 2}}`, podnet.CodeInexpressible, "quotes"},
		{`{{.labels.hostile | yaml | shell}}`, podnet.CodeInexpressible, "twice"},
		{`{{.labels.hostile | vpp}}`, podnet.CodeInexpressible, "VPP"},
		{`{{join .labels.hostile cpus}}`, podnet.CodeInexpressible, "separates"},
		{`{{.labels}}`, podnet.CodeInexpressible, "list or an object"},
		{`{{"-a"}}`, podnet.CodeInexpressible, "begins with"},
		{`{{"a:"}}`, podnet.CodeInexpressible, "colon"},
		{`{{""}}`, podnet.CodeInexpressible, "empty"},
		{`{{mask 7}}`, render.ErrTemplate, "arg of type []int"},
		{`{{nosuch}}`, render.ErrTemplate, "nosuch"},
		{`{{_write 7}}{{_write}}`, render.ErrTemplate, "_write"},
		{`{{rdma}}`, podnet.CodeMissing, "RDMA"},
	} {
		got, err := render.Template(pod, "t", c.text, options)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || got != nil {
			t.Errorf("%s gives %q, %v, want %v that says %q", c.text, got, err, c.is, c.says)
		}
	}
	if _, err := render.Files(pod, "ovs", options); err == nil {
		t.Error("an unknown profile: no error")
	}
}

// TestTemplateNamesWhatIsAmbiguous wants more than the key that is missing where an
// interface's device is not known.
func TestTemplateNamesWhatIsAmbiguous(t *testing.T) {
	unknown := podnet.Pod{Interfaces: []podnet.Interface{{Name: "net1", Kind: podnet.KindUnknown}}}
	ambiguous := unknown
	ambiguous.Unassigned = []podnet.Unassigned{{ID: "0000:d8:02.1", Candidates: []string{"net1", "net2"}}, {ID: "0000:d8:02.3"}}
	for _, c := range []struct {
		pod  *podnet.Pod
		text string
		is   podnet.Code
		says string
	}{
		{&unknown, `{{(interface "net1").pci.address}}`, podnet.CodeUnknownDevice, `nothing tells which device carries "net1": name it by a hint`},
		{&ambiguous, `{{(interface "net1").pci.address}}`, podnet.CodeAmbiguous, `carries "net1", for which there are "0000:d8:02.1": name`},
		{&ambiguous, `{{(interface "net1").mtu}}`, podnet.CodeMissing, `"mtu"`},
	} {
		_, err := render.Template(c.pod, "t", c.text, render.ConfigOptions{})
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s gives %v, want %v that says %q", c.text, err, c.is, c.says)
		}
	}
}

// TestProfilesSayWhatToDo wants no error of a profile to be about its template, which
// the user has not written.
func TestProfilesSayWhatToDo(t *testing.T) {
	pod, options := scenario(t, "one_vf")
	none := options
	none.EAL.Interfaces = []string{"none"}
	if _, err := render.Files(pod, render.TRex, none); !errors.Is(err, podnet.CodeNoPorts) || !strings.Contains(err.Error(), "TRex needs a port") {
		t.Errorf("TRex without a port: %v", err)
	}
	for i := range pod.Interfaces {
		if pod.Interfaces[i].PCI != nil {
			pod.Interfaces[i].Name = "n\"1"
		}
	}
	for _, p := range []render.Profile{render.TRex, render.Grout, render.BESS} {
		_, err := render.Files(pod, p, options)
		if !errors.Is(err, podnet.CodeInexpressible) || !strings.Contains(err.Error(), `"n\"1"`) || strings.Contains(err.Error(), "{{") {
			t.Errorf("%s of a name with a quote: %v", p, err)
		}
	}
}

// TestEndlessTemplates end with an error, and soon.
func TestEndlessTemplates(t *testing.T) {
	pod, options := scenario(t, "four_vfs_two_nodes")
	for _, text := range []string{
		`{{range 10000000000}}x{{end}}`,
		`{{range 100000}}{{range 100000}}{{end}}{{end}}`,
		`{{define "x"}}{{template "x"}}{{end}}{{template "x"}}`,
		`{{define "a"}}{{range 1000}}{{template "b"}}{{end}}{{end}}{{define "b"}}{{range 1000}}{{template "c"}}{{end}}{{end}}{{define "c"}}{{end}}{{template "a"}}`,
		`{{range 1000000}}{{"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}{{end}}`,
	} {
		if out, err := render.Template(pod, "t", text, options); !errors.Is(err, render.ErrTemplate) || len(out) > 0 || strings.HasPrefix(err.Error(), "template: template:") {
			t.Errorf("%s gives %d bytes, %v", text, len(out), err)
		}
	}
	for text, want := range map[string]string{
		`{{range 3}}{{.}}{{end}}`:                                             "012",
		`{{range $i, $x := interfaces}}{{$i}}{{$x.name}} {{end}}`:             "0net1 1net2 2net3 3net4 ",
		`{{range get . "nosuch"}}x{{else}}none{{end}}`:                        "none",
		`{{range $k, $v := .cpus}}{{if eq $k "allowed"}}{{$v}}{{end}}{{end}}`: "2-5,34-37",
	} {
		if out, err := render.Template(pod, "t", text, options); err != nil || string(out) != want {
			t.Errorf("%s gives %q, %v, want %q", text, out, err, want)
		}
	}
}

// TestOrderOfPorts wants TRex's ports in the order of the names.
func TestOrderOfPorts(t *testing.T) {
	pod, options := scenario(t, "four_vfs_two_nodes")
	options.EAL.Interfaces = []string{"net4", "net3", "net1"}
	files, err := render.Files(pod, render.TRex, options)
	if err != nil {
		t.Fatal(err)
	}
	var cfg []trexConfig
	if err := yaml.UnmarshalStrict(files[0].Text, &cfg); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cfg[0].Interfaces, " "); got != "0000:af:02.1 0000:af:02.0 0000:3b:02.0 dummy" {
		t.Errorf("interfaces %s", got)
	}
}

type trexConfig struct {
	Version     int      `json:"version"`
	Interfaces  []string `json:"interfaces"`
	PortLimit   int      `json:"port_limit"`
	Prefix      string   `json:"prefix"`
	C           int      `json:"c"`
	LimitMemory int      `json:"limit_memory"`
	PortInfo    []struct {
		IP      netip.Addr `json:"ip"`
		Gateway netip.Addr `json:"default_gw"`
		Src     string     `json:"src_mac"`
		Dest    string     `json:"dest_mac"`
	} `json:"port_info"`
	Platform struct {
		Master  int `json:"master_thread_id"`
		Latency int `json:"latency_thread_id"`
		DualIf  []struct {
			Socket  int   `json:"socket"`
			Threads []int `json:"threads"`
		} `json:"dual_if"`
	} `json:"platform"`
}

// TestTRexIsReadBack reads the goldens as TRex does.
func TestTRexIsReadBack(t *testing.T) {
	for pod, text := range golden(t, "trex_cfg.yaml") {
		var cfg []trexConfig
		if err := yaml.UnmarshalStrict([]byte(text), &cfg); err != nil || len(cfg) != 1 {
			t.Errorf("%s: %d configurations, %v", pod, len(cfg), err)
			continue
		}
		c := cfg[0]
		if c.Version != 2 || len(c.Interfaces)%2 != 0 || c.PortLimit != len(c.Interfaces) || len(c.Platform.DualIf) != len(c.Interfaces)/2 {
			t.Errorf("%s: %+v", pod, c)
		}
		used := map[int]bool{c.Platform.Master: true, c.Platform.Latency: true}
		for _, d := range c.Platform.DualIf {
			if len(d.Threads) != c.C {
				t.Errorf("%s: %d threads, want c, which is %d", pod, len(d.Threads), c.C)
			}
			for _, cpu := range d.Threads {
				if used[cpu] {
					t.Errorf("%s: CPU %d is used twice", pod, cpu)
				}
				used[cpu] = true
			}
		}
	}
}

// TestVPPIsReadBack reads the goldens as VPP does: words, and sections in braces.
func TestVPPIsReadBack(t *testing.T) {
	for pod, text := range golden(t, "startup.conf") {
		root, rest := readVPP(vppWords(text))
		if len(rest) > 0 {
			t.Fatalf("%s: braces do not match: %q", pod, rest)
		}
		for _, section := range []string{"unix", "cpu", "plugins"} {
			if root[section] == nil {
				t.Errorf("%s: no section %s in %v", pod, section, root)
			}
		}
	}
}

func vppWords(text string) []string {
	var words []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words = append(words, strings.Fields(line)...)
	}
	return words
}

// readVPP reads words up to the brace that closes the section.
func readVPP(words []string) (sections map[string]any, rest []string) {
	sections = map[string]any{}
	last := ""
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch word {
		case "{":
			sections[last], words = readVPP(words)
		case "}":
			return sections, words
		default:
			last = word
		}
	}
	return sections, words
}

// TestScriptsAreReadBack has the shell read the start lines and the variables, and
// Python the script for bessctl.
func TestScriptsAreReadBack(t *testing.T) {
	for _, name := range []string{"grout.sh", "bessd.sh", "rdma.env"} {
		for pod, text := range golden(t, name) {
			if out, err := exec.Command("sh", "-n", "-c", text).CombinedOutput(); err != nil {
				t.Errorf("%s of %s: %v\n%s", name, pod, err, out)
			}
		}
	}
	out, err := exec.Command("sh", "-c", golden(t, "rdma.env")["rdma_of_two_networks"]+"\nenv").Output()
	if err != nil || !strings.Contains(string(out), "\nNCCL_IB_HCA==mlx5_4:1,mlx5_5:1\n") && !strings.HasPrefix(string(out), "NCCL_IB_HCA==mlx5_4:1,mlx5_5:1\n") {
		t.Errorf("the shell's variables: %v\n%s", err, out)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Log("no python3: ports.bess is not read back")
		return
	}
	const bess = `
import json
ports_made, workers = [], []
class bess:
    @staticmethod
    def add_worker(wid, core): workers.append([wid, core])
def PMDPort(**kw): ports_made.append(kw)
`
	for pod, text := range golden(t, "ports.bess") {
		out, err := exec.Command("python3", "-c", bess+text+"\nprint(json.dumps([workers, ports_made]))").Output()
		var read []any
		if err == nil {
			err = json.Unmarshal(out, &read)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", pod, err, out)
		}
	}
}

// FuzzQuotes has hostile text in every quoting function, and in the names of
// every profile: what is written reads back as the text, or there is an error.
func FuzzQuotes(f *testing.F) {
	for _, s := range []string{"net1", "a b", "a\n}", `"`, `\`, "a: b", "#", "'; rm -rf /", "x'\nc: '1", "\u0085", "\u2028", "{{.}}", "} dpdk {", "\x00", "\xff", "é"} {
		f.Add(s)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		pod := &podnet.Pod{Labels: map[string]string{"x": s}, CPUs: &podnet.CPUs{NUMANodes: []int{0}}}
		if err := pod.CPUs.Allowed.UnmarshalText([]byte("2-9")); err != nil {
			t.Fatal(err)
		}
		text := func(template string) (string, bool) {
			out, err := render.Template(pod, "t", template, render.ConfigOptions{})
			return string(out), err == nil
		}
		valid := string([]rune(s)) // as the document's encoder has it
		if out, ok := text("a: {{.labels.x | yaml}}\nb: 1\n"); ok {
			var doc map[string]any
			if err := yaml.UnmarshalStrict([]byte(out), &doc); err != nil || len(doc) != 2 || doc["a"] != valid {
				t.Errorf("yaml of %q reads back as %v, %v:\n%s", s, doc, err, out)
			}
		}
		for _, quote := range []string{"yaml", "json"} { // quotes around quotes lead nobody out of them
			if out, ok := text("a: '{{.labels.x | " + quote + "}}'\nb: 1\n"); ok {
				var doc map[string]any
				if err := yaml.UnmarshalStrict([]byte(out), &doc); err == nil && len(doc) != 2 || strings.Count(out, "'") != 2 {
					t.Errorf("%s of %q in single quotes reads back as %v:\n%s", quote, s, doc, out)
				}
			}
		}
		if out, ok := text(`{"a": {{.labels.x | json}}, "b": 1}`); ok {
			var doc map[string]any
			if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc) != 2 || doc["a"] != valid {
				t.Errorf("json of %q reads back as %v, %v:\n%s", s, doc, err, out)
			}
		}
		if out, ok := text("a {\n  name {{.labels.x | vpp}}\n  end\n}\nlast\n"); ok {
			words := vppWords(strings.NewReplacer("{"+s+"}", "ONE").Replace(out))
			if len(words) != 7 || words[6] != "last" || words[5] != "}" || strings.ContainsAny(s, "{}\n#") {
				t.Errorf("vpp of %q: %q", s, words)
			}
		}
		if out, ok := text("{{.labels.x}}"); ok && strings.ContainsAny(out, " \t\r\n\"'`{}[]#\\$&|;<>()*?!~^") {
			t.Errorf("%q is written as it is", out)
		}
		if out, ok := text("printf %s {{.labels.x | shell}}"); ok {
			if read, err := exec.Command(shell, "-c", out).Output(); err != nil || string(read) != valid {
				t.Errorf("shell of %q reads back as %q, %v", s, read, err)
			}
		}
		mtu := podnet.Interface{Name: s, Network: "ns/" + s, Kind: podnet.KindMemif, MAC: s, Memif: &podnet.Memif{Path: "/run/" + s, Role: podnet.RoleServer}}
		pod.Interfaces = []podnet.Interface{mtu}
		for _, p := range render.Profiles() {
			files, err := render.Files(pod, p, render.ConfigOptions{Dir: "/etc/cnf"})
			if err != nil {
				continue
			}
			for _, file := range files {
				for line := range strings.Lines(string(file.Text)) {
					if strings.ContainsAny(line, "`$\\;&|<>") && !strings.Contains(line, `"$@"`) {
						t.Errorf("%s/%s of %q: %s", p, file.Name, s, line)
					}
				}
			}
		}
	})
}
