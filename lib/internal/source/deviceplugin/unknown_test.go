package deviceplugin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

func TestUnknown(t *testing.T) {
	got := map[string]int{}
	for _, f := range Unknown([]string{
		"NIC=0000:3b:02.6", "NICS=0000:3b:02.6, 0000:3b:02.7", "NICS=twice", "PCIDEVICE_A=0000:3b:02.6", "NF-DEV=0000:3b:02.6,",
		"SRIOVNETWORK_PCI_ADDRESSES=0000:3b:02.6", "ADDR=fd00::1:2", "TIME=2026:11:26", "SHORT=3b:02.6", "MIXED=0000:3b:02.6 x",
		"EMPTY=", "no variable", "LONG=0000:3b:02.6x",
		`JSON=["0000:3b:02.6","0000:3b:02.7"]`, `QUOTED="0000:3b:02.6"`, `OBJECT={"0000:3b:02.6":{}}`,
	}) {
		v := f.(fact.UnknownVariable) //nolint:forcetypeassert // there is no other fact
		got[v.Where] = len(v.Devices)
	}
	if diff := cmp.Diff(map[string]int{"NIC": 1, "NICS": 2, "JSON": 2, "QUOTED": 1}, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

// TestDPU reads the DPU operator's variable, which ends with a comma.
func TestDPU(t *testing.T) {
	var got []string
	for _, f := range Parse([]string{"NF-DEV=0000:04:00.5,0000:04:00.6,"}) {
		a := f.(fact.Allocation) //nolint:forcetypeassert // a problem is a failure
		got = append(got, a.Resource+" "+a.Address.String()+" "+a.Where)
	}
	want := []string{"OPENSHIFT_IO_DPU 0000:04:00.5 NF-DEV[0]", "OPENSHIFT_IO_DPU 0000:04:00.6 NF-DEV[1]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
}

// FuzzUnknown checks that a variable is only ever taken for a list of addresses.
func FuzzUnknown(f *testing.F) {
	f.Add("NIC", "0000:3b:02.6,0000:3b:02.7")
	f.Add("X", " 10000:3b:02.6;")
	f.Fuzz(func(t *testing.T, name, value string) {
		for _, got := range Unknown([]string{name + "=" + value}) {
			v, ok := got.(fact.UnknownVariable)
			if !ok || v.Where == "" && !strings.HasPrefix(name, "=") && name != "" || len(v.Devices) == 0 {
				t.Fatalf("%+v of %q=%q", got, name, value)
			}
		}
	})
}
