package parity

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/appnetutil"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// fillers have values, by name, for the fields that do not take every text.
var fillers = map[string]any{
	"IPs":          []string{"10.1.2.3", "fd00::1"},
	"Gateway":      []string{"10.1.2.1"},
	"Mac":          "02:00:00:00:00:01",
	"PciAddress":   "0000:3b:02.6",
	"PfPciAddress": "0000:3b:00.0",
	"Path":         "/run/device",
}

// details are the details of each type of device, with the values that are one
// of a few.
var details = map[string][]nadv1.DeviceInfo{
	nadv1.DeviceInfoTypePCI: {{Pci: &nadv1.PciDevice{}}},
	nadv1.DeviceInfoTypeVDPA: {
		{Vdpa: &nadv1.VdpaDevice{Driver: "vhost"}},
		{Vdpa: &nadv1.VdpaDevice{Driver: "virtio"}},
	},
	nadv1.DeviceInfoTypeVHostUser: {
		{VhostUser: &nadv1.VhostDevice{Mode: nadv1.VhostDeviceModeClient}},
		{VhostUser: &nadv1.VhostDevice{Mode: nadv1.VhostDeviceModeServer}},
	},
	nadv1.DeviceInfoTypeMemif: {
		{Memif: &nadv1.MemifDevice{Role: nadv1.MemifDeviceRoleMaster, Mode: nadv1.MemifDeviceModeEthernet}},
		{Memif: &nadv1.MemifDevice{Role: nadv1.MemitDeviceRoleSlave, Mode: nadv1.MemitDeviceModeIP}},
		{Memif: &nadv1.MemifDevice{Role: nadv1.MemitDeviceRoleSlave, Mode: nadv1.MemitDeviceModePunt}},
	},
}

// fill gives every empty field a value of its own. If the client library gets a new field,
// the test then fails, because nothing reads it.
func fill(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	if v.Kind() == reflect.Pointer {
		if !v.IsNil() { // another type's details stay away
			fill(t, v.Elem(), name)
		}
		return
	}
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
		return
	}
	if !v.IsZero() {
		return
	}
	if value, ok := fillers[name]; ok {
		v.Set(reflect.ValueOf(value))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("a " + name)
	case reflect.Int:
		v.SetInt(1500)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.ValueOf([]string{"one " + name, "two " + name}))
	default:
		t.Fatalf("%s is a %s, which this test does not fill", name, v.Type())
	}
}

// TestNetworkStatusRoundTrip lets the client library write each network status that its
// types can hold, and wants lib/appnetutil to return all of it. So lib/podnet's own types
// lack no field.
func TestNetworkStatusRoundTrip(t *testing.T) {
	for kind, infos := range details {
		for _, info := range infos {
			info.Type = kind
			want := nadv1.NetworkStatus{DeviceInfo: &info}
			fill(t, reflect.ValueOf(&want), "")
			text, err := json.Marshal([]nadv1.NetworkStatus{want})
			if err != nil {
				t.Fatal(err)
			}
			t.Run(kind, func(t *testing.T) {
				// The specification's name for the mode, which lib/podnet gives, is
				// not the client library's.
				if m := want.DeviceInfo.Memif; m != nil && m.Mode == nadv1.MemitDeviceModePunt {
					m.Mode = "inject-punt"
				}
				if diff := cmp.Diff(want, roundTrip(t, text)); diff != "" {
					t.Errorf("network-status %s (-want +got):\n%s", text, diff)
				}
			})
		}
	}
}

// roundTrip gives lib/appnetutil's answer for a pod with an annotation of one network.
func roundTrip(t *testing.T, text []byte) nadv1.NetworkStatus {
	t.Helper()
	pod := discover(t, "-- annotations/"+nadv1.NetworkStatusAnnot+" --\n"+string(text)+"\n")
	interfaces := appnetutil.Interfaces(pod).Interface
	if len(interfaces) != 1 {
		t.Fatalf("%d interfaces, not 1", len(interfaces))
	}
	return interfaces[0].NetworkStatus
}

// discover gives the pod that a scenario stands for.
func discover(t *testing.T, scenario string) *podnet.Pod {
	t.Helper()
	s, err := podnettest.Parse([]byte(scenario))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	pod, err := podnet.Discover(t.Context(), s.Options())
	if err != nil {
		t.Fatal(err)
	}
	return pod
}
