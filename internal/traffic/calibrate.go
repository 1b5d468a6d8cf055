package traffic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/result"
)

// The generator runs for ceilingTime at its highest rate. The times are those of
// timedPackets, as far as these fit into the limits of their time, at the load that is
// measured, but at least at a rate that gives enough of them, and at most at this part of
// what the generator can do.
const (
	ceilingTime     = 100 * time.Millisecond
	timedPackets    = 10_000
	leastTimed      = 100 * time.Millisecond
	mostTimed       = 200 * time.Millisecond
	calibrationRate = 10_000
	calibrationPart = 0.9
)

// timedFor is how long times are measured at a load in packets per second.
func timedFor(load float64) time.Duration {
	return min(mostTimed, max(leastTimed, time.Duration(timedPackets/load*float64(time.Second))))
}

// Calibrate measures the generator alone: the trial's loops on its lcores, with a
// ring in memory for every queue that sends in the place of the path. Its times are at
// that load in packets per second, as far as it is known before the run; 0: it is not.
//
// The ports are not part of it: what they and their drivers add cannot be separated from what
// the path adds, as sockets have no loop of their own, and VFs are not let to make one.
func (p *Path) Calibrate(ctx context.Context, mix result.Mix, load float64) (*result.Calibration, error) {
	ceiling, err := p.loopback(ctx, bench.Trial{Mix: mix, Duration: ceilingTime})
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	most := 0.0
	if ceiling.Active > 0 {
		most = float64(ceiling.Received) / ceiling.Active.Seconds()
	}
	load = max(calibrationRate, min(load, calibrationPart*most))
	timed, err := p.loopback(ctx, bench.Trial{Mix: mix, Rate: load, Duration: timedFor(load)})
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	c := &result.Calibration{Seconds: ceiling.Active.Seconds(), Ceiling: result.NewRate(most, mix.Mean()), TimedMpps: load / 1e6}
	if rtt := bench.NewRTT(timed.RTT); rtt != nil {
		c.TimestampError = *rtt
	}
	return c, context.Cause(ctx)
}

// loopback carries out a trial through rings in memory.
func (p *Path) loopback(ctx context.Context, t bench.Trial) (bench.Counts, error) {
	streams, err := p.streams(t)
	if err != nil {
		return bench.Counts{}, err
	}
	own, cancel := dataplane.Orderly(ctx)
	defer cancel()
	rings := map[int]*dpdk.Ring{} // of each direction and queue that sends
	key := func(port, queue int) int { return port<<16 | queue }
	defer func() {
		for _, r := range rings {
			r.Free(own)
		}
	}()
	for _, s := range streams {
		if s.Mode == dpdk.Generate {
			r, err := p.dp.NewRing(own, 1024, s.Tx.Port.Socket)
			if err != nil {
				return bench.Counts{}, err
			}
			rings[key(s.tx, s.Tx.Index)] = r
		}
	}
	var looped []Stream
	for _, s := range streams {
		from := s.tx
		queue := s.Tx.Index
		if s.Mode == dpdk.Verify {
			i := slices.IndexFunc(p.directions, func(d direction) bool { return d.rx == s.rx })
			from, queue = p.directions[i].tx, s.Rx.Index
		}
		if r := rings[key(from, queue)]; r != nil {
			s.Ring = r
			looped = append(looped, s)
		}
	}
	run, err := runTallied(own, p.dp, looped, nil)
	if err != nil {
		return bench.Counts{}, err
	}
	defer run.job.Free()
	m := newMeter(p, run, t)
	select {
	case <-ctx.Done():
	case <-time.After(t.Duration):
	}
	run.job.StopTx()
	settle(ctx, m.sum)
	c, err := m.finish(own, false)
	return c, errors.Join(err, run.job.Stop(own))
}
