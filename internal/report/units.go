package report

import (
	"fmt"
	"math"

	"github.com/podnet/podnet/internal/result"
)

// scaledUnit is a unit of rates.
type scaledUnit struct {
	name string
	size float64 // in Mpps, or in Gbit/s
}

// packetUnit is the unit in which rates of at most so many Mpps have figures before the
// point; bitUnit is the same for Gbit/s.
func packetUnit(most float64) scaledUnit { return unitOf(most, "Mpps", "kpps", "pps") }

func bitUnit(most float64) scaledUnit { return unitOf(most, "Gbit/s", "Mbit/s", "kbit/s") }

// PacketUnit is the unit in which a table has rates of so many Mpps at most, and its size
// in Mpps.
func PacketUnit(most float64) (name string, mpps float64) {
	u := packetUnit(most)
	return u.name, u.size
}

func unitOf(most float64, names ...string) scaledUnit {
	u := scaledUnit{names[0], 1}
	for _, name := range names[1:] {
		if !(most > 0) || most >= 0.1*u.size {
			break
		}
		u = scaledUnit{name, u.size / 1000}
	}
	return u
}

// cell is a rate in the unit of its column.
func (u scaledUnit) cell(v float64) string { return result.Decimals(v/u.size, 4) }

// text is a rate with its unit.
func (u scaledUnit) text(v float64) string {
	if u.size == 1 {
		return u.cell(v) + " " + u.name
	}
	return fmt.Sprintf("%.4g %s", v/u.size, u.name)
}

// inPackets and inBits are rates in the unit that people would say.
func inPackets(mpps float64) string { return packetUnit(mpps).text(mpps) }

func inBits(gbps float64) string { return bitUnit(gbps).text(gbps) }

// fixed is a rate in a column whose unit is given. A small one keeps four digits.
func fixed(v float64) string {
	decimals := 4
	if v > 0 && v < 0.1 {
		decimals = min(3-int(math.Floor(math.Log10(v))), 12)
	}
	return result.Decimals(v, decimals)
}
