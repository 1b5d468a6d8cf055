package result

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// FabricCount is how many pairs there are of each kind.
type FabricCount struct {
	Planned, Measured, Valid, Missing int
}

// Count counts the pairs.
func (f Fabric) Count() (c FabricCount) {
	for _, p := range f.Pairs {
		c.Planned++
		switch {
		case !p.Measured():
			c.Missing++
		case p.Valid:
			c.Valid++
			fallthrough
		default:
			c.Measured++
		}
	}
	return c
}

// Judged returns the document with its verdict: whether the run is valid, why it is not
// complete or not valid, which thresholds it missed, and the outliers.
func (f Fabric) Judged() Fabric {
	c := f.Count()
	f.Valid = f.Complete && c.Valid == c.Planned && c.Planned > 0
	var reasons []string
	if !f.Complete {
		reasons = append(reasons, fmt.Sprintf("the run was stopped after %d of %d rounds", f.Rounds.Done, f.Rounds.Planned))
	}
	if c.Planned == 0 {
		reasons = append(reasons, "no pair was planned")
	}
	if c.Missing > 0 {
		reasons = append(reasons, fmt.Sprintf("%d of %d pairs have no figures: %s", c.Missing, c.Planned, strings.Join(f.WhyMissing(), "; ")))
	}
	if n := c.Measured - c.Valid; n > 0 {
		reason := fmt.Sprintf("%d of %d pairs are not valid", n, c.Planned)
		first := slices.IndexFunc(f.Pairs, func(p FabricPair) bool { return p.Measured() && !p.Valid && p.Reason != "" })
		if first >= 0 {
			reason += ", the first because " + f.Pairs[first].Reason
		}
		reasons = append(reasons, reason)
	}
	f.Reason = strings.Join(reasons, "; ")
	f.Failed, f.Outliers = f.missed(), f.outliers()
	return f
}

// WhyMissing says why pairs have no figures, a line for each reason and node that it is
// about, the most frequent first.
func (f Fabric) WhyMissing() (lines []string) {
	type why struct {
		code FabricCode
		node int
	}
	count := map[why]int{}
	for _, p := range f.Pairs {
		if p.Measured() {
			continue
		}
		w := why{"", -1}
		if p.Missing != nil {
			w.code = p.Missing.Code
			if p.Missing.Node != nil {
				w.node = *p.Missing.Node
			}
		}
		count[w]++
	}
	labels := f.Labels()
	keys := slices.SortedFunc(maps.Keys(count), func(a, b why) int {
		return cmp.Or(count[b]-count[a], a.node-b.node, strings.Compare(string(a.code), string(b.code)))
	})
	const most = 8
	for i, w := range keys {
		if i == most {
			return append(lines, fmt.Sprintf("and %d other reasons", len(keys)-most))
		}
		line := fmt.Sprintf("%d %s", count[w], cmp.Or(string(w.code), "without a reason"))
		if w.node >= 0 && w.node < len(labels) {
			line += " (" + labels[w.node] + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// Err is nil for a run that is complete and valid and met its thresholds. Otherwise it is
// ErrNotValid with the reason, or ErrBelow with a line per threshold.
func (f Fabric) Err() error {
	switch {
	case !f.Valid:
		return fmt.Errorf("%w: %s", ErrNotValid, f.Reason)
	case len(f.Failed) > 0:
		return belowError(strings.Join(f.Failed, "\n"))
	}
	return nil
}

// Verdict says in a few words what became of the run.
func (f Fabric) Verdict() string {
	if f.Complete && f.Valid && len(f.Failed) > 0 {
		return ErrBelow.Error()
	}
	return verdict(f.Complete, f.Valid)
}
