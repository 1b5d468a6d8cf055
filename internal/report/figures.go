package report

import (
	"fmt"

	"github.com/podnet/podnet/internal/result"
)

// figure is one finding of a measurement, in words and in numbers.
type figure struct {
	Name, Text string
	Values     []value
}

// value is a number of a figure, or a word. Its key is for programs; the name of a
// goal in it is the user's, and may hold anything.
type value struct{ Key, Text string }

// figures are the main figures of a measurement.
func figures(m result.Measurement) (list []figure) {
	for _, g := range m.Goals {
		text, mpps := "none: "+note(g), 0.0
		if g.Lower != nil {
			mpps = g.Lower.Mpps
			text = inPackets(g.Lower.Mpps) + ", " + inBits(g.Lower.GbpsL1) + " at L1"
			if n := note(g); n != "" {
				text += ", " + n
			}
		}
		rate, status := goalKeys(g.Name)
		list = append(list, figure{g.Name, text, []value{{rate, float(mpps)}, {status, g.Status}}})
	}
	for _, l := range m.Latency {
		text := "nothing came back"
		if l.RTT != nil {
			text = latencyText(l.RTT)
			if s := l.ScheduledRTT; s != nil {
				text += "; by the schedule " + latencyText(s)
			}
		}
		if remark := verdictOf(l.Limited); remark != "" {
			text += ", " + remark
		}
		list = append(list, figure{
			"round trip at " + l.Load, text, atPercent(atLoad, l.Fraction, rated(l.Rate.Mpps, l.Loss, l.RTT)),
		})
	}
	for _, s := range m.Steps {
		text := fmt.Sprintf("%.4g %% at %s", 100*s.LossRatio, inPackets(s.Rate.Mpps))
		if remark := verdictOf(s.Limited); remark != "" {
			text += ", " + remark
		}
		list = append(list, figure{
			fmt.Sprintf("loss at %.4g %%", 100*s.Fraction), text,
			atPercent(atStep, s.Fraction, rated(s.Rate.Mpps, s.LossRatio, nil)),
		})
	}
	if b := m.Burst; b != nil {
		list = append(list, figure{"burst", tenths(b.Frames) + " frames without loss", []value{{keyBurst, float(b.Frames)}}})
	}
	if len(list) == 0 && len(m.Trials) > 0 {
		t := m.Trials[len(m.Trials)-1]
		list = append(list, figure{
			"received",
			fmt.Sprintf("%s, %s at L1, lost %d (%.4g %%)", inPackets(t.Received.Mpps), inBits(t.Received.GbpsL1), t.Lost, 100*t.LossRatio),
			rated(t.Received.Mpps, t.LossRatio, t.RTT),
		})
	}
	if len(list) == 0 {
		list = append(list, figure{Name: "measurement", Text: "nothing was measured"})
	}
	return list
}

// latencyText sums up a distribution, with the percentiles that have enough packets.
func latencyText(r *result.RTT) (text string) {
	if p50, ok := r.At(50); ok {
		text = "median " + tenths(p50) + " us, "
	}
	if p999, ok := r.At(99.9); ok {
		text += "99.9 % " + tenths(p999) + " us, "
	}
	return text + "most " + tenths(r.MaxUs) + " us"
}

// rated are the values at a rate. They include the round-trip time's percentiles that
// were measured.
func rated(mpps, loss float64, rtt *result.RTT) []value {
	list := []value{{keyMpps, float(mpps)}, {keyLoss, float(loss)}}
	for _, p := range []float64{50, 99} {
		if us, ok := rtt.At(p); ok {
			list = append(list, value{rttKey(p), float(us)})
		}
	}
	return list
}

// atPercent puts the part of a rate in front of the keys, such as load.90.
func atPercent(of string, fraction float64, values []value) []value {
	for i := range values {
		values[i].Key = partKey(of, fraction, values[i].Key)
	}
	return values
}
