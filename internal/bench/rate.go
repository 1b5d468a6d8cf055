package bench

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseRate reads a rate: "max", packets a second ("1000000", "250kpps",
// "1.5Mpps") or bits a second at L1, preamble and gap included ("10Gbps"), for
// frames of the given (mean) size in bytes, with the FCS. It returns packets a second, 0 for max.
func ParseRate(s string, frameBytes float64) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	number := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := s[len(number):]
	perPacket := (frameBytes + 20) * 8 // bits at L1
	scale, ok := map[string]float64{
		"": 1, "pps": 1, "kpps": 1e3, "Mpps": 1e6, "Gpps": 1e9,
		"bps": 1 / perPacket, "kbps": 1e3 / perPacket, "Mbps": 1e6 / perPacket, "Gbps": 1e9 / perPacket,
	}[unit]
	if !ok {
		return 0, fmt.Errorf("rate %q: the unit must be pps, kpps, Mpps, Gpps, bps, kbps, Mbps or Gbps", s)
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v > 0) || v*scale > 1e12 {
		return 0, fmt.Errorf("rate %q: must be max or a number above 0 with a unit, as 1.5Mpps or 10Gbps", s)
	}
	return v * scale, nil
}
