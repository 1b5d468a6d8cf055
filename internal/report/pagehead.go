package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/podnet/podnet/internal/result"
)

// Notes that explain the columns of the page's tables.
const (
	goalNote = "NDR (non-drop rate) is the highest rate at which no packet was lost, PDR (partial drop rate) the highest with at most " +
		"the loss shown. Conditional: what still came back in the worst trials that count. Lost more at: the lowest higher rate that failed. " +
		"Rates are of all directions together; L1 counts preamble and gap, L2 does not."
	timeNote = "From a packet's sending to its return. By the schedule: from when it should have been sent, so that a generator that " +
		"was late does not make the path look faster. 99 % is the time that 99 of 100 packets did not exceed."
	stepNote    = "The part of the offered packets that did not come back (RFC 2544, section 26.3)."
	burstNote   = "How many packets could follow one another at the highest rate without a loss (RFC 2544, section 26.4)."
	trafficNote = "Offered: what the schedule asked for. Received: what came back, each packet counted once. L1 counts preamble and gap, L2 does not."
)

// headline is the answer of a run: the figures of a single measurement, or the range of the
// first figure of several.
func headline(r result.Result) (list []fact) {
	var valid []result.Measurement
	for _, m := range r.Measurements {
		if m.Valid && m.Complete {
			valid = append(valid, m)
		}
	}
	switch {
	case len(valid) == 0:
		return nil
	case len(valid) == 1:
		const most = 4
		for _, f := range figures(valid[0]) {
			text, _, _ := strings.Cut(f.Text, "; ") // without the times by the schedule
			list = append(list, fact{f.Name + ", " + frameName(valid[0].Frame), text})
		}
		return list[:min(len(list), most)]
	}
	name := ""
	type rate struct {
		mpps float64
		m    result.Measurement
	}
	var rates []rate
	for _, m := range valid {
		if mpps, what, ok := m.Headline(); ok && m.Latency == nil && m.Steps == nil && m.Burst == nil {
			name, rates = cmp.Or(name, what), append(rates, rate{mpps, m})
		}
	}
	if len(rates) == 0 {
		return nil
	}
	byRate := func(a, b rate) int { return cmp.Compare(a.mpps, b.mpps) }
	least, most := slices.MinFunc(rates, byRate), slices.MaxFunc(rates, byRate)
	unit := packetUnit(most.mpps)
	text := fmt.Sprintf("%.4g to %.4g %s", least.mpps/unit.size, most.mpps/unit.size, unit.name)
	if least.mpps == most.mpps {
		text = fmt.Sprintf("%.4g %s", most.mpps/unit.size, unit.name)
	}
	return []fact{{fmt.Sprintf("%s, from %s to %s, in %d of %d measurements", name, frameName(least.m.Frame), frameName(most.m.Frame), len(rates), len(r.Measurements)), text}}
}
