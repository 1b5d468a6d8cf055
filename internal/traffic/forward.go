package traffic

import (
	"context"
	"errors"
	"time"

	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/result"
)

// linger is how long ports stay open after the loops have ended: the peers still have to
// take the last packets from the rings.
const linger = 500 * time.Millisecond

// drainLimit is how long a device that has to end may take to send its waiting packets.
const drainLimit = 300 * time.Millisecond

// Forward runs the streams until ctx ends, for at most duration unless that is 0, and counts
// the ports' packets. It fails early when a peer that cannot come back has gone.
func Forward(ctx context.Context, dp *dataplane.Dataplane, streams []Stream, duration time.Duration, o ForwardObserver) (result.Run, error) {
	if duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, duration)
		defer cancel()
	}
	own, done := dataplane.Orderly(ctx)
	defer done()
	begin := time.Now()
	t, err := runTallied(own, dp, streams, nil)
	if err != nil {
		return result.Run{}, err
	}
	defer t.job.Free()
	o.Running(t.job)
	o.Links(dp.Down(own))

	failed := watch(ctx, dp.Keep, t, time.Second, func(now time.Time) error {
		o.Links(dp.Down(own))
		list, err := t.read(own)
		if err == nil {
			o.Carried(now, list)
		}
		return err
	})
	o.Running(nil)
	r := result.Run{Seconds: time.Since(begin).Seconds(), Lcores: t.lcores()}
	t.job.StopTx()
	t.drain()
	failed = errors.Join(failed, t.job.Stop(own))
	if r.Interfaces, err = t.read(own); err != nil {
		return r, errors.Join(failed, err)
	}
	o.Ended(r.Interfaces)
	for _, i := range r.Interfaces {
		r.Total = r.Total.Add(i.Counters)
	}
	r.Faults = t.faults()
	if r.Total.TxPackets > 0 {
		time.Sleep(linger)
	}
	return r, failed
}

// drain lets the streams send the packets that they have taken, in the time that there is.
func (t *tally) drain() {
	waiting := func() (n uint64) {
		for i, s := range t.streams {
			if s.Mode == dpdk.Impair {
				n += t.job.Counters(i).Waiting()
			}
		}
		return n
	}
	for end := time.Now().Add(drainLimit); waiting() > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// watch calls tick at every interval, and keep at every PollInterval of the dataplane. It
// ends with ctx, or returns the error of the first one that fails. keep reconnects peers,
// and fails if one is lost.
func watch(ctx context.Context, keep func(context.Context, *dpdk.Job) error, t *tally, interval time.Duration, tick func(now time.Time) error) error {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	look := time.NewTicker(dataplane.PollInterval)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticks.C:
			if err := tick(now); err != nil {
				return err
			}
		case <-look.C:
			if t.answer != nil {
				t.answer()
			}
			t.look(ctx) // before the peer is made to come back
			if err := keep(ctx, t.job); err != nil {
				return err
			}
		}
	}
}
