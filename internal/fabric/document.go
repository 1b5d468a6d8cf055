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
		Settings: r.settings(),
		Rounds:   result.FabricRounds{Planned: rounds, Done: r.done, Makeup: r.makeups, MakeupLimit: makeupRounds(rounds), PlannedSeconds: r.plan().Seconds, Resumed: r.resumed},
		Nodes:    r.roster.nodes(false),
	}
	doc.Pairs = r.allRows(doc.Nodes)
	if !r.head.Rounds.IsZero() {
		doc.Rounds.Started = &r.head.Rounds
	}
	return doc.Judged()
}

// settings are what the run measures, with the rails that the pods have.
func (r *run) settings() result.FabricSettings {
	load := r.config.Load
	return result.FabricSettings{
		Version: r.Version, Nodes: r.config.Nodes, Mode: r.config.Mode, Rails: r.config.Rails, RailCount: r.head.Rails,
		Rate: load.Rate, NDR: load.NDR, Frame: load.Mix.Frame(),
		TrialSeconds: load.Trial.Seconds(), WarmupSeconds: load.Warmup.Seconds(),
	}
}

// SoFar shows what a run that goes on has come to: its settings, the nodes as they are now,
// and the pairs that have had their turn, of so many that are planned. There is nothing to
// show before the first round. Look may be called from any goroutine, and must not keep the
// pairs: the run waits meanwhile.
func (c *Coordinator) SoFar(look func(doc result.Fabric, planned int)) {
	r := c.current.Load()
	if r == nil {
		return
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.head.Rails == 0 {
		return
	}
	look(result.Fabric{
		Schema: result.FabricSchema, Started: r.head.Started, Settings: r.settings(), Nodes: r.roster.nodes(false), Pairs: r.rows,
	}, r.config.measurements(r.head.Rails))
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
