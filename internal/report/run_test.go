package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestRunTable(t *testing.T) {
	one := Interface{Name: "net1", MAC: "02:00:00:00:00:01", Counters: Counters{
		RxPackets: 1, RxBytes: 64, TxPackets: 2, TxBytes: 128, TxRefused: 3, RxMissed: 4, RxErrors: 5, RxNoMbuf: 6, TxErrors: 7,
	}}
	r := Run{
		Schema: RunSchema, Mode: "macswap", Seconds: 1.5, Interfaces: []Interface{one, one}, Total: one.Add(one.Counters),
		Faults: &Faults{Dropped: 1, Overflowed: 2, Duplicated: 3, Reordered: 4},
	}
	var b bytes.Buffer
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/run.txt", b.Bytes())
	if len(r.Interfaces) != 2 {
		t.Error("the table changed the result")
	}
}

func TestTargetOfMaximumIsNull(t *testing.T) {
	b, err := json.Marshal(NewTarget(0, 64))
	if err != nil || string(b) != `{"mpps":null,"gbpsL1":null,"gbpsL2":null}` {
		t.Errorf("%s, %v", b, err)
	}
}

func TestTrafficWithoutTime(t *testing.T) {
	if diff := cmp.Diff(Traffic{Packets: 3}, NewTraffic(3, 64, 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := NewTraffic(1e6, 64, 2*time.Second)
	if got.Mpps != 0.5 || got.GbpsL1 != 0.5e6*84*8/1e9 || got.GbpsL2 != 0.5e6*64*8/1e9 {
		t.Errorf("rates %+v", got)
	}
}
