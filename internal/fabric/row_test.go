package fabric

import (
	"testing"

	"github.com/podnet/podnet/internal/result"
)

// A pair whose receiver was the limit says nothing of the path, and whose end it was.
func TestFillReceiverLimits(t *testing.T) {
	arrived := uint64(5)
	var row result.FabricPair
	fill(&row, Generated{Offered: 10, Sent: 10, Seconds: 1, Valid: true},
		Reflected{Arrived: &arrived, Limits: []result.Limit{{Code: result.OwnDrops, Text: "net1 dropped 5"}}}, Task{Load: load(1)})
	if row.Valid || row.Reason != "at the receiver: net1 dropped 5" || len(row.Limits) != 1 || row.Limits[0].Code != result.OwnDrops {
		t.Errorf("%+v, want it not to be valid for the receiver", row)
	}
}
