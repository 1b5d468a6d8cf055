package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/lib/podnet"
)

// askCapi gives one request to the command, whose caller waits for the answer.
func askCapi(t *testing.T, request string) (capiAnswer, int) {
	t.Helper()
	in, caller := io.Pipe()
	defer caller.Close()
	go io.WriteString(caller, request) //nolint:errcheck // the command need not read all
	var out, stderr bytes.Buffer
	code := Podnet(t.Context(), []string{"podnet", "capi"}, nil, Streams{In: in, Out: &out, Err: &stderr})
	var answer capiAnswer
	if err := json.Unmarshal(out.Bytes(), &answer); code == CodeDone && err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &stderr)
	}
	return answer, code
}

func TestCapiRefuses(t *testing.T) {
	for _, tt := range []struct{ name, request, kind, text string }{
		{"another schema", `{"schema": "podnet.capi/v2", "op": "discover"}`, capiVersion, `the request is "podnet.capi/v2"`},
		{"no schema", `{"op": "discover"}`, capiVersion, `install both from one release`},
		{"an unknown member", `{"schema": "podnet.capi/v1", "op": "discover", "magic": 1}`, capiVersion, `"magic"`},
		{"an unknown operation", `{"schema": "podnet.capi/v1", "op": "divine"}`, capiVersion, `"divine"`},
		{"no object", `[]`, capiUsage, `cannot unmarshal`},
		{"a root that is not there", `{"schema": "podnet.capi/v1", "op": "discover", "root": "/nonexistent"}`, capiNotReady, `/nonexistent`},
		{"a hint without a network", `{"schema": "podnet.capi/v1", "op": "discover", "hints": ["x"]}`, capiUsage, `"x"`},
		{"a negative time", `{"schema": "podnet.capi/v1", "op": "discover", "waitMs": -1}`, capiUsage, `-1 ms`},
		{"no pod", `{"schema": "podnet.capi/v1", "op": "eal"}`, capiUsage, `the pod`},
		{"an invalid release", `{"schema": "podnet.capi/v1", "op": "eal", "pod": {}, "eal": {"dpdkVersion": "new"}}`, capiUsage, `new`},
		{"an invalid memory", `{"schema": "podnet.capi/v1", "op": "eal", "pod": {}, "eal": {"memory": "much"}}`, capiUsage, `"much"`},
		{"a negative MTU", `{"schema": "podnet.capi/v1", "op": "eal", "pod": {}, "eal": {"mtu": -1}}`, capiUsage, `MTU of -1`},
		{"an MTU that no packet has", `{"schema": "podnet.capi/v1", "op": "eal", "pod": {}, "eal": {"mtu": 65536}}`, capiUsage, `0 to 65535`},
		{"a negative number of queues", `{"schema": "podnet.capi/v1", "op": "eal", "pod": {}, "eal": {"queues": -1}}`, capiUsage, `-1 queues`},
		{"too many queues", `{"schema": "podnet.capi/v1", "op": "eal", "pod": {}, "eal": {"queues": 1000}}`, capiUsage, `1000`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer, code := askCapi(t, tt.request)
			if code != CodeDone || answer.Schema != capiSchema || answer.Error == nil ||
				answer.Error.Kind != tt.kind || !strings.Contains(answer.Error.Text, tt.text) {
				t.Errorf("exit code %d, %+v, error %+v; want one of kind %s about %q", code, answer, answer.Error, tt.kind, tt.text)
			}
		})
	}
	if _, code := askCapi(t, `{`+strings.Repeat(" ", 10)+`]`); code != CodeUsage {
		t.Errorf("exit code %d for a request that is not JSON, want %d", code, CodeUsage)
	}
}

// A wait ends when the library's process does.
func TestCapiEndsWithItsCaller(t *testing.T) {
	in, caller := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- Podnet(t.Context(), []string{"podnet", "capi"}, nil, Streams{In: in, Out: io.Discard, Err: io.Discard})
	}()
	if _, err := io.WriteString(caller, `{"schema": "podnet.capi/v1", "op": "discover", "waitMs": 3600000, "root": "`+t.TempDir()+`"}`); err != nil {
		t.Fatal(err)
	}
	caller.Close()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it still waits")
	}
}

func TestCapiAnswerIsForC(t *testing.T) {
	for text, want := range map[string]string{
		`"a\u0000b"`:      `"a\ufffdb"`,
		`"\\u0000"`:       `"\\u0000"`,
		`"\\\u0000\n"`:    `"\\\ufffd\n"`,
		`"\u0000\u00001"`: `"\ufffd\ufffd1"`,
		`"plain"`:         `"plain"`,
		`\`:               `\`,
	} {
		if got := string(withoutNUL([]byte(text))); got != want {
			t.Errorf("withoutNUL(%s) = %s, want %s", text, got, want)
		}
	}
	huge := uint64(math.MaxUint64)
	pod := &podnet.Pod{Hugepages: []podnet.Hugepages{{
		LimitBytes: &huge, UsedBytes: huge, RequestBytes: &huge, Nodes: []podnet.HugepageNode{{TotalBytes: huge, FreeBytes: 1}},
	}, {UsedBytes: 7}}}
	text, err := json.Marshal(withoutHugeNumbers(pod))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "18446744073709551615") || strings.Count(string(text), "9223372036854775807") != 4 {
		t.Errorf("numbers above the largest of C's: %s", text)
	}
	if *pod.Hugepages[0].LimitBytes != huge || pod.Hugepages[0].Nodes[0].TotalBytes != huge {
		t.Error("the pod itself has changed")
	}
}
