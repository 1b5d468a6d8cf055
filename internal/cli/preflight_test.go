package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

func TestCheckHugepages(t *testing.T) {
	const mib = 1 << 20
	pod := &podnet.Pod{Hugepages: []podnet.Hugepages{
		{Size: "2Mi", Nodes: []podnet.HugepageNode{{Node: 0, FreeBytes: 100 * mib}, {Node: 1, FreeBytes: 10 * mib}}},
		{Size: "1Gi", Nodes: []podnet.HugepageNode{{Node: 1, FreeBytes: 1024 * mib}}},
	}}
	for _, tt := range []struct {
		name string
		pod  *podnet.Pod
		want []int // of each node
		says string
	}{
		{"enough", pod, []int{100, 1034}, ""},
		{"too few", pod, []int{0, 1036}, "1036 MiB on NUMA node 1, where 1034 MiB are free"},
		{"node without a pool", pod, []int{0, 0, 64}, ""},
		{"ordinary pages", pod, nil, ""},
		{"unknown", &podnet.Pod{}, []int{256}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := checkHugepages(tt.pod, eal.Config{Memory: eal.Memory{NodeMiB: tt.want}})
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

// The rest of what checkVFIO finds takes a VF: see test/lab.
func TestWhyClosed(t *testing.T) {
	if _, reason, _ := whyClosed("/dev/null"); reason != "" {
		t.Errorf("/dev/null: %s", reason)
	}
	missing := filepath.Join(t.TempDir(), "151")
	if code, reason, remedy := whyClosed(missing); code != podnet.CodeDeviceNodeMissing || reason != missing+" is not in the container" || remedy == "" {
		t.Errorf("%s, %q, %q", code, reason, remedy)
	}
}
