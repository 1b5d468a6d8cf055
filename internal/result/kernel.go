package result

import "math"

// KernelBaseline is what UDP through the kernel carried to a peer that sends it
// back, at one frame size: what the fast path is compared with.
type KernelBaseline struct {
	Peer       string  `json:"peer"`                // address and port that was measured to, such as 10.0.0.5:7000
	Interface  string  `json:"interface,omitempty"` // that the kernel sent on, such as eth0; absent if it is not known
	MTU        int     `json:"mtu,omitempty"`       // of the interface, in bytes: a larger IP packet went in fragments
	Frame      string  `json:"frame"`               // name of the measurements' frames that it is for, such as 64 or imix
	FrameBytes int     `json:"frameBytes"`          // of each packet on the wire, with the FCS: the frames' size, a mix's mean size, or the least possible
	Sent       uint64  `json:"sent"`                // datagrams that the kernel took
	Received   uint64  `json:"received"`            // datagrams that came back, each counted once
	Seconds    float64 `json:"seconds"`             // that datagrams were sent for
	Mpps       float64 `json:"mpps"`                // received, in million packets per second
	LossRatio  float64 `json:"lossRatio"`           // lost of sent
	RTT        *RTT    `json:"rtt,omitempty"`       // with one datagram in flight, before the others; absent if none came back
}

// ethernet is what a frame has beside its IP packet, in bytes: header and FCS.
const ethernet = 14 + FCS

// Fragmented tells whether the frames went in fragments.
func (k KernelBaseline) Fragmented() bool { return k.MTU > 0 && k.FrameBytes-ethernet > k.MTU }

// Kernel is the baseline for frames of that name; nil: there is none.
func (r Result) Kernel(name string) *KernelBaseline {
	for i := range r.KernelBaseline {
		if k := &r.KernelBaseline[i]; k.Frame == name {
			return k
		}
	}
	return nil
}

// Carried is the highest rate that the path carried in a measurement, and its name: the
// first goal's of a search, or else the received rate of a trial as fast as it goes. There
// is none if the rate was set, or if it is not the path's.
func (m Measurement) Carried() (mpps float64, name string, ok bool) {
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

// Gain is how many times the kernel's rate a measurement found at the same frame
// size.
func (m Measurement) Gain(k *KernelBaseline) (times float64, ok bool) {
	mpps, _, ok := m.Carried()
	if !ok || !(k.Mpps > 0) || math.Round(m.Frame.Bytes) != float64(k.FrameBytes) {
		return 0, false
	}
	return mpps / k.Mpps, true
}
