//go:build capi

package capi

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

var mutations = flag.Int("mutations", 2000, "how many damaged answers the library is given")

// hostileTimeout is in milliseconds. A helper that ends at once is never later than that,
// and the tests wait so long for a helper that does not end.
const hostileTimeout = 20000

// smallPod has one of most things, so that there are not too many bytes to cut after.
const smallPod = `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ns/a", "interface": "net1", "ips": ["10.0.0.1"],
  "device-info": {"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "server", "path": "/run/a"}}}]
-- /proc/self/status --
Cpus_allowed_list:	0-1
`

// hostileHelper compiles the helper, and writes the answers to a pod and to a request for
// its arguments.
func hostileHelper(t *testing.T) (program, discovery, arguments string) {
	t.Helper()
	dir := t.TempDir()
	program = filepath.Join(dir, "hostile")
	must(t, "gcc", append([]string{"-std=c99", "-D_DEFAULT_SOURCE", "-O1", "-static", "-o", program, "testdata/hostile.c"}, "-Wall", "-Wextra", "-Werror")...)
	s := podnettest.New(t, smallPod)
	discovery, arguments = filepath.Join(dir, "discovery"), filepath.Join(dir, "arguments")
	pod := askHelper(t, discovery, map[string]any{"op": "discover", "root": s.Root})
	askHelper(t, arguments, map[string]any{"op": "eal", "pod": pod["pod"]})
	return program, discovery, arguments
}

