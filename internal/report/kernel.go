package report

import (
	"fmt"
	"math"

	"github.com/podnet/podnet/internal/result"
)

// baselineName says which way the datagrams went.
func baselineName(k result.KernelBaseline) string {
	if k.Interface == "" {
		return "kernel path"
	}
	return "kernel path over " + k.Interface
}

// baselineLine gives the baseline's figures in a line.
func baselineLine(k result.KernelBaseline) string {
	text := fmt.Sprintf("%s to %s, %d-byte frames: %s Mpps, %.4g %% lost", baselineName(k), k.Peer, k.FrameBytes, result.Decimals(k.Mpps, 4), 100*k.LossRatio)
	if p50, ok := k.RTT.At(50); ok {
		p99, _ := k.RTT.At(99)
		text += fmt.Sprintf(", round trip 50 %% %s us, 99 %% %s us", tenths(p50), tenths(p99))
	}
	if k.Fragmented() {
		text += fmt.Sprintf(", in fragments (MTU %d)", k.MTU)
	}
	return text
}

// against compares a measurement with the kernel's baseline.
func against(m result.Measurement, k *result.KernelBaseline) figure {
	f := figure{
		Name: baselineName(*k), Text: result.Decimals(k.Mpps, 4) + " Mpps",
		Values: []value{{keyKernelMpps, float(k.Mpps)}, {keyKernelLoss, float(k.LossRatio)}},
	}
	if math.Round(m.Frame.Bytes) != float64(k.FrameBytes) {
		f.Text += fmt.Sprintf(" of %d-byte frames", k.FrameBytes)
	}
	if times, ok := m.Gain(k); ok {
		mpps, name, _ := m.Carried()
		f.Text += fmt.Sprintf("; fast path%s: %s Mpps, %s times", name, result.Decimals(mpps, 4), factor(times))
		f.Values = append(f.Values, value{keyKernelGain, float(times)})
	}
	return f
}

// compared are the figures of a measurement, and the kernel's.
func compared(r result.Result, m result.Measurement) []figure {
	list := figures(m)
	if k := r.Kernel(m.Frame.Name); k != nil {
		list = append(list, against(m, k))
	}
	return list
}

// gain says how many times the kernel's rate the fast path carries, if that is known.
func (p *printer) gain(m result.Measurement, k *result.KernelBaseline) {
	if _, ok := m.Gain(k); ok {
		f := against(m, k)
		p.line("")
		p.text("%s: %s", f.Name, f.Text)
	}
}

// factor is how many times something is.
func factor(times float64) string {
	if times >= 10 {
		return result.Decimals(times, 0)
	}
	return fmt.Sprintf("%.2g", times)
}

// kernelGrid has the kernel's baseline, and the fast path beside it.
func kernelGrid(r result.Result) grid {
	g := grid{Caption: "UDP through the kernel", Text: 3, Head: []string{
		"frames", "interface", "to", "bytes", "Mpps", "lost", "50 % µs", "99 % µs", "fast path Mpps", "times", "remarks",
	}}
	for _, m := range r.Measurements {
		k := r.Kernel(m.Frame.Name)
		if k == nil {
			continue
		}
		name := frameName(m.Frame)
		if m.Repeat > 1 {
			name += fmt.Sprintf(" (%d)", m.Repeat)
		}
		row := []string{name, k.Interface, k.Peer, fmt.Sprint(k.FrameBytes), fixed(k.Mpps), percent(k.LossRatio), "", "", "", "", ""}
		if p50, ok := k.RTT.At(50); ok {
			p99, _ := k.RTT.At(99)
			row[6], row[7] = tenths(p50), tenths(p99)
		}
		if times, ok := m.Gain(k); ok {
			mpps, _, _ := m.Carried()
			row[8], row[9] = fixed(mpps), factor(times)
		}
		if k.Fragmented() {
			row[10] = fmt.Sprintf("in fragments (MTU %d)", k.MTU)
		}
		g.add(row...)
	}
	return g
}
