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

func testResult() Result {
	return Result{
		Schema: ResultSchema, TX: "net1", RX: "net2", FrameBytes: 64, WarmupSeconds: 1, Seconds: 10,
		Requested: NewTarget(1e6, 64),
		Sent:      NewTraffic(9_990_000, 64, 10*time.Second),
		Received:  NewTraffic(9_980_000, 64, 10*time.Second),
		Lost:      20_000, LossRatio: 0.002, TxRefused: 10_000,
		Valid: false, Reason: "an example",
		Interfaces: []Interface{{Name: "net1", Port: "net_memif_net1", MAC: "02:00:00:00:00:01", Counters: Counters{TxPackets: 9_990_000, TxRefused: 10_000}}},
		Lcores:     []Lcore{{Lcore: 1, CPU: 5, CPUSeconds: 9.9}},
		DPDK:       "22.11.11", Version: "v0.1.0",
	}
}

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

func TestResultTable(t *testing.T) {
	var b bytes.Buffer
	if err := testResult().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/result.txt", b.Bytes())
}

func TestResultJSON(t *testing.T) {
	b, err := json.MarshalIndent(testResult(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/result.json", append(b, '\n'))
}

func TestRunTable(t *testing.T) {
	one := Interface{Name: "net1", MAC: "02:00:00:00:00:01", Counters: Counters{
		RxPackets: 1, RxBytes: 64, TxPackets: 2, TxBytes: 128, TxRefused: 3, RxMissed: 4, RxErrors: 5, RxNoMbuf: 6, TxErrors: 7,
	}}
	r := Run{Schema: RunSchema, Mode: "macswap", Seconds: 1.5, Interfaces: []Interface{one, one}, Total: one.Add(one.Counters)}
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
}
