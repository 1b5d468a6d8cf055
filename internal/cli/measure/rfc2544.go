package measure

import (
	"fmt"

	"github.com/spf13/pflag"
)

// rfc2544 is the flag that makes a method keep to that RFC as written.
type rfc2544 struct {
	on    bool
	flags *pflag.FlagSet
	// changed are the flags by which the user departs from the RFC.
	changed []string
}

func (r *rfc2544) addFlag(f *pflag.FlagSet, help string) {
	f.BoolVar(&r.on, "rfc2544", false, "keep to RFC 2544 as written: "+help+"; where it cannot, the result says so")
	r.flags = f
}

// settle sets a flag to the RFC's value, unless the user has given one.
func (r *rfc2544) settle(flag, value string, set func()) {
	if !r.flags.Changed(flag) {
		set()
		return
	}
	if given := r.flags.Lookup(flag).Value.String(); given != value {
		r.changed = append(r.changed, fmt.Sprintf("--%s is %s, and the RFC wants %s", flag, given, value))
	}
}

// The places where every method departs from the RFC, and further ones of throughput and
// latency.
var (
	deviations = []string{
		"sections 11 and 12: no broadcasts, management frames, routing updates or filters; addresses vary as --vary says, not at random",
		"section 23: a trial ends when no packet has come for 200 ms (2 s for the first), and the next one begins without a pause of 5 s",
	}
	throughputDeviations = []string{
		"section 26.1: packets that the port's own Tx ring refuses count as lost; " +
			"a rate is taken for too high only after three trials of it have lost packets",
	}
	latencyDeviations = []string{
		"section 26.2: all packets have a time stamp, not one after 60 s; the latency of a round is the mean of them",
		"section 26.2, by RFC 1242's definition for store-and-forward devices (3.8): stamps are made and read in software, " +
			"when a packet is handed to the port and taken from it, so that the time holds the host's part and the frame's own on the wire, both ways",
	}
)

// all gives the deviations of every method and own ones; nil: without --rfc2544.
func (r *rfc2544) all(own ...string) []string {
	if !r.on {
		return nil
	}
	return append(append(append([]string{}, deviations...), own...), r.changed...)
}