// askHelper writes podnet's answer to a request to a file, and gives it.
func askHelper(t *testing.T, file string, request map[string]any) map[string]json.RawMessage {
	t.Helper()
	request["schema"] = "podnet.capi/v1"
	text, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	in, caller := io.Pipe()
	defer caller.Close()
	go caller.Write(text) //nolint:errcheck // the answer shows it
	var out bytes.Buffer
	code := cli.Podnet(context.Background(), []string{"podnet", "capi"}, []string{}, cli.Streams{In: in, Out: &out, Err: io.Discard})
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || code != 0 || answer["error"] != nil {
		t.Fatalf("exit code %d: %v\n%s", code, err, &out)
	}
	if err := os.WriteFile(file, bytes.TrimSpace(out.Bytes()), 0o644); err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestHelperDiesAtAnyByte: an answer that is cut anywhere is an error, however the helper
// ends.
func TestHelperDiesAtAnyByte(t *testing.T) {
	program := compile(t, "gcc", append(slices.Clone(sanitizers), "ask.c", "dump.c")...)
	hostile, file, _ := hostileHelper(t)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var jobs []job
	for n := range len(whole) + 1 {
		jobs = append(jobs, job{Helper: hostile, TimeoutMs: hostileTimeout, Env: []string{"HOSTILE=cut", "ANSWER=" + file, fmt.Sprint("NUMBER=", n)}})
	}
	for n, got := range ask(t, program, nil, jobs...) {
		if want := n == len(whole) && n%3 != 2; want != (got.Error.Result == resultOK) || !want && (got.Error.Result != resultHelperFailed || got.Error.Text == "") {
			t.Errorf("cut after %d of %d bytes: result %d: %s", n, len(whole), got.Error.Result, got.Error.Text)
		}
	}
}

// TestHelperAnswersDamaged: whatever bytes are wrong, there is an answer or an error.
func TestHelperAnswersDamaged(t *testing.T) {
	program := compile(t, "gcc", append(slices.Clone(sanitizers), "ask.c", "dump.c")...)
	hostile, discovery, arguments := hostileHelper(t)
	var jobs []job
	for n := range *mutations {
		jobs = append(jobs, job{
			Helper: hostile, TimeoutMs: hostileTimeout, Find: []string{"net1", "a"}, EAL: &ealJob{},
			Env: []string{"HOSTILE=mutate", "ANSWER=" + []string{discovery, arguments}[n%2], fmt.Sprint("NUMBER=", n)},
		})
	}
	good := 0
	for n, got := range ask(t, program, nil, jobs...) {
		switch got.Error.Result {
		case resultOK:
			good++
		case resultHelperFailed, resultHelperVersion:
		default:
			t.Errorf("mutation %d: result %d: %s", n, got.Error.Result, got.Error.Text)
		}
	}
	t.Logf("%d of %d were answers all the same", good, *mutations)
	if good == 0 || good == *mutations {
		t.Error("either no damage was noticed, or no answer was good")
	}
}

func TestHelperMisbehaves(t *testing.T) {
	program := compile(t, "gcc", append(slices.Clone(sanitizers), "ask.c", "dump.c")...)
	hostile, file, _ := hostileHelper(t)
	const answerHead = `{"schema":"podnet.capi/v1",`
	for _, tt := range []struct {
		name    string
		env     []string
		timeout int
		result  int
		text    string
	}{
		{"answers and then hangs", []string{"HOSTILE=hang"}, hostileTimeout, resultOK, ""},
		{"never ends its answer", []string{"HOSTILE=keep-open"}, 300, resultTimeout, "within 300 ms"},
		{"says nothing", []string{"HOSTILE=pause"}, 300, resultTimeout, "raise the option timeout_ms"},
		{"answers for ever", []string{"HOSTILE=endless"}, 60000, resultHelperFailed, "above 64 MiB"},
		{"answers blanks for ever", []string{"HOSTILE=endless", "NUMBER=1"}, 60000, resultHelperFailed, "above 64 MiB"},
		{"answers drop by drop", []string{"HOSTILE=drip"}, 300, resultTimeout, ""},
		{"answers arrays without end", []string{"HOSTILE=deep"}, hostileTimeout, resultHelperFailed, "deeper than 64"},
		{"answers objects without end", []string{"HOSTILE=deep", "NUMBER=1"}, hostileTimeout, resultHelperFailed, "deeper than 64"},
		{"answers a huge document", []string{"HOSTILE=huge"}, 60000, resultOK, ""},
		{"complains for ever", []string{"HOSTILE=complain"}, hostileTimeout, resultHelperFailed, "exit code 2"},
		{"leaves a child with its output", []string{"HOSTILE=grandchild", "NUMBER=1"}, 60000, resultOK, ""},
		{"leaves a child in its place", []string{"HOSTILE=grandchild"}, 60000, resultHelperFailed, "no answer"},
		{"lacks the command", []string{"HOSTILE=exit", "NUMBER=64"}, hostileTimeout, resultHelperVersion, "install both from one release: no  such command"},
		{"fails", []string{"HOSTILE=exit", "NUMBER=1"}, hostileTimeout, resultHelperFailed, "exit code 1: run it by hand: no  such command"},
		{"is killed", []string{"HOSTILE=signal", "NUMBER=9"}, hostileTimeout, resultHelperFailed, "signal 9"},
		{"crashes", []string{"HOSTILE=signal", "NUMBER=11"}, hostileTimeout, resultHelperFailed, "signal 11"},
		{"answers nothing", []string{"HOSTILE=say", "SAY="}, hostileTimeout, resultHelperFailed, "no answer"},
		{"answers no JSON", []string{"HOSTILE=say", "SAY=hello"}, hostileTimeout, resultHelperFailed, "not JSON"},
		{"answers no object", []string{"HOSTILE=say", "SAY=[]"}, hostileTimeout, resultHelperVersion, "no schema"},
		{"answers twice", []string{"HOSTILE=say", "SAY={}{}"}, hostileTimeout, resultHelperFailed, "end of file expected"},
		{"is of another version", []string{"HOSTILE=say", `SAY={"schema":"podnet.capi/v2"}`}, hostileTimeout, resultHelperVersion, "podnet.capi/v2"},
		{"answers without the pod", []string{"HOSTILE=say", "SAY=" + answerHead + `"version":"1"}`}, hostileTimeout, resultHelperFailed, `"pod"`},
		{"answers with an invalid pod", []string{"HOSTILE=say", "SAY=" + answerHead + `"pod":[]}`}, hostileTimeout, resultHelperFailed, `"pod"`},
		{"answers with an invalid error", []string{"HOSTILE=say", "SAY=" + answerHead + `"error":{}}`}, hostileTimeout, resultHelperFailed, "can be understood"},
		{"answers with invalid problems", []string{"HOSTILE=say", "SAY=" + answerHead + `"error":{"kind":"not-ready","text":"%s%n","problems":[1,{}]}}`}, hostileTimeout, resultNotReady, "%s%n"},
		{"answers members of other types", []string{"HOSTILE=say", "SAY=" + answerHead + `"pod":{"interfaces":[1,null,{"name":[],"ips":[1],"mtu":1e300,"pci":"x","routes":{}}],"cpus":{"allowed":"5-1,,x","numaNodes":["x"]},"hugepages":7,"warnings":[[]]}}`}, hostileTimeout, resultOK, ""},
		{"answers a zero byte", []string{"HOSTILE=say", "SAY=" + answerHead + `"pod":{"schema":"a\u0000b"}}`}, hostileTimeout, resultHelperFailed, "not JSON"},
		{"answers a number above all", []string{"HOSTILE=say", "SAY=" + answerHead + `"pod":{"schema":99999999999999999999}}`}, hostileTimeout, resultHelperFailed, "not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ask(t, program, nil, job{Helper: hostile, TimeoutMs: tt.timeout, Env: append(tt.env, "ANSWER="+file)})[0].Error
			if got.Result != tt.result || !strings.Contains(got.Text, tt.text) {
				t.Errorf("result %d: %q; want %d about %q", got.Result, got.Text, tt.result, tt.text)
			}
		})
	}
}
