package measure

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk"
)

// faultOptions are the flags that make dut a device with known answers.
type faultOptions struct {
	Rate                     string
	QueueDepth               int
	Delay                    time.Duration
	Loss, Duplicate, Reorder string
	ReorderBy                int
	Seed                     uint64
}

func (o *faultOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Rate, "rate", "max", "highest rate at which each port forwards: max, or packets per second such as 200kpps")
	f.IntVar(&o.QueueDepth, "queue-depth", 256, "how many frames can wait for a port that forwards at --rate; further ones are dropped")
	f.DurationVar(&o.Delay, "delay", 0, "how long every frame is held back")
	const chance = ": none, a probability (0.001, 0.1% or 1/1000), or every:N for exactly each N-th"
	f.StringVar(&o.Loss, "loss", "none", "frames to drop"+chance)
	f.StringVar(&o.Duplicate, "duplicate", "none", "frames to send twice"+chance)
	f.StringVar(&o.Reorder, "reorder", "none", "frames to hold back until --reorder-by others have passed"+chance)
	f.IntVar(&o.ReorderBy, "reorder-by", 3, "how many frames overtake one that is held back")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the random choices: the same seed chooses the same frames")
}

// impairment reads the flags; nil: a device without a fault.
func (o *faultOptions) impairment() (*dpdk.Impairment, error) {
	i := dpdk.Impairment{Depth: o.QueueDepth, Delay: o.Delay, ReorderBy: o.ReorderBy, Seed: o.Seed}
	var err error
	if i.Rate, err = bench.ParseRate(o.Rate, bench.MinFrame, 0); err != nil {
		return nil, cli.UsageErrorf("--%w", err)
	}
	if i.Depth < 1 || i.Depth > maxQueueDepth {
		return nil, cli.UsageErrorf("--queue-depth %d: must be 1 to %d", i.Depth, maxQueueDepth)
	}
	if i.Delay < 0 || i.Delay > maxDelay {
		return nil, cli.UsageErrorf("--delay %s: must be 0 to %s", i.Delay, maxDelay)
	}
	if i.ReorderBy < 1 || i.ReorderBy > maxReorderBy {
		return nil, cli.UsageErrorf("--reorder-by %d: must be 1 to %d", i.ReorderBy, maxReorderBy)
	}
	for _, f := range []struct {
		flag, value string
		ratio       *float64
		every       *uint64
	}{
		{"loss", o.Loss, &i.LossRatio, &i.LossEvery},
		{"duplicate", o.Duplicate, &i.DuplicateRatio, &i.DuplicateEvery},
		{"reorder", o.Reorder, &i.ReorderRatio, &i.ReorderEvery},
	} {
		if *f.ratio, *f.every, err = parseChance(f.value); err != nil {
			return nil, cli.UsageErrorf("--%s %w", f.flag, err)
		}
	}
	none := dpdk.Impairment{Depth: i.Depth, ReorderBy: i.ReorderBy, Seed: i.Seed}
	if i == none {
		return nil, nil
	}
	return &i, nil
}

// Limits that a port's mbufs allow.
const (
	maxQueueDepth = 16384
	maxDelay      = time.Second
	maxReorderBy  = 512
)

// parseChance reads none, a ratio, or every:N.
func parseChance(s string) (ratio float64, every uint64, err error) {
	if s == "none" {
		return 0, 0, nil
	}
	if n, ok := strings.CutPrefix(s, "every:"); ok {
		every, err := strconv.ParseUint(n, 10, 32)
		if err != nil || every == 0 {
			return 0, 0, fmt.Errorf("%q: must be every:N, and N a number from 1", s)
		}
		return 0, every, nil
	}
	ratio, err = parseRatio(s)
	return ratio, 0, err
}
