package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNoLineRate means that a rate is a part of a line rate that is not known.
var ErrNoLineRate = errors.New("the line rate is not known, and the rate is a part of it")

// ParseLineRate reads the line rate of a medium in bits per second: "25G", "10Gbps".
func ParseLineRate(s string) (float64, error) {
	number := strings.TrimSuffix(strings.TrimSuffix(s, "bps"), "G")
	scale := 1e9
	if m, ok := strings.CutSuffix(number, "M"); ok {
		number, scale = m, 1e6
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || number == strings.TrimSuffix(s, "bps") || !(v*scale >= 1e6 && v*scale <= 1e13) {
		return 0, fmt.Errorf("line rate %q: must be a rate such as 25G or 100M", s)
	}
	return v * scale, nil
}

// ParseRate reads a rate: "max", packets per second ("1000000", "250kpps", "1.5Mpps"), bits
// per second at L1, with preamble and gap ("10Gbps"), or a part of the line rate ("50%").
// frameBytes is the (mean) frame size with the FCS. lineRate is in bits per second; 0: not
// known. It returns packets per second, 0 for max.
func ParseRate(s string, frameBytes, lineRate float64) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		v, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(v > 0 && v <= 100) {
			return 0, fmt.Errorf("rate %q: must be above 0 and at most 100 %% of the line rate", s)
		}
		if lineRate == 0 {
			return 0, fmt.Errorf("rate %q: %w", s, ErrNoLineRate)
		}
		return v / 100 * lineRate / ((frameBytes + 20) * 8), nil
	}
	number := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := s[len(number):]
	perPacket := (frameBytes + 20) * 8 // bits at L1
	scale, ok := map[string]float64{
		"": 1, "pps": 1, "kpps": 1e3, "Mpps": 1e6, "Gpps": 1e9,
		"bps": 1 / perPacket, "kbps": 1e3 / perPacket, "Mbps": 1e6 / perPacket, "Gbps": 1e9 / perPacket,
	}[unit]
	if !ok {
		return 0, fmt.Errorf("rate %q: the unit must be pps, kpps, Mpps, Gpps, bps, kbps, Mbps, Gbps or %%", s)
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v > 0) || v*scale > 1e12 {
		return 0, fmt.Errorf("rate %q: must be max or a number above 0 with a unit, such as 1.5Mpps or 10Gbps", s)
	}
	return v * scale, nil
}
