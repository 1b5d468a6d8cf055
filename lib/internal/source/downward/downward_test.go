package downward

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

var at = fact.Origin{Source: fact.DownwardAPI, Where: "annotations"}

func TestParseAnnotations(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     map[string]string
		problems []string // each one's place
	}{
		{"empty file", "", map[string]string{}, nil},
		{"quoted", `a="1"` + "\n" + `b="x=y \"z\" \\ \t\n é \u00e9"`, map[string]string{"a": "1", "b": "x=y \"z\" \\ \t\n é é"}, nil},
		{"empty values", "a=\nb=\"\"\n", map[string]string{"a": "", "b": ""}, nil},
		{"unquoted", "a=[1, 2]\nb=x=\"y\"", map[string]string{"a": "[1, 2]", "b": `x="y"`}, nil},
		{"blank lines and carriage returns", "\r\n  \na=\"1\"\r\n", map[string]string{"a": "1"}, nil},
		{"blanks around", ` a = "1" `, map[string]string{"a": "1"}, nil},
		{
			"bad lines", "x\n=1\na=\"1\nb=\"2\" 3\nc=\"3\"",
			map[string]string{"c": "3"},
			[]string{"annotations:1", "annotations:2", "annotations:3", "annotations:4"},
		},
		{"a key twice", "a=\"1\"\na=\"2\"", map[string]string{"a": "1"}, []string{"annotations:2"}},
		{"another kind of file", strings.Repeat("x\n", 1000), map[string]string{}, func() (w []string) {
			for n := range maxBadLines {
				w = append(w, "annotations:"+strconv.Itoa(n+1))
			}
			return append(w, "annotations")
		}()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := parseAnnotations([]byte(tt.in), at)
			if diff := cmp.Diff(tt.want, got); diff != "" {
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

// FuzzParseAnnotations checks that whatever kubelet writes is read back, and that
// nothing else makes the parser fail.
func FuzzParseAnnotations(f *testing.F) {
	f.Add("k8s.v1.cni.cncf.io/network-status", "[{\"name\": \"a=b\"}]", "foo=\nbar")
	f.Add("a", "\x00\xff\u2028\\", "a=\"")
	f.Fuzz(func(t *testing.T, key, value, other string) {
		parseAnnotations([]byte(other), at)
		if key != strings.TrimSpace(key) || key == "" || strings.ContainsAny(key, "=\r\n") {
			return // no annotation's key
		}
		got, problems := parseAnnotations([]byte(key+"="+strconv.Quote(value)), at)
		if len(problems) > 0 || len(got) != 1 || got[key] != value {
			t.Fatalf("%q=%q is read as %q, %v", key, value, got, problems)
		}
	})
}

func TestParseRequest(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		in   string
		size fact.PageSize
		want uint64
		ok   bool
	}{
		{"1024", 2 * mib, 1024 * mib, true},       // the injector's MiB
		{"1073741824", 2 * mib, 1024 * mib, true}, // bytes
		{"1048577", 2 * mib, 1048577 * mib, true}, // no multiple of the page size, so not bytes
		{"0\n", 2 * mib, 0, true},
		{"", 2 * mib, 0, false},
		{"1Gi", 2 * mib, 0, false},
		{"-1", 2 * mib, 0, false},
		{"18446744073709551615", 2 * mib, 0, false},
	} {
		if got, ok := parseRequest(tt.in, tt.size); got != tt.want || ok != tt.ok {
			t.Errorf("parseRequest(%q, %s) = %d, %v, want %d, %v", tt.in, tt.size, got, ok, tt.want, tt.ok)
		}
	}
}

func keys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
