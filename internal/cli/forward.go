package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/result"
)

// linger is how long ports stay open after the loops have ended: what they sent
// last lies in rings from which the peers still have to take it.
const linger = 500 * time.Millisecond

// forward runs the streams until ctx ends, for at most duration unless that is
// 0, and counts what the ports carried. It fails early when a peer has gone that
// cannot come back.
func forward(ctx context.Context, dp *dataplane.Dataplane, streams []stream, duration time.Duration, show live) (result.Run, error) {
	if duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, duration)
		defer cancel()
	}
	own := context.WithoutCancel(ctx) // told to stop, it ends in order
	begin := time.Now()
	t, err := runTallied(own, dp, streams)
	if err != nil {
		return result.Run{}, err
	}
	defer t.job.Free()
	show.status.watch(t.job)
	show.status.setReady(dp.Down(own))

	failed := watch(ctx, dp, t, time.Second, func(now time.Time) error {
		show.status.setReady(dp.Down(own))
		list, err := t.read(own)
		if err == nil {
			show.update(now, list)
		}
		return err
	})
	show.status.watch(nil)
	show.status.setEnded()
	r := result.Run{Seconds: time.Since(begin).Seconds(), Lcores: t.lcores()}
	t.job.StopTx()
	failed = errors.Join(failed, t.job.Stop(own))
	if r.Interfaces, err = t.read(own); err != nil {
		return r, errors.Join(failed, err)
	}
	show.status.carried(r.Interfaces)
	for _, i := range r.Interfaces {
		r.Total = r.Total.Add(i.Counters)
	}
	r.Faults = t.faults()
	if r.Total.TxPackets > 0 {
		time.Sleep(linger)
	}
	return r, failed
}

// untilStopped runs a command until it is done or told to stop.
func untilStopped(run func(context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		return run(ctx)
	}
}

// watch calls tick at every interval until ctx ends, or until tick fails or a
// peer is lost, which it returns.
func watch(ctx context.Context, dp *dataplane.Dataplane, t *tally, interval time.Duration, tick func(now time.Time) error) error {
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
			if err := dp.Keep(ctx, t.job); err != nil {
				return err
			}
		}
	}
}

// live shows rates while packets move, on a terminal in place, elsewhere as one
// line a second, and tells the counters to whoever asks.
type live struct {
	w        io.Writer
	terminal bool
	last     *snapshot
	status   *status
}

type snapshot struct {
	at   time.Time
	list []result.Interface
}

func (s snapshot) counted() (packets uint64) {
	for _, i := range s.list {
		packets += i.RxPackets + i.TxPackets
	}
	return packets
}

func newLive(s Streams, st *status) live {
	return live{w: s.Err, terminal: s.IsTerminal, last: &snapshot{}, status: st}
}

func (l live) update(now time.Time, list []result.Interface) {
	l.status.carried(list)
	last := *l.last
	*l.last = snapshot{now, list}
	if l.terminal && last.list != nil {
		fmt.Fprintf(l.w, "\x1b[%dA", len(list))
	}
	if last.list == nil || last.counted() > l.last.counted() { // counting began anew
		last = snapshot{now.Add(-time.Second), make([]result.Interface, len(list))}
	}
	seconds := now.Sub(last.at).Seconds()
	line := make([]string, len(list))
	for i, now := range list {
		was := last.list[i]
		line[i] = fmt.Sprintf("%s rx %.3f Mpps tx %.3f Mpps refused %d", now.Name,
			float64(now.RxPackets-was.RxPackets)/seconds/1e6,
			float64(now.TxPackets-was.TxPackets)/seconds/1e6, now.TxRefused-was.TxRefused)
	}
	if l.terminal {
		fmt.Fprintf(l.w, "%s\x1b[K\n", strings.Join(line, "\x1b[K\n"))
		return
	}
	fmt.Fprintln(l.w, strings.Join(line, " | "))
}
