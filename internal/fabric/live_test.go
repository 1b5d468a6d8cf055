package fabric

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// A run that goes on shows the pairs that have had their turn, and the nodes as they are.
func TestSoFar(t *testing.T) {
	const nodes, rails, dead = 8, 2, 3
	synctest.Test(t, func(t *testing.T) {
		shown := 0
		doc := simulate(t, pairs(nodes), rails, func(s *trial) {
			s.progress = func(c *Coordinator, p Progress) {
				looked := false
				c.SoFar(func(doc result.Fabric, planned int) {
					looked = true
					shown = len(doc.Pairs)
					want := min(p.Round, nodes-1) * nodes * rails // makeup rounds add none
					if shown != want || planned != nodes*(nodes-1)*rails || len(doc.Nodes) != nodes || doc.Settings.RailCount != rails {
						t.Errorf("after round %d there are %d pairs of %d, want %d of %d; %d nodes, %+v", p.Round, shown, planned, want, nodes*(nodes-1)*rails, len(doc.Nodes), doc.Settings)
					}
				})
				if looked != (p.Round > 0) {
					t.Errorf("after round %d there is something to show: %v", p.Round, looked)
				}
				if p.Round == 2 {
					time.AfterFunc(500*time.Millisecond, func() { s.kill(dead) })
				}
			}
		})
		if shown != len(doc.Pairs) || doc.Valid {
			t.Errorf("%d pairs were shown at last, and the document has %d, valid %v", shown, len(doc.Pairs), doc.Valid)
		}
	})
	new(Coordinator).SoFar(func(result.Fabric, int) { t.Error("a run that has not begun shows something") })
}
