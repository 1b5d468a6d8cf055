package netstatus

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

// renderSelections writes what Parse makes of an annotation, one fact a line.
func renderSelections(key, value string) []string {
	var lines []string
	for _, f := range Parse(texts(map[string]string{key: value, Key: `[{"name":"x"}]`})) {
		where := strings.TrimPrefix(f.From().Where, key)
		switch f := f.(type) {
		case fact.Selection:
			line := fmt.Sprintf("%s: %d %s/%s@%s", where, f.Index, f.Namespace, f.Name, f.Interface)
			if f.DeviceID != "" {
				line += " " + f.DeviceID
			}
			if f.Default {
				line += " default"
			}
			lines = append(lines, line)
		case fact.Problem:
			lines = append(lines, fmt.Sprintf("%s: %s", where, f.Code))
		case fact.LostNetworks:
			lines = append(lines, where+": lost")
		}
	}
	return lines
}

func TestSelection(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"empty", " \n", nil},
		{"one", "a", []string{"[0]: 0 /a@"}},
		{"short form", " ns/a@net0 , b@ext1,ns.x/c-1.d ,\ne", []string{"[0]: 0 ns/a@net0", "[1]: 1 /b@ext1", "[2]: 2 ns.x/c-1.d@", "[3]: 3 /e@"}},
		{"blanks within", "ns / a @ net0", []string{"[0]: 0 ns/a@net0"}},
		{"same twice", "a,a", []string{"[0]: 0 /a@", "[1]: 1 /a@"}},
		{"interface with a dot", "a@eth0.5", []string{"[0]: 0 /a@eth0.5"}},
		{"malformed items", "a,,b/,/c,d@,e/f/g,h@i@j,K,k l,m@0123456789abcdef,n@..,-o,p@q r,q,", []string{
			"[1]: malformed", "[2]: malformed", "[3]: malformed", "[4]: malformed", "[5]: malformed", "[7]: malformed",
			"[8]: malformed", "[9]: malformed", "[10]: malformed", "[11]: malformed", "[12]: malformed", "[14]: malformed",
			"[0]: 0 /a@", "[6]: 6 /h@i@j", "[13]: 13 /q@",
		}},
		{"names that are too long", strings.Repeat("a", 254) + ",ns_/a,é", []string{"[0]: malformed", "[1]: malformed", "[2]: malformed"}},
		{
			"JSON", "[\n\t\t{\n\t\t\t\"interface\":\"net0\",\"name\":\"a\",\"namespace\":\"ns\",\"deviceID\":\" 0000:3b:02.6\"},\r\n{\"name\":\"b\",\"new\":{}}]\n",
			[]string{"[0]: 0 ns/a@net0 0000:3b:02.6", "[1]: 1 /b@"},
		},
		{
			"all members", `[{"name":"a","ips":["10.0.0.1"],"mac":"x","infiniband-guid":"x","portMappings":[{"hostPort":1}],"bandwidth":{"ingressRate":1},` +
				`"cni-args":{"x":[]},"default-route":["10.0.0.2"],"ipam-claim-reference":"r","interfaceRequest":"old0"}]`,
			[]string{"[0]: 0 /a@old0"},
		},
		{"new name of the interface", `[{"name":"a","interface":"new0","interfaceRequest":"old0"}]`, []string{"[0]: 0 /a@new0"}},
		{"no network in JSON", `[]`, nil},
		{"no name", `[{"interface":"net0"},{"name":"b"}]`, []string{"[0]: malformed", "[1]: 1 /b@"}},
		{"null element", `[null,{"name":"b"}]`, []string{"[0]: malformed", "[1]: 1 /b@"}},
		{"one object", `{"name":"a"}`, []string{": malformed"}},
		{"one string", `"a"`, []string{": malformed"}},
		{"strings", `["a",{"name":"b"}]`, []string{"[0]: malformed", "[1]: 1 /b@"}},
		{"wrong types", `[{"name":7},{"name":"a","namespace":1},{"name":"a","interface":1},{"name":"b","deviceID":1}]`, []string{
			"[0].name: malformed", "[1].namespace: malformed", "[2].interface: malformed", "[3].deviceID: malformed", "[3]: 3 /b@",
		}},
		{"cut off", `[{"name":"a"},{"name":`, []string{"[1]: malformed", "[0]: 0 /a@"}},
		{"unbalanced quotes", `[{"name":"a"},{"name":"b}]`, []string{"[1]: malformed", "[0]: 0 /a@"}},
		{"text behind", `[{"name":"a"}],b`, []string{": malformed", "[0]: 0 /a@"}},
		{"both forms", `a,{"name":"b"}`, []string{": malformed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := gocmp.Diff(tt.want, renderSelections(SelectionKey, tt.in)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDefaultNetwork(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"short form", "ns/a", []string{"[0]: 0 ns/a@ default"}},
		{"JSON", `[{"name":"a","namespace":"ns","interface":"eth0"}]`, []string{"[0]: 0 ns/a@eth0 default"}},
		{"none", "", nil},
		{"two", "a,b", []string{": malformed"}},
		{"malformed", "a/b/c", []string{"[0]: malformed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := gocmp.Diff(tt.want, renderSelections(DefaultNetworkKey, tt.in)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}
