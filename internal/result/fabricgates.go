package result

import "fmt"

// fabricGate is a threshold for each pair of two rails.
type fabricGate struct {
	flag   string
	limit  float64
	figure func(FabricPair) (float64, bool)
	least  bool // the limit is the least that a figure may be; else the most
	said   func(v float64) string
	beside string // what the limit is beside a figure
}

// fabricGates are the thresholds that were asked for, in the rails' median of so many Mpps.
func (s FabricSettings) fabricGates(median float64) (list []fabricGate) {
	if v := s.MinFractionOfMedian; v != nil {
		list = append(list, fabricGate{"--min-fraction-of-median", *v * median, FabricPair.Mpps, true, RateText, fmt.Sprintf(", %.4g of the median", *v)})
	}
	if v := s.MinMpps; v != nil {
		list = append(list, fabricGate{"--min-mpps", *v, FabricPair.Mpps, true, RateText, ""})
	}
	if v := s.MaxLoss; v != nil {
		list = append(list, fabricGate{"--max-loss", *v, FabricPair.Loss, false, func(v float64) string { return fmt.Sprintf("a loss of %.4g", v) }, ""})
	}
	if v := s.MaxP99Us; v != nil {
		p99 := func(p FabricPair) (float64, bool) { return p.RTTUs(99) }
		list = append(list, fabricGate{"--max-p99", *v, p99, false, func(v float64) string { return fmt.Sprintf("%.4g us", v) }, " for 99 % of the round trips"})
	}
	return list
}

// Thresholds are those that were asked for, in words.
func (s FabricSettings) Thresholds() (list []string) {
	add := func(v *float64, format string) {
		if v != nil {
			list = append(list, fmt.Sprintf(format, *v))
		}
	}
	add(s.MinFractionOfMedian, "each pair at least %.4g of the median")
	if v := s.MinMpps; v != nil {
		list = append(list, "each pair at least "+RateText(*v))
	}
	add(s.MaxLoss, "each pair a loss of at most %.4g")
	add(s.MaxP99Us, "each pair 99 %% of the round trips within %.4g us")
	return list
}

// missed says which thresholds were not met, a line for each threshold and two rails. A
// pair that is not valid is no answer, so it neither meets nor misses one; a valid one
// without the figure has not met it.
func (f Fabric) missed() (failed []string) {
	medians, labels := f.Medians(), f.Labels()
	for _, r := range f.byRails() {
		for _, g := range f.Settings.fabricGates(medians[r.rails]) {
			if text := g.missed(r.pairs, labels); text != "" {
				failed = append(failed, fmt.Sprintf("%s: %s", r.rails, text))
			}
		}
	}
	return failed
}

func (g fabricGate) missed(pairs []*FabricPair, labels []string) string {
	valid, missed, unknown := 0, 0, 0
	var worst *FabricPair
	var figure float64
	for _, p := range pairs {
		if !p.Measured() || !p.Valid {
			continue
		}
		valid++
		v, ok := g.figure(*p)
		switch {
		case !ok:
			unknown++
		case g.least && v < g.limit, !g.least && v > g.limit:
			if missed++; worst == nil || g.least == (v < figure) {
				worst, figure = p, v
			}
		}
	}
	text, sep := "", ""
	if missed > 0 {
		side := "above"
		if g.least {
			side = "below"
		}
		text = fmt.Sprintf("%d of %d pairs are %s %s%s (%s); the worst is %s -> %s with %s",
			missed, valid, side, g.said(g.limit), g.beside, g.flag, labels[worst.From], labels[worst.To], g.said(figure))
		sep = "; "
	}
	if unknown > 0 {
		text += fmt.Sprintf("%s%d of %d pairs do not have the figure that %s asks for: too few packets came back", sep, unknown, valid, g.flag)
	}
	return text
}
