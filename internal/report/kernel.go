package report

import (
	"fmt"
	"math"
)

// KernelBaseline is what UDP through the kernel carried to a peer that sends it
// back, at one frame size: what the fast path is compared with.
type KernelBaseline struct {
	Peer       string  `json:"peer"`                // address and port that was measured to, as 10.0.0.5:7000
	Interface  string  `json:"interface,omitempty"` // that the kernel sent on, as eth0; absent if it is not known
	MTU        int     `json:"mtu,omitempty"`       // of the interface, in bytes: a larger IP packet went in fragments
	Frame      string  `json:"frame"`               // name of the measurements' frames that it is for, as 64 or imix
	FrameBytes int     `json:"frameBytes"`          // of each packet on the wire, with the FCS: that of the frames, of a mix their mean, or the least possible
	Sent       uint64  `json:"sent"`                // datagrams that the kernel took
	Received   uint64  `json:"received"`            // datagrams that came back, each counted once
	Seconds    float64 `json:"seconds"`             // that datagrams were sent for
	Mpps       float64 `json:"mpps"`                // received, in million packets a second
	LossRatio  float64 `json:"lossRatio"`           // lost of sent
	RTT        *RTT    `json:"rtt,omitempty"`       // with one datagram in flight, before the others; absent if none came back
}

// name says which way the datagrams went.
func (k KernelBaseline) name() string {
	if k.Interface == "" {
		return "kernel path"
	}
	return "kernel path over " + k.Interface
}

// String says what was measured, in a line.
func (k KernelBaseline) String() string {
	text := fmt.Sprintf("%s to %s, %d-byte frames: %.4f Mpps, %.4g %% lost", k.name(), k.Peer, k.FrameBytes, k.Mpps, 100*k.LossRatio)
	if p50, ok := k.RTT.at(50); ok {
		p99, _ := k.RTT.at(99)
		text += fmt.Sprintf(", round trip 50 %% %.1f us, 99 %% %.1f us", p50, p99)
	}
	if k.fragmented() {
		text += fmt.Sprintf(", in fragments (MTU %d)", k.MTU)
	}
	return text
}

// ethernet is what a frame has beside its IP packet, in bytes: header and FCS.
const ethernet = 14 + FCS

func (k KernelBaseline) fragmented() bool { return k.MTU > 0 && k.FrameBytes-ethernet > k.MTU }

// kernel is the baseline for frames of that name; nil: there is none.
func (r Result) kernel(name string) *KernelBaseline {
	for i := range r.KernelBaseline {
		if k := &r.KernelBaseline[i]; k.Frame == name {
			return k
		}
	}
	return nil
}

// carried is the rate that a measurement found the path to carry, and what it is
// called: of a search its first goal's, else what was received at the maximum
// rate. There is none of a rate that was asked for, or that is not the path's.
func (m Measurement) carried() (mpps float64, name string, ok bool) {
	switch {
	case !m.Valid || !m.Complete:
		return 0, "", false
	case len(m.Goals) > 0:
		g := m.Goals[0]
		if g.Lower == nil {
			return 0, "", false
		}
		return g.Lower.Mpps, ", " + g.Name, true
	case m.Latency != nil || m.Steps != nil || m.Burst != nil || len(m.Trials) == 0:
		return 0, "", false
	}
	t := m.Trials[len(m.Trials)-1]
	return t.Received.Mpps, "", t.Requested.Mpps == nil
}

// gain is how many times the kernel's rate a measurement found at the same frame
// size.
func (m Measurement) gain(k *KernelBaseline) (times float64, ok bool) {
	mpps, _, ok := m.carried()
	if !ok || !(k.Mpps > 0) || math.Round(m.Frame.Bytes) != float64(k.FrameBytes) {
		return 0, false
	}
	return mpps / k.Mpps, true
}

// against compares a measurement with the kernel's baseline.
func (m Measurement) against(k *KernelBaseline) figure {
	f := figure{
		Name: k.name(), Text: fmt.Sprintf("%.4f Mpps", k.Mpps),
		Values: []value{{"kernel.mpps", float(k.Mpps)}, {"kernel.lossRatio", float(k.LossRatio)}},
	}
	if math.Round(m.Frame.Bytes) != float64(k.FrameBytes) {
		f.Text += fmt.Sprintf(" of %d-byte frames", k.FrameBytes)
	}
	if times, ok := m.gain(k); ok {
		mpps, name, _ := m.carried()
		f.Text += fmt.Sprintf("; fast path%s: %.4f Mpps, %s times", name, mpps, factor(times))
		f.Values = append(f.Values, value{"kernel.gain", float(times)})
	}
	return f
}

// compared are the figures of a measurement, and the kernel's.
func (r Result) compared(m Measurement) []figure {
	list := figures(m)
	if k := r.kernel(m.Frame.Name); k != nil {
		list = append(list, m.against(k))
	}
	return list
}

// gain says how many times the kernel's rate was found, if that can be said.
func (p *printer) gain(m Measurement, k *KernelBaseline) {
	if _, ok := m.gain(k); ok {
		f := m.against(k)
		p.line("")
		p.text("%s: %s", f.Name, f.Text)
	}
}

// factor is how many times something is.
func factor(times float64) string {
	if times >= 10 {
		return fmt.Sprintf("%.0f", times)
	}
	return fmt.Sprintf("%.2g", times)
}

// kernelGrid has the kernel's baseline, and the fast path beside it.
func kernelGrid(r Result) grid {
	g := grid{Caption: "UDP through the kernel", Text: 3, Head: []string{
		"frames", "interface", "to", "bytes", "Mpps", "lost", "50 % µs", "99 % µs", "fast path Mpps", "times", "remarks",
	}}
	for _, m := range r.Measurements {
		k := r.kernel(m.Frame.Name)
		if k == nil {
			continue
		}
		name := frameName(m.Frame)
		if m.Repeat > 1 {
			name += fmt.Sprintf(" (%d)", m.Repeat)
		}
		row := []string{name, k.Interface, k.Peer, fmt.Sprint(k.FrameBytes), fixed(k.Mpps), percent(k.LossRatio), "", "", "", "", ""}
		if p50, ok := k.RTT.at(50); ok {
			p99, _ := k.RTT.at(99)
			row[6], row[7] = us(p50), us(p99)
		}
		if times, ok := m.gain(k); ok {
			mpps, _, _ := m.carried()
			row[8], row[9] = fixed(mpps), factor(times)
		}
		if k.fragmented() {
			row[10] = fmt.Sprintf("in fragments (MTU %d)", k.MTU)
		}
		g.add(row...)
	}
	return g
}
