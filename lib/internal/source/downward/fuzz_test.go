package downward

import (
	"strconv"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/internal/fact"
)

var at = fact.Origin{Source: fact.DownwardAPI, Where: "annotations"}

// checkOrigins holds that every fact says where it is from.
func checkOrigins(t *testing.T, facts []fact.Fact) {
	t.Helper()
	for _, f := range facts {
		if from := f.From(); from.Source == "" || from.Where == "" {
			t.Errorf("%#v has no origin", f)
		}
	}
}

// FuzzAnnotations checks that whatever kubelet writes is read back, that quoted
// text means what it means to strconv.Unquote, and that bad lines cost no line
// behind them.
func FuzzAnnotations(f *testing.F) {
	f.Add("k8s.v1.cni.cncf.io/network-status", "[{\"name\": \"a=b\"}]", "foo=\nbar")
	f.Add("a", "\x00\xff\u2028\\é", "a=\"")
	f.Add("a", `\x41\101\u00e9\U0001F600\a\b\f\v\'`, "\\")
	f.Add("a", "é\\n\xff\\t\xc3", "k=\"[{\n \"x\": 1,\n}]\"\nb=\"2\"")
	f.Fuzz(func(t *testing.T, key, value, other string) {
		for _, text := range []string{value, other} {
			quoted := `"` + text + `"`
			want, wantErr := strconv.Unquote(quoted)
			got, rest, err := unquote(quoted)
			if (err == nil && rest == "") != (wantErr == nil) || (wantErr == nil && got != want) {
				t.Fatalf("unquote(%s) = %q, %q, %v, strconv.Unquote: %q, %v", quoted, got, rest, err, want, wantErr)
			}
		}
		annotations, problems := parseAnnotations(other, at)
		checkOrigins(t, problems)
		lost := 0
		for key, text := range annotations {
			if key == "" || text.Where != key {
				t.Fatalf("%q has the origin %v", key, text.Origin)
			}
			if text.Lost {
				lost++
			}
		}
		labels := parseLabels(other, at)
		checkOrigins(t, labels)
		if len(labels) != len(annotations)-lost+len(problems) {
			t.Fatalf("%d labels with their problems, but %d annotations and %d problems", len(labels), len(annotations), len(problems))
		}
		if key != strings.TrimSpace(key) || key == "" || strings.ContainsAny(key, "=\r\n\" \t") {
			return // no annotation's key
		}
		line := key + "=" + strconv.Quote(value)
		got, problems := parseAnnotations(line, at)
		if len(problems) > 0 || len(got) != 1 || got[key].Value != value {
			t.Fatalf("%s is read as %+v, %v", line, got, problems)
		}
		if got, _ := parseAnnotations(other+"\n"+line, at); got[key].Value != value && annotations[key].Where == "" {
			// The text before may have the key on a line that was put off.
			if !strings.Contains(other, key) {
				t.Fatalf("%s after %q is read as %+v", line, other, got[key])
			}
		}
	})
}

func FuzzHugepageName(f *testing.F) {
	for _, name := range []string{"hugepages_1G_request_app", "hugepages_limit", "hugepages_request_2M", "hugepages_0M_limit_"} {
		f.Add(name, "5")
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		got := hugepageAmount(name, text, at)
		checkOrigins(t, []fact.Fact{got})
		amount, ok := got.(fact.HugepageAmount)
		if !ok {
			return
		}
		if amount.Container != strings.ToLower(amount.Container) {
			t.Errorf("%q is of container %q", name, amount.Container)
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64); err != nil || n != amount.Value {
			t.Errorf("%q is %d", text, amount.Value)
		}
		if b := Bytes(amount.Value, amount.Size); b < amount.Value {
			t.Errorf("Bytes(%d, %s) = %d", amount.Value, amount.Size, b)
		}
	})
}

// FuzzFromEnviron checks that what is there stays, and that what is added has the
// value of the variable.
func FuzzFromEnviron(f *testing.F) {
	f.Add(`[{"name":"a","dns":{}}]`, `{"interfaces":[{"network":"n"}]}`)
	f.Add(`[{"ifName":"net1","config":{}}]`, `[null]`)
	f.Fuzz(func(t *testing.T, a, b string) {
		annotations := map[string]fact.Text{userspaceData: {Origin: at, Value: "x"}}
		checkOrigins(t, FromEnviron([]string{"A=" + a, "B=" + b, a}, annotations))
		for key, text := range annotations {
			if key == userspaceData != (text.Value == "x") || text.Where == "" ||
				text.Where == "A" && text.Value != a || text.Where == "B" && text.Value != b {
				t.Errorf("%s is %v", key, text)
			}
		}
	})
}
