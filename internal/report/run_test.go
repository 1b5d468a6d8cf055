package report

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
)

var update = flag.Bool("update", false, "write the golden files")

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
	one := result.Interface{Name: "net1", MAC: "02:00:00:00:00:01", Counters: result.Counters{
		RxPackets: 1, RxBytes: 64, TxPackets: 2, TxBytes: 128, TxRefused: 3, RxMissed: 4, RxErrors: 5, RxNoMbuf: 6, TxErrors: 7,
	}}
	r := result.Run{
		Schema: result.RunSchema, Mode: "macswap", Seconds: 1.5, Interfaces: []result.Interface{one, one}, Total: one.Add(one.Counters),
		Faults: &result.Faults{Dropped: 1, Overflowed: 2, Duplicated: 3, Reordered: 4},
	}
	var b bytes.Buffer
	if err := WriteRun(&b, r); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/run.txt", b.Bytes())
	if len(r.Interfaces) != 2 {
		t.Error("the table changed the result")
	}
}
