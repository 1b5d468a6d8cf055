package dra

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

func tree(t *testing.T, files map[string]string) (rootfs.FS, string) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root, dir
}

// split gives the devices, and "place code" for each problem, and holds that all
// have an origin.
func split(t *testing.T, facts []fact.Fact) (devices []fact.ClaimedDevice, problems []string) {
	t.Helper()
	for _, f := range facts {
		if from := f.From(); from.Source == "" || from.Where == "" {
			t.Errorf("%+v has no origin", f)
		}
		switch f := f.(type) {
		case fact.ClaimedDevice:
			devices = append(devices, f)
		case fact.Problem:
			problems = append(problems, fmt.Sprint(f.Where, " ", f.Code))
		case fact.LostNetworks:
			if !slices.ContainsFunc(facts, func(other fact.Fact) bool {
				p, ok := other.(fact.Problem)
				return ok && p.Origin == f.Origin
			}) {
				t.Errorf("networks are lost at %s, and nobody says why", f.Where)
			}
		default:
			t.Errorf("%T is not expected", f)
		}
	}
	return devices, problems
}

func addr(t *testing.T, s string) pciaddr.Address {
	t.Helper()
	a, err := pciaddr.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var equal = cmp.Options{
	cmp.Comparer(func(a, b pciaddr.Address) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

const (
	realDir = "var/run/kubernetes.io/dra-device-attributes/"
	textDir = "var/run/dra-device-attributes/"
)

// object is one object of a metadata file, of one request with these devices.
func object(version, devices string) string {
	return `{"kind":"DeviceMetadata","apiVersion":"metadata.resource.k8s.io/` + version + `",` +
		`"metadata":{"name":"c1","generation":2},"requests":[{"name":"vf","devices":[` + devices + `]}]}` + "\n"
}

const sriov = `{"driver":"sriovnetwork.k8snetworkplumbingwg.io","pool":"node1","name":"0000-05-10-2","attributes":{
	"resource.kubernetes.io/pciBusID":{"string":"0000:05:10.2"},"sriovnetwork.k8snetworkplumbingwg.io/vfID":{"int":2},
	"sriovnetwork.k8snetworkplumbingwg.io/pfPciAddress":{"string":"0000:05:00.0"},
	"k8s.cni.cncf.io/resourceName":{"string":"vendor.com/vf-a"}},
	"networkData":{"interfaceName":"vfnet0","ips":["10.1.2.3/24","fd00::1"],"hardwareAddress":"02:00:00:00:00:0A"}}`

func TestMetadata(t *testing.T) {
	const name = realDir + "resourceclaims/claim/vf/sriovnetwork.k8snetworkplumbingwg.io-metadata.json"
	root, _ := tree(t, map[string]string{name: object("v1alpha1", sriov)})
	got, problems := split(t, Read(root, nil))
	want := []fact.ClaimedDevice{{
		Origin:      fact.Origin{Source: fact.File, Where: "/" + name + "#requests[0].devices[0]"},
		Claim:       "c1/vf",
		Driver:      sriovDriver,
		ID:          "0000-05-10-2",
		Address:     addr(t, "0000:05:10.2"),
		PF:          addr(t, "0000:05:00.0"),
		Resource:    "VENDOR_COM_VF-A",
		Interface:   "vfnet0",
		InterfaceAt: fact.Origin{Source: fact.File, Where: "/" + name + "#requests[0].devices[0].networkData.interfaceName"},
		VFIndex:     new(2),
		VFIndexAt:   fact.Origin{Source: fact.File, Where: "/" + name + "#requests[0].devices[0].attributes[sriovnetwork.k8snetworkplumbingwg.io/vfID]"},
		MAC:         "02:00:00:00:00:0a",
		MACAt:       fact.Origin{Source: fact.File, Where: "/" + name + "#requests[0].devices[0].networkData.hardwareAddress"},
		IPsAt:       fact.Origin{Source: fact.File, Where: "/" + name + "#requests[0].devices[0].networkData.ips"},
		IPs:         []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("fd00::1")},
	}}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	if problems != nil {
		t.Errorf("problems: %q", problems)
	}
}

func TestMetadataPlaces(t *testing.T) {
	device := func(bdf string) string {
		return object("v1", `{"driver":"d","name":"x","attributes":{"resource.k8s.io/pciBusID":{"string":"`+bdf+`"}}}`)
	}
	root, _ := tree(t, map[string]string{
		realDir + "resourceclaims/a/r/d-metadata.json":         device("0000:01:00.0"),
		realDir + "resourceclaimtemplates/b/r/d-metadata.json": device("0000:02:00.0"),
		textDir + "c/r/d-metadata.json":                        device("0000:03:00.0"),
		textDir + "d/r/d-metadata.json":                        device("0000:03:00.0"), // the same
		textDir + "e/r/notes.json":                             "no",
		textDir + "e/..r/d-metadata.json":                      "no",
		textDir + "e/file":                                     "no",
	})
	got, problems := split(t, Read(root, nil))
	var places []string
	for _, d := range got {
		places = append(places, d.Where+" "+d.Address.String())
	}
	if diff := cmp.Diff([]string{
		"/" + realDir + "resourceclaims/a/r/d-metadata.json#requests[0].devices[0] 0000:01:00.0",
		"/" + realDir + "resourceclaimtemplates/b/r/d-metadata.json#requests[0].devices[0] 0000:02:00.0",
		"/" + textDir + "c/r/d-metadata.json#requests[0].devices[0] 0000:03:00.0",
	}, places); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	if problems != nil {
		t.Errorf("problems: %q", problems)
	}
}

func TestMetadataDevices(t *testing.T) {
	const (
		at  = "/" + textDir + "c/r/d-metadata.json#requests[0].devices[0]"
		cni = `"k8s.cni.cncf.io/deviceID"`
		std = `"resource.kubernetes.io/pciBusID"`
	)
	for _, tt := range []struct {
		name, device string
		want         string // address, auxiliary name, PF, resource, interface, MAC, addresses
		problems     []string
	}{
		{"auxiliary", `{"attributes":{` + cni + `:{"string":"mlx5_core.sf.4"}}}`, " mlx5_core.sf.4     []", nil},
		{"CNI device ID", `{"attributes":{` + cni + `:{"string":" 05:10.2 "}}}`, "0000:05:10.2      []", nil},
		{"name of the SR-IOV driver", `{"driver":"` + sriovDriver + `","name":"0000-05-10-2"}`, "0000:05:10.2      []", nil},
		{"no name of it", `{"driver":"` + sriovDriver + `","name":"0000-05-10-9"}`, "", nil},
		{"name of another driver", `{"driver":"gpu.example.com","name":"0000-05-10-2"}`, "", nil},
		{"GPU", `{"driver":"gpu.example.com","name":"gpu-0","attributes":{"gpu.example.com/uuid":{"string":"x"},"a/b":{"bool":true}}}`, "", nil},
		{"version", `{"attributes":{` + std + `:{"version":"0000:05:10.2"}}}`, "0000:05:10.2      []", nil},
		{"another domain's attributes", `{"attributes":{` + std + `:{"string":"0000:05:10.2"},"x.com/resourceName":{"string":"b.c/d"},"x.com/pfPciAddress":{"string":"5:0"},"y.com/resourceName":{"string":"e"}}}`, "0000:05:10.2   B_C_D   []", []string{at + ".attributes[x.com/pfPciAddress] malformed"}},
		{
			"names of the proposal", `{"networkData":{"addresses":["10.0.0.1","10.0.0.1/8"],"hwAddress":"02-00-00-00-00-01"}}`,
			"     02:00:00:00:00:01 [10.0.0.1]", nil,
		},
		{"interface alone", `{"networkData":{"interfaceName":"net1"}}`, "    net1  []", nil},
		{"conflict", `{"attributes":{` + std + `:{"string":"0000:05:10.2"},` + cni + `:{"string":"0000:05:10.3"}}}`, "0000:05:10.2      []", []string{at + ".attributes[k8s.cni.cncf.io/deviceID] conflict"}},
		{"malformed", `{"attributes":{` + std + `:{"int":5},` + cni + `:{"string":"x"}}}`, "", []string{
			at + ".attributes[resource.kubernetes.io/pciBusID] malformed", at + ".attributes[k8s.cni.cncf.io/deviceID] malformed",
		}},
		{"empty", `{"attributes":{` + cni + `:{"string":""}},"networkData":null}`, "", nil},
		{"malformed network data", `{"networkData":{"interfaceName":"net1","ips":["x"],"hardwareAddress":"y"}}`, "    net1  []", []string{
			at + ".networkData.hardwareAddress malformed", at + ".networkData.ips[0] malformed",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root, _ := tree(t, map[string]string{textDir + "c/r/d-metadata.json": object("v1beta1", tt.device)})
			devices, problems := split(t, Read(root, nil))
			var got string
			for _, d := range devices {
				got += fmt.Sprintln(d.Address, d.Auxiliary, d.PF, d.Resource, d.Interface, d.MAC, d.IPs)
			}
			if got = strings.TrimSuffix(got, "\n"); got != tt.want {
				t.Errorf("devices are %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNetworkDataMembers has the members' names of the API and of the proposal.
func TestNetworkDataMembers(t *testing.T) {
	const at = "/" + textDir + "c/r/d-metadata.json#requests[0].devices[0].networkData"
	for data, want := range map[string][3]string{ // places of the MAC and the addresses, and the addresses
		`"ips":["10.0.0.1"],"hardwareAddress":"02:00:00:00:00:01"`:                                      {".hardwareAddress", ".ips", "[10.0.0.1]"},
		`"addresses":["10.0.0.1/8"],"hwAddress":"02:00:00:00:00:01"`:                                    {".hwAddress", ".addresses", "[10.0.0.1]"},
		`"ips":["x"],"addresses":["10.0.0.1"],"hardwareAddress":" ","hwAddress":"02:00:00:00:00:01"`:    {".hwAddress", ".addresses", "[10.0.0.1]"},
		`"ips":["10.0.0.2"],"addresses":["10.0.0.1","10.0.0.2"],"hwAddress":"x","interfaceName":"net1"`: {"", ".ips", "[10.0.0.2 10.0.0.1]"},
		`"interfaceName":"net1"`: {"", "", "[]"},
	} {
		root, _ := tree(t, map[string]string{textDir + "c/r/d-metadata.json": object("v1", `{"networkData":{`+data+`}}`)})
		devices, _ := split(t, Read(root, nil))
		if len(devices) != 1 {
			t.Errorf("%s: devices are %+v", data, devices)
			continue
		}
		d := devices[0]
		got := [3]string{strings.TrimPrefix(d.MACAt.Where, at), strings.TrimPrefix(d.IPsAt.Where, at), fmt.Sprint(d.IPs)}
		if got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}

func TestDecodeStream(t *testing.T) {
	good := object("v1alpha1", sriov)
	for in, want := range map[string]string{
		good:                              "",
		good + "{":                        "", // what is behind is not read
		object("v9", sriov) + good:        "",
		`{"kind":5}` + `[1]` + "7" + good: "",
		"":                                "empty",
		good[:40]:                         "unexpected EOF",
		object("v9", sriov) + "{":         "not a stream of JSON objects",
		object("v9", sriov):               "v9",
		`{"requests":{}}`:                 "requests",
		"{]":                              "invalid character",
	} {
		_, err := decodeStream([]byte(in))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: error %v, want %q", in, err, want)
		}
	}
}

// lost gives the places at which networks are lost.
func lost(facts []fact.Fact) (places []string) {
	for _, f := range facts {
		if f, ok := f.(fact.LostNetworks); ok {
			places = append(places, f.Where)
		}
	}
	return places
}

// TestMetadataLost has metadata that cannot be used: its devices may be any
// network's.
func TestMetadataLost(t *testing.T) {
	for content, want := range map[string]string{
		"":                  "not a stream of JSON objects: the file is empty",
		object("v9", sriov): `no metadata that can be read: kind "DeviceMetadata" of version "metadata.resource.k8s.io/v9" is not known`,
		strings.Repeat(" ", rootfs.MaxAnnotations+1): "file is too large: the limit is 4194304 bytes",
		object("v1", sriov):                          "",
		object("v1", `{"attributes":{"k8s.cni.cncf.io/deviceID":{"string":"x"}}}`): `"x" is not a PCI address`,
	} {
		const file = "/" + textDir + "c/r/d-metadata.json"
		root, _ := tree(t, map[string]string{file: content})
		var message string
		places := []string{}
		facts := Read(root, nil)
		for _, f := range facts {
			if p, ok := f.(fact.Problem); ok {
				message = p.Err.Error()
				if p.Where == file {
					places = append(places, p.Where)
				}
			}
		}
		if message != want {
			t.Errorf("%.60q: %q, want %q", content, message, want)
		}
		if diff := cmp.Diff(places, lost(facts), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%.60q: lost (-want +got):\n%s", content, diff)
		}
	}
}

func TestMetadataCutOff(t *testing.T) {
	const name = textDir + "c/r/d-metadata.json"
	root, dir := tree(t, map[string]string{name: "{", textDir + "c/s/d-metadata.json": object("v1", sriov)})
	devices, problems := split(t, Read(root, nil))
	if len(devices) != 1 {
		t.Errorf("devices: %+v", devices)
	}
	if diff := cmp.Diff([]string{"/" + name + " malformed"}, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/" + name}, lost(Read(root, nil))); diff != "" {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
	// The driver completes the file a moment later.
	root, dir = tree(t, map[string]string{name: "{"})
	timer := time.AfterFunc(3*time.Millisecond, func() {
		_ = os.WriteFile(filepath.Join(dir, name), []byte(object("v1", sriov)), 0o600)
	})
	defer timer.Stop()
	if devices, problems = split(t, Read(root, nil)); len(devices) != 1 || problems != nil {
		t.Errorf("of a file that is being written: %v, %v", devices, problems)
	}
}

func TestMetadataLimits(t *testing.T) {
	files := map[string]string{}
	for n := range maxFiles + 1 {
		files[textDir+"c/r/d"+strconv.Itoa(1000+n)+"-metadata.json"] = object("v1", strings.Replace(sriov, "node1", "x", 1))
	}
	root, _ := tree(t, files)
	devices, problems := split(t, Read(root, nil))
	if len(devices) != 1 || len(problems) != 1 || problems[0] != "/"+textDir+"c/r/d1256-metadata.json unreadable" {
		t.Errorf("of too many files: %d devices, %q", len(devices), problems)
	}
	if got := lost(Read(root, nil)); len(got) != 1 {
		t.Errorf("of too many files: lost at %q", got)
	}

	files = map[string]string{}
	for n := range maxDirs {
		files[textDir+"c"+strconv.Itoa(1000+n)+"/r/x"] = ""
	}
	root, _ = tree(t, files)
	if _, problems := split(t, Read(root, nil)); len(problems) != 1 || !strings.HasSuffix(problems[0], " unreadable") {
		t.Errorf("of too many directories: %q", problems)
	}

	root, _ = tree(t, map[string]string{textDir + "c/r/d-metadata.json": strings.Repeat(" ", rootfs.MaxAnnotations+1)})
	if _, problems := split(t, Read(root, nil)); len(problems) != 1 || !strings.HasSuffix(problems[0], " unreadable") {
		t.Errorf("of a file that is too large: %q", problems)
	}
}

func TestVariables(t *testing.T) {
	const (
		device = "SRIOVNETWORK_VF_DEVICE_0000_05_10_2=0000:05:10.2"
		second = "SRIOVNETWORK_VF_DEVICE_0000_05_10_3=0000:05:10.3"
	)
	env := func(where string) fact.Origin { return fact.Origin{Source: fact.Env, Where: where} }
	first := fact.ClaimedDevice{
		Origin: env("SRIOVNETWORK_VF_DEVICE_0000_05_10_2"), Driver: sriovDriver, ID: "0000-05-10-2", Address: addr(t, "0000:05:10.2"),
	}
	other := fact.ClaimedDevice{
		Origin: env("SRIOVNETWORK_VF_DEVICE_0000_05_10_3"), Driver: sriovDriver, ID: "0000-05-10-3", Address: addr(t, "0000:05:10.3"),
	}
	full := first
	full.NetworkName, full.NetworkNameAt = "nad", env("SRIOVNETWORK_NET_ATTACH_DEF_NAME")
	full.RDMA, full.RDMAAt = "mlx5_0", env("SRIOVNETWORK_0000_05_10_2_RDMA_DEVICE")
	full.CharDevices = []string{"/dev/vfio/7", "/dev/infiniband/uverbs0"}
	full.CharDevicesAt = env("SRIOVNETWORK_0000_05_10_2_VFIO_DEVICE")
	verbs := first
	verbs.CharDevices = []string{"/dev/infiniband/uverbs0"}
	verbs.CharDevicesAt = env("SRIOVNETWORK_0000_05_10_2_RDMA_UVERB")
	for _, tt := range []struct {
		name     string
		environ  []string
		want     []fact.ClaimedDevice
		problems []string
	}{
		{"none", []string{"PATH=/bin", "SRIOVNETWORK=1", "SRIOVNETWORK_X", "SRIOVNETWORK_VF_DEVICE_=1"}, nil, nil},
		{"one with all", []string{
			device, "SRIOVNETWORK_NET_ATTACH_DEF_NAME=nad", "SRIOVNETWORK_0000_05_10_2_VFIO_DEVICE=/dev/vfio/7",
			"SRIOVNETWORK_0000_05_10_2_RDMA_UVERB=/dev/infiniband/uverbs0", "SRIOVNETWORK_0000_05_10_2_RDMA_UMAD=/dev/infiniband/umad0",
			"SRIOVNETWORK_0000_05_10_2_RDMA_ISSM=/dev/infiniband/issm0", "SRIOVNETWORK_0000_05_10_2_RDMA_CM=/dev/infiniband/rdma_cm",
			"SRIOVNETWORK_0000_05_10_2_RDMA_DEVICE=mlx5_0", "SRIOVNETWORK_PCI_ADDRESSES=0000:05:10.2", "SRIOVNETWORK_OTHER=1",
		}, []fact.ClaimedDevice{full}, nil},
		{"verbs alone", []string{
			device, "SRIOVNETWORK_0000_05_10_2_RDMA_UVERB=/dev/infiniband/uverbs0", "SRIOVNETWORK_0000_05_10_2_RDMA_CM=x",
		}, []fact.ClaimedDevice{verbs}, nil},
		{"the network of two", []string{second, device, "SRIOVNETWORK_NET_ATTACH_DEF_NAME=nad"}, []fact.ClaimedDevice{first, other}, nil},
		{"another container's", []string{device, "SRIOVNETWORK_PCI_ADDRESSES=0000:05:10.2, 05:10.3,,0000:05:10.3,x"}, []fact.ClaimedDevice{
			first, {Origin: env("SRIOVNETWORK_PCI_ADDRESSES[1]"), Driver: sriovDriver, Address: addr(t, "0000:05:10.3"), PodWide: true},
		}, []string{"SRIOVNETWORK_PCI_ADDRESSES[3] malformed"}},
		{"not the pod's", []string{device, "SRIOVNETWORK_PCI_ADDRESSES=0000:05:10.3"}, []fact.ClaimedDevice{
			first, {Origin: env("SRIOVNETWORK_PCI_ADDRESSES[0]"), Driver: sriovDriver, Address: addr(t, "0000:05:10.3"), PodWide: true},
		}, []string{"SRIOVNETWORK_VF_DEVICE_0000_05_10_2 conflict"}},
		{"set twice", []string{device, device, "SRIOVNETWORK_VF_DEVICE_0000_05_10_2=0000:05:10.3", "SRIOVNETWORK_PCI_ADDRESSES="}, []fact.ClaimedDevice{first}, []string{"SRIOVNETWORK_VF_DEVICE_0000_05_10_2 conflict"}},
		{"malformed", []string{
			"SRIOVNETWORK_VF_DEVICE_a=x", "SRIOVNETWORK_a_VFIO_DEVICE=/dev/vfio/1", "SRIOVNETWORK_VF_DEVICE_b=", device,
			"SRIOVNETWORK_0000_05_10_2_VFIO_DEVICE=/etc/passwd", "SRIOVNETWORK_0000_05_10_2_RDMA_DEVICE=../x",
			"SRIOVNETWORK_b_RDMA_DEVICE=mlx5_0", "SRIOVNETWORK_c_RDMA_DEVICE=mlx5_0", "SRIOVNETWORK_d_RDMA_CM=/dev/x", "SRIOVNETWORK_e_VFIO_DEVICE=",
		}, []fact.ClaimedDevice{first}, []string{
			"SRIOVNETWORK_0000_05_10_2_VFIO_DEVICE malformed", "SRIOVNETWORK_0000_05_10_2_RDMA_DEVICE malformed",
			"SRIOVNETWORK_VF_DEVICE_a malformed", "SRIOVNETWORK_c_RDMA_DEVICE malformed", "SRIOVNETWORK_d_RDMA_CM malformed",
		}},
		{"of another release", []string{
			"SRIOVNETWORK_a_VHOST_NODE=/dev/vhost-net", "SRIOVNETWORK_PF=0000:05:00.0",
			"SRIOVNETWORK_WEBHOOK_SERVICE_HOST=10.0.0.1", "SRIOVNETWORK_WEBHOOK_PORT=tcp://10.0.0.1:443",
		}, nil, []string{"SRIOVNETWORK_PF unknown-variable", "SRIOVNETWORK_a_VHOST_NODE unknown-variable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := split(t, Parse(tt.environ))
			if diff := cmp.Diff(tt.want, got, equal); diff != "" {
				t.Errorf("devices (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// check holds what is true of every claimed device.
func check(t *testing.T, facts []fact.Fact) {
	t.Helper()
	devices, _ := split(t, facts)
	for _, d := range devices {
		if d.Address.IsZero() && d.Auxiliary == "" && d.Interface == "" && d.MAC == "" && len(d.IPs) == 0 {
			t.Errorf("%+v is no device", d)
		}
		if d.Auxiliary != "" && (!d.Address.IsZero() || !fact.IsAuxiliary(d.Auxiliary)) {
			t.Errorf("%+v is of two kinds", d)
		}
		for _, part := range []struct {
			said bool
			at   fact.Origin
		}{
			{d.MAC != "", d.MACAt},
			{len(d.IPs) > 0, d.IPsAt},
			{d.NetworkName != "", d.NetworkNameAt},
			{len(d.CharDevices) > 0, d.CharDevicesAt},
			{d.RDMA != "", d.RDMAAt},
		} {
			if part.said != (part.at != fact.Origin{}) || part.said && part.at.Source != d.Source {
				t.Errorf("%+v has something from nowhere, or nothing from somewhere", d)
			}
		}
		for _, node := range d.CharDevices {
			if !strings.HasPrefix(node, "/dev/") {
				t.Errorf("%+v has another file than a device node", d)
			}
		}
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(object("v9", "") + object("v1", sriov)))
	f.Add([]byte(object("v1", `{"attributes":{"k8s.cni.cncf.io/deviceID":{"string":"mlx5_core.sf.4"}}}`)))
	f.Add([]byte(object("v1", `{"driver":"sriovnetwork.k8snetworkplumbingwg.io","name":"0000-05-10-2","attributes":{`+
		`"sriovnetwork.k8snetworkplumbingwg.io/interfaceName":{"string":"net1"},"sriovnetwork.k8snetworkplumbingwg.io/vfID":{"int":3},`+
		`"sriovnetwork.k8snetworkplumbingwg.io/linkType":{"string":"infiniband"},"dra.net/numaNode":{"int":-1},`+
		`"sriovnetwork.k8snetworkplumbingwg.io/rdmaCapable":{"bool":true}}}`)))
	f.Add([]byte(`{"kind":`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeStream(data)
		if err != nil {
			return
		}
		if !versions[m.APIVersion] {
			t.Errorf("version %q was taken", m.APIVersion)
		}
		w := walker{}
		w.devices(m, "claim", fact.Origin{Source: fact.File, Where: "f"})
		check(t, w.facts)
	})
}

func FuzzVariables(f *testing.F) {
	f.Add("SRIOVNETWORK_VF_DEVICE_a=0000:05:10.2\x00SRIOVNETWORK_a_VFIO_DEVICE=/dev/vfio/1\x00SRIOVNETWORK_PCI_ADDRESSES=0000:05:10.2,x")
	f.Add("SRIOVNETWORK_VF_DEVICE_=\x00SRIOVNETWORK__RDMA_CM=x")
	f.Fuzz(func(t *testing.T, environ string) {
		list := strings.Split(environ, "\x00")
		facts := Parse(list)
		check(t, facts)
		for _, f := range facts {
			if !strings.HasPrefix(f.From().Where, prefix) || f.From().Source != fact.Env {
				t.Errorf("%+v is of another variable", f)
			}
		}
	})
}
