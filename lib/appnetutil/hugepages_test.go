package appnetutil

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/appnetutil/hugepages"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

func TestHugepages(t *testing.T) {
	for _, tt := range []struct {
		name, scenario string
		want           *HugepagesResponse
		err            string
	}{
		{
			name: "two containers",
			scenario: `
-- annotations/a --
b
-- environ --
CONTAINER_NAME=side-car
-- podinfo/hugepages_1G_request_app --
4096
-- podinfo/hugepages_1G_limit_app --
8192
-- podinfo/hugepages_2M_request_side-car --
512
-- podinfo/hugepages_2M_limit_side-car --
1024
`,
			want: &HugepagesResponse{MyContainerName: "side-car", Hugepages: []*HugepagesData{
				{ContainerName: "app", Request1G: 4096, Limit1G: 8192},
				{ContainerName: "side-car", Request2M: 512, Limit2M: 1024},
			}},
		},
		{
			name: "no sizes, no names",
			scenario: `
-- annotations/a --
b
-- podinfo/hugepages_request --
1073741824
-- podinfo/hugepages_limit --
2147483648
-- podinfo/hugepages_1G_request --
1
`,
			want: &HugepagesResponse{MyContainerName: "", Hugepages: []*HugepagesData{{Request: 1 << 30, Limit: 2 << 30, Request1G: 1}}},
		},
		{
			name: "other sizes",
			scenario: `
-- annotations/a --
b
-- podinfo/hugepages_512M_request_app --
1024
-- podinfo/hugepages_64K_limit_app --
1024
`,
			want: &HugepagesResponse{MyContainerName: "", Hugepages: []*HugepagesData{{ContainerName: "app"}}},
		},
		{
			name: "one file is no number",
			scenario: `
-- annotations/a --
b
-- podinfo/hugepages_1G_request_app --
1024
-- podinfo/hugepages_2M_limit_bad --
much
`,
			want: &HugepagesResponse{MyContainerName: "", Hugepages: []*HugepagesData{{ContainerName: "app", Request1G: 1024}}},
		},
		{
			name:     "no file is a number",
			scenario: "-- annotations/a --\nb\n-- podinfo/hugepages_2M_limit_bad --\nmuch\n",
			err:      "hugepages_2M_limit_bad",
		},
		{
			name:     "a number that no field holds",
			scenario: "-- annotations/a --\nb\n-- podinfo/hugepages_2M_limit_app --\n18446744073709551615\n",
			err:      "hugepage data not found",
		},
		{
			name:     "no annotations",
			scenario: "-- podinfo/hugepages_2M_limit_app --\n16\n",
			want:     &HugepagesResponse{MyContainerName: "", Hugepages: []*HugepagesData{{ContainerName: "app", Limit2M: 16}}},
		},
		{name: "no files", scenario: "-- annotations/a --\nb\n", err: "hugepage data not found in /etc/podnetinfo"},
		{name: "no volume", scenario: "-- environ --\nCONTAINER_NAME=app\n", err: "/etc/podnetinfo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := hugepages.Read(podnettest.New(t, tt.scenario).Options())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("%+v, %v, want an error about %s", got, err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("hugepages (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHugepagesElsewhere has the volume at a place that is set.
func TestHugepagesElsewhere(t *testing.T) {
	s := podnettest.New(t, "-- /mnt/hugepages_2M_request_app --\n16\n-- /mnt/annotations --\n")
	got, err := hugepages.Read(podnet.Options{Root: s.Root, Environ: s.Environ, Podinfo: "/mnt"})
	if err != nil || len(got.Hugepages) != 1 || got.Hugepages[0].Request2M != 16 {
		t.Errorf("hugepages are %+v, %v", got, err)
	}
	if _, err := hugepages.Read(s.Options()); err == nil || !strings.Contains(err.Error(), "/etc/podnetinfo") {
		t.Errorf("the default place: %v", err)
	}
}
