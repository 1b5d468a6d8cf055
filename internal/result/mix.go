package result

import (
	"fmt"
	"strconv"
	"strings"
)

// Mix is what sizes of frames are sent, and how often each in a round. One size
// is a mix too.
type Mix []Share

// Share is a frame size of a mix.
type Share struct {
	Bytes  int `json:"bytes"`  // on the wire, with the FCS
	Weight int `json:"weight"` // how many frames of this size there are in a round of the mix
}

// imix is the mix of sizes of the Internet that is known as simple IMIX, with
// its usual sizes on Ethernet.
var imix = Mix{{Bytes: 64, Weight: 7}, {Bytes: 570, Weight: 4}, {Bytes: 1518, Weight: 1}}

// The limits of a mix, which are internal/dpdk's: sizes, and frames in a round.
const (
	maxSizes = 16
	maxRound = 256
)

// Sizes are the frame sizes that RFC 2544 wants tested on Ethernet (section 9.1).
func Sizes() []Mix {
	var list []Mix
	for _, size := range []int{64, 128, 256, 512, 1024, 1280, 1518} {
		list = append(list, OneSize(size))
	}
	return list
}

// OneSize is frames of one size.
func OneSize(bytes int) Mix { return Mix{{Bytes: bytes, Weight: 1}} }

// ParseMix reads a frame size ("64"), "imix", or sizes with their weights
// ("64:7+570:4+1518:1").
func ParseMix(s string) (Mix, error) {
	if strings.EqualFold(s, "imix") {
		return imix, nil
	}
	var m Mix
	round := 0
	parts := strings.Split(s, "+")
	if len(parts) > maxSizes {
		return nil, fmt.Errorf("frame size %.40q...: %d sizes, at most %d may be", s, len(parts), maxSizes)
	}
	for _, part := range parts {
		size, weight, weighted := strings.Cut(part, ":")
		share := Share{Weight: 1}
		var err error
		if share.Bytes, err = strconv.Atoi(size); err == nil && weighted {
			share.Weight, err = strconv.Atoi(weight)
		}
		if err != nil || share.Weight < 1 || share.Weight > maxRound || weighted != (len(parts) > 1) {
			return nil, fmt.Errorf("frame size %q: must be a number of bytes, imix, or sizes with weights such as 64:7+570:4+1518:1", s)
		}
		if round += share.Weight; round > maxRound {
			return nil, fmt.Errorf("frame size %q: the weights may add up to %d at most", s, maxRound)
		}
		m = append(m, share)
	}
	return m, nil
}

// round is the sum of the weights.
func (m Mix) round() (n int) {
	for _, s := range m {
		n += s.Weight
	}
	return n
}

// Largest is the size of the largest frame, in bytes.
func (m Mix) Largest() int {
	largest := 0
	for _, s := range m {
		largest = max(largest, s.Bytes)
	}
	return largest
}

// Mean is the mean size in bytes on the wire, with the FCS.
func (m Mix) Mean() float64 {
	sum := 0
	for _, s := range m {
		sum += s.Bytes * s.Weight
	}
	return float64(sum) / float64(m.round())
}

// Frame describes the mix.
func (m Mix) Frame() Frame {
	f := Frame{Name: m.String(), Bytes: m.Mean()}
	if len(m) > 1 {
		f.Mix = m
	}
	return f
}

// String is what ParseMix reads.
func (m Mix) String() string {
	if len(m) == 1 {
		return strconv.Itoa(m[0].Bytes)
	}
	var parts []string
	for _, s := range m {
		parts = append(parts, fmt.Sprintf("%d:%d", s.Bytes, s.Weight))
	}
	if s := strings.Join(parts, "+"); s != "64:7+570:4+1518:1" {
		return s
	}
	return "imix"
}

// Pattern is a round of the mix, as indices into it, each size spread as evenly
// as its weight allows.
func (m Mix) Pattern() []int {
	n := m.round()
	credit := make([]int, len(m))
	pattern := make([]int, 0, n)
	for range n {
		best := 0
		for i, s := range m {
			if credit[i] += s.Weight; credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= n
		pattern = append(pattern, best)
	}
	return pattern
}
