package podnet_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// TestAnswers tells "no annotations file", "no status yet" and "no networks"
// apart, as warnings and as errors.
func TestAnswers(t *testing.T) {
	sentinels := []error{podnet.ErrNoAnnotations, podnet.ErrNoStatus, podnet.ErrNoNetworks}
	for _, tt := range []struct {
		name, scenario string
		code           podnet.Code
		want           error
	}{
		{"no file", "-- environ --\nPCIDEVICE_A=0000:3b:02.6\n", podnet.CodeNoAnnotations, podnet.ErrNoAnnotations},
		{"no status", "-- annotations/a --\nb\n", podnet.CodeNoStatus, podnet.ErrNoStatus},
		{"no networks", "-- annotations/k8s.v1.cni.cncf.io/network-status --\n[]\n", podnet.CodeNoNetworks, podnet.ErrNoNetworks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := podnettest.New(t, tt.scenario).Options()
			pod, err := podnet.Discover(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			if len(pod.Warnings) != 1 || pod.Warnings[0].Code != tt.code {
				t.Fatalf("warnings are %v, want the one %s", pod.Warnings, tt.code)
			}
			opts.Strict = true
			pod, strictErr := podnet.Discover(t.Context(), opts)
			if pod != nil {
				t.Error("a Pod beside an error")
			}
			for _, sentinel := range sentinels {
				want := errors.Is(sentinel, tt.want)
				if got := errors.Is(strictErr, sentinel); got != want {
					t.Errorf("strict: errors.Is(%v, %v) = %v", strictErr, sentinel, got)
				}
			}
			warningErr := (podnet.Warning{Code: tt.code, Source: "s", Where: "w", Message: "m"}).Err()
			if !errors.Is(warningErr, tt.want) {
				t.Errorf("Warning.Err() = %v is not %v", warningErr, tt.want)
			}
		})
	}
}

// TestErrors has, for each way in which Discover fails, what callers may ask of
// the error.
func TestErrors(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := podnettest.New(t, "").Options()
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		opts   podnet.Options
		is     error
		source string // of the *podnet.Error in it; empty: there is none
		where  string
	}{
		{"canceled", canceled, empty, context.Canceled, "", ""},
		{"no root", t.Context(), podnet.Options{Root: filepath.Join(file, "x")}, nil, "", ""},
		{"missing root", t.Context(), podnet.Options{Root: file + "-missing"}, fs.ErrNotExist, "", ""},
		{"nothing to read", t.Context(), empty, podnet.ErrNoAnnotations, "downward-api", "/etc/podnetinfo/annotations"},
		{
			"nothing to read at the place given", t.Context(),
			podnet.Options{Root: empty.Root, Environ: []string{}, Podinfo: "/my/info"},
			podnet.ErrNoAnnotations, "downward-api", "/my/info/annotations",
		},
		{
			"strict", t.Context(), func() podnet.Options {
				o := podnettest.New(t, "-- podinfo/annotations --\nk8s.v1.cni.cncf.io/network-status=\"[]\"\nbad line\n").Options()
				o.Strict = true
				return o
			}(), podnet.ErrNoNetworks, "annotation", "k8s.v1.cni.cncf.io/network-status",
		},
		{
			"strict, unreadable", t.Context(), func() podnet.Options {
				s := podnettest.New(t, "-- environ --\nPCIDEVICE_A=0000:3b:02.6\n-- symlinks --\n/etc/podnetinfo/annotations -> annotations\n")
				o := s.Options()
				o.Strict = true
				return o
			}(), nil, "downward-api", "/etc/podnetinfo/annotations",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pod, err := podnet.Discover(tt.ctx, tt.opts)
			if err == nil || pod != nil {
				t.Fatalf("Discover = %v, %v, want an error alone", pod, err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v is not %v", err, tt.is)
			}
			var place *podnet.Error
			if errors.As(err, &place) != (tt.source != "") {
				t.Fatalf("error is %#v", err)
			}
			if place != nil && (place.Source != tt.source || place.Where != tt.where || place.Err == nil) {
				t.Errorf("error is of %s %s, want %s %s", place.Source, place.Where, tt.source, tt.where)
			}
		})
	}
}

// TestStrictReportsAll checks that each warning is in the error, by its place.
func TestStrictReportsAll(t *testing.T) {
	opts := podnettest.Load(t, "testdata/r10_type_error_mid_array.txtar").Options()
	opts.Environ = append(opts.Environ, "PCIDEVICE_B=what")
	pod, err := podnet.Discover(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	opts.Strict = true
	_, err = podnet.Discover(t.Context(), opts)
	if len(pod.Warnings) != 2 || err == nil {
		t.Fatalf("warnings are %v, error is %v", pod.Warnings, err)
	}
	for _, w := range pod.Warnings {
		if !strings.Contains(err.Error(), w.Where) || !strings.Contains(err.Error(), w.Message) {
			t.Errorf("error %q does not have the warning %v", err, w)
		}
	}
}

// TestPodinfo reads the volume at another place, which is inside the root.
func TestPodinfo(t *testing.T) {
	s := podnettest.New(t, `
-- /my/info/annotations --
k8s.v1.cni.cncf.io/network-status="[{\"name\":\"a\",\"interface\":\"net1\"}]"
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name":"b","interface":"net2"}]
`)
	opts := s.Options()
	opts.Podinfo = "/my/info"
	pod, err := podnet.Discover(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(pod.Interfaces) != 1 || pod.Interfaces[0].Name != "net1" {
		t.Errorf("interfaces are %+v, want net1", pod.Interfaces)
	}
}

// TestRealRoot looks at the machine that the test runs on, whose only certain
// property is that this process runs on some CPU of it.
func TestRealRoot(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skipf("no /proc, as on other systems than Linux: %v", err)
	}
	pod, err := podnet.Discover(t.Context(), podnet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if pod.CPUs == nil || pod.CPUs.Allowed.IsEmpty() {
		t.Errorf("CPUs are %v", pod.CPUs)
	}
}

func TestHugepageRequest(t *testing.T) {
	pod, err := podnet.Discover(t.Context(), podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name":"a","interface":"eth0","default":true}]
-- podinfo/hugepages_1G_request_app --
2048
-- podinfo/hugepages_1G_request_other --
1024
-- environ --
CONTAINER_NAME=app
`).Options())
	if err != nil {
		t.Fatal(err)
	}
	if h := pod.Hugepages; len(h) != 1 || h[0].Size != "1Gi" || h[0].RequestBytes == nil || *h[0].RequestBytes != 2<<30 {
		t.Errorf("hugepages are %+v, want a request of 2 GiB", h)
	}
}
