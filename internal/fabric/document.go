package fabric

import (
	"cmp"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// document says what came of the run: of every flow of the schedule, figures or a reason.
func (r *run) document(complete bool) result.Fabric {
	now := time.Now()
	rounds := r.config.RoundCount()
	doc := result.Fabric{
		Schema: result.FabricSchema, Started: r.head.Started, Ended: &now, Complete: complete,
		Settings: result.FabricSettings{
			Version: r.Version, Nodes: r.config.Nodes, Mode: r.config.Mode, Rails: r.config.Rails, RailCount: r.head.Rails,
			Rate: r.config.Load.Rate, NDR: r.config.Load.NDR, Frame: r.config.Load.Mix.Frame(),
			TrialSeconds: r.config.Load.Trial.Seconds(), WarmupSeconds: r.config.Load.Warmup.Seconds(),
		},
		Rounds: result.FabricRounds{Planned: rounds, Done: r.done, Makeup: r.makeups, MakeupLimit: makeupRounds(rounds), PlannedSeconds: r.plan().Seconds, Resumed: r.resumed},
		Nodes:  r.roster.nodes(false),
	}
	doc.Pairs = r.allRows(doc.Nodes)
	if !r.head.Rounds.IsZero() {
		doc.Rounds.Started = &r.head.Rounds
	}
	return doc.Judged()
}

// plan is what the run was to do, with the rails that the pods have.
func (r *run) plan() Plan {
	c := r.config
	c.RailCount = r.head.Rails
	p, _ := NewPlan(c, r.timing) // the configuration was checked when the run began
	return p
}

// allRows are all flows of the schedule, in the document's order.
func (r *run) allRows(nodes []result.FabricNode) []result.FabricPair {
	rows := make([]result.FabricPair, 0, len(r.rows))
	r.config.flows(r.head.Rails, func(f Flow) {
		at, tried := r.index[f]
		if !tried {
			rows = append(rows, result.FabricPair{
				From: f.From, To: f.To, FromRail: f.Lane.From, ToRail: f.Lane.To,
				Missing: &result.FabricMissing{Code: result.FabricStopped, Text: "the run ended before the pair's turn"},
			})
			return
		}
		row := r.rows[at]
		row.Missing = late(row.Missing, nodes)
		rows = append(rows, row)
	})
	slices.SortFunc(rows, func(a, b result.FabricPair) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.FromRail, b.FromRail), cmp.Compare(a.ToRail, b.ToRail))
	})
	return rows
}

// late is the reason of a pod that was absent, and came after all.
func late(m *result.FabricMissing, nodes []result.FabricNode) *result.FabricMissing {
	if m == nil || m.Code != result.FabricAbsent || m.Node == nil || *m.Node < 0 || *m.Node >= len(nodes) {
		return m
	}
	node := nodes[*m.Node]
	if node.Joined == nil {
		return m
	}
	return missing(result.FabricLate, Pod{Index: node.Index, Node: node.Name, Pod: node.Pod}, "came after the pair's round")
}
