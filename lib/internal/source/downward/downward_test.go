package downward

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

// values are annotations without their origins.
func values(annotations map[string]fact.Text) map[string]string {
	if annotations == nil {
		return nil
	}
	m := map[string]string{}
	for key, text := range annotations {
		if !text.Lost {
			m[key] = text.Value
		}
	}
	return m
}

// problems gives "place code" for each problem, in order.
func problems(facts []fact.Fact) []string {
	var list []string
	for _, f := range facts {
		if p, ok := f.(fact.Problem); ok {
			list = append(list, fmt.Sprint(p.Where, " ", p.Code))
		}
	}
	return list
}

func TestParseAnnotations(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     map[string]string
		problems []string // each one's place
	}{
		{"empty file", "", map[string]string{}, nil},
		{"quoted", `a="1"` + "\n" + `b="x=y \"z\" \\ \t\n é \u00e9"`, map[string]string{"a": "1", "b": "x=y \"z\" \\ \t\n é é"}, nil},
		{"JSON escapes keep their backslash", `a="\\u003cnil\\u003e \\\"x\\\""`, map[string]string{"a": `\u003cnil\u003e \"x\"`}, nil},
		{"blanks and tabs in a value", "a=\"my net\\t/var/run/my dir\"", map[string]string{"a": "my net\t/var/run/my dir"}, nil},
		{"a long line", `a="` + strings.Repeat("x", 200<<10) + "\"\nb=\"1\"", map[string]string{"a": strings.Repeat("x", 200<<10), "b": "1"}, nil},
		{"empty values", "a=\nb=\"\"\n", map[string]string{"a": "", "b": ""}, nil},
		{"unquoted", "a=[1, 2]\nb=x=\"y\"", map[string]string{"a": "[1, 2]", "b": `x="y"`}, nil},
		{"blank lines and carriage returns", "\r\n  \na=\"1\"\r\n", map[string]string{"a": "1"}, nil},
		{"blanks around", ` a = "1" `, map[string]string{"a": "1"}, nil},
		{
			"bad lines", "x\n=1\na=\"1\nb=\"2\" 3\nd=\"\\q\"\nc=\"3\"",
			map[string]string{"c": "3"},
			[]string{"annotations:1", "annotations:2", "annotations:3", "annotations:4", "annotations:5"},
		},
		{"a bad escape", "d=\"\\q\"\nc=\"3\"", map[string]string{"c": "3"}, []string{"annotations:1"}},
		{"a key twice", "a=\"1\"\na=\"2\"", map[string]string{"a": "1"}, []string{"annotations:2"}},
		{
			"a raw newline", "a=\"[{\n  path=x,\n\n}]\"\nb=\"2\"\nc=3",
			map[string]string{"b": "2", "c": "3"},
			[]string{"annotations:1"},
		},
		{
			"a value without an end", "a=\"1\nb=2\nx\nc=\"3\"\nd=\"4\ne=5",
			map[string]string{"b": "2", "c": "3", "e": "5"},
			[]string{"annotations:1", "annotations:3", "annotations:5"},
		},
		{"another kind of file", strings.Repeat("x\n", 1000), map[string]string{}, func() (w []string) {
			for n := range maxBadLines {
				w = append(w, "annotations:"+strconv.Itoa(n+1))
			}
			return append(w, "annotations")
		}()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := parseAnnotations(tt.in, at)
			if diff := cmp.Diff(tt.want, values(got)); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
			var places []string
			for _, p := range problems {
				places = append(places, p.From().Where)
			}
			if diff := cmp.Diff(tt.problems, places); diff != "" {
				t.Errorf("places of problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseAnnotationsErrors(t *testing.T) {
	for in, want := range map[string]error{"a=\"1": errUnended, "a=\"\\": errUnended, "a=\"\\q\"": errEscape, "x": errForm} {
		_, problems := parseAnnotations(in, at)
		if len(problems) != 1 || !errors.Is(problems[0].(fact.Problem).Err, want) {
			t.Errorf("%q: %v, want %v", in, problems, want)
		}
	}
}

func TestParseLabels(t *testing.T) {
	want := []fact.Fact{
		fact.Label{Origin: at.At(":1"), Name: "app", Value: "x"},
		fact.Label{Origin: at.At(":3"), Name: "k8s/b", Value: ""},
	}
	got := parseLabels("app=\"x\"\n\nk8s/b=\"\"\napp=\"y\"", at)
	if diff := cmp.Diff(want, got[:2]); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"annotations:4 malformed"}, problems(got)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestParseHugepageName(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for name, want := range map[string]fact.HugepageAmount{
		"hugepages_1G_request_app":    {Size: gib, Container: "app"},
		"hugepages_2M_limit_my-app-1": {Size: 2 * mib, Limit: true, Container: "my-app-1"},
		"hugepages_512M_request_app":  {Size: 512 * mib, Container: "app"},
		"hugepages_64K_limit_app":     {Size: 64 << 10, Limit: true, Container: "app"},
		"hugepages_16G_request":       {Size: 16 * gib},
		"hugepages_2Mi_request":       {Size: 2 * mib},
		"hugepages_request":           {},
		"hugepages_limit":             {Limit: true},
		"hugepages_request_app-2m":    {Container: "app-2m"},
		"hugepages_limit_app":         {Limit: true, Container: "app"},
		"hugepages_request_1G":        {Size: gib},
		"hugepages_limit_2M":          {Size: 2 * mib, Limit: true},
		"hugepages_limit_2M_app":      {Size: 2 * mib, Limit: true, Container: "app"},
	} {
		if got, ok := parseHugepageName(name); got != want || !ok {
			t.Errorf("%s is %+v, %v, want %+v", name, got, ok, want)
		}
	}
	for _, name := range []string{
		"hugepages", "hugepages_", "hugepages_1G", "hugepages_1G_", "hugepages_1G_requests_app", "hugepages_request_",
		"hugepages_1T_request", "hugepages_0G_request", "hugepages_request_0G", "hugepages_1GB_request", "hugepages_G_request", "memory",
	} {
		if got, ok := parseHugepageName(name); ok || got != (fact.HugepageAmount{}) {
			t.Errorf("%s is %+v, %v", name, got, ok)
		}
	}
}

func TestBytes(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		value uint64
		size  fact.PageSize
		want  uint64
	}{
		{1024, 2 * mib, 1024 * mib},       // the injector's MiB
		{1073741824, 2 * mib, 1024 * mib}, // bytes
		{1048577, 2 * mib, 1048577 * mib}, // no multiple of the page size, so not bytes
		{1073741824, 0, 1024 * mib},
		{512, 0, 512 * mib},
		{0, 2 * mib, 0},
		{18446744073709551615, 2 * mib, 18446744073709551615},
	} {
		if got := Bytes(tt.value, tt.size); got != tt.want {
			t.Errorf("Bytes(%d, %s) = %d, want %d", tt.value, tt.size, got, tt.want)
		}
	}
}

// TestLostAnnotation has an annotation that is there and cannot be read, which is
// not the same as none.
func TestLostAnnotation(t *testing.T) {
	for text, want := range map[string]fact.Text{
		`a="1`:               {Origin: fact.Origin{Source: fact.Annotation, Where: "a"}, Lost: true},
		"a=\"1\na=\"2\"":     {Origin: fact.Origin{Source: fact.Annotation, Where: "a"}, Value: "2"},
		"a=\"1\"\na=\"2":     {Origin: fact.Origin{Source: fact.Annotation, Where: "a"}, Value: "1"},
		"b=\"1\"\nx\n=\"2\"": {},
	} {
		annotations, problems := parseAnnotations(text, at)
		if annotations["a"] != want || len(problems) == 0 {
			t.Errorf("%q is read as %+v, %v, want %+v", text, annotations["a"], problems, want)
		}
	}
}

func TestKeyOfJSON(t *testing.T) {
	for text, want := range map[string]string{
		"\n" + `[{"name":"a","interface":"eth0"},{"name":"b","dns":{}}]`: networkStatus,
		`[{"name":"","device-info":null}]`:                               networkStatus,
		`[{"name":"a","namespace":"b","interface":"net1"}]`:              "", // a selection
		`[{"name":"a"}]`:             "",
		`[{"name":"a","mac":"x"},3]`: "",
		`[{"name":"a","mac":"x"}`:    "",
		`[{"containerId":"1","ifName":"net1","name":"n","config":{}}]`: userspaceData,
		`[{"ifName":"net1"}]`:                               "",
		"\n" + `{"interfaces":[{"network":"n","mac":"x"}]}`: networkInfo,
		`{"interfaces":["eth0"]}`:                           "",
		`{"interfaces":[]}`:                                 "",
		`{"interfaces":7}`:                                  "",
		`{"a":1}`:                                           "",
		`[]`:                                                "",
	} {
		if got := keyOfJSON(text); got != want {
			t.Errorf("keyOfJSON(%s) = %q, want %q", text, got, want)
		}
	}
}

func TestFromEnviron(t *testing.T) {
	const status, other, info = `[{"name":"a","dns":{}}]`, `[{"name":"b","dns":{}}]`, `{"interfaces":[{"network":"n"}]}`
	environ := []string{
		"PATH=/bin", "bad", "=x", "PCIDEVICE_A_INFO=" + info, "CONFIG={\"a\":1}",
		"NET=" + status, "NET=" + other, "SAME=" + status, "OTHER=" + other, "INFO=" + info,
	}
	annotations := map[string]fact.Text{}
	facts := FromEnviron(environ, annotations)
	want := map[string]fact.Text{
		networkStatus: {Origin: fact.Origin{Source: fact.Env, Where: "NET"}, Value: status},
		networkInfo:   {Origin: fact.Origin{Source: fact.Env, Where: "INFO"}, Value: info},
	}
	if diff := cmp.Diff(want, annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"OTHER conflict"}, problems(facts)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	for _, key := range []string{networkStatus, legacyStatus} {
		annotations := map[string]fact.Text{key: {Value: "live"}}
		if facts := FromEnviron([]string{"NET=" + status}, annotations); len(facts) > 0 || len(annotations) != 1 {
			t.Errorf("with %s, the annotations are %v, facts %v", key, annotations, facts)
		}
	}
	if facts := FromEnviron(environ, nil); facts != nil {
		t.Errorf("without a map: %v", facts)
	}
}

// status is the text of a network-status as Multus writes it.
func status(size int) string {
	const entry = "{\n    \"name\": \"ns/sriov-nic-1\",\n    \"interface\": \"net1\",\n    \"mtu\": 1500,\n    \"dns\": {}\n}"
	return "[" + strings.Repeat(entry+",", size/len(entry)) + entry + "]"
}

func BenchmarkUnquote(b *testing.B) {
	for name, text := range map[string]string{"status": status(100 << 10), "plain": strings.Repeat("x", 100<<10) + "\n"} {
		quoted := strconv.Quote(text)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(quoted)))
			for b.Loop() {
				_, _, _ = unquote(quoted)
			}
		})
		b.Run(name+"-strconv", func(b *testing.B) {
			b.SetBytes(int64(len(quoted)))
			for b.Loop() {
				_, _ = strconv.Unquote(quoted)
			}
		})
	}
}
