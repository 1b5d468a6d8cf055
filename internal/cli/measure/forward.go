package measure

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/result"
)

// live shows rates while packets move: on a terminal in one line that it redraws,
// elsewhere as one line per second. It also has the counters for the metrics server.
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

func newLive(s cli.Streams, st *status) live {
	return live{w: s.Err, terminal: s.IsTerminal, last: &snapshot{}, status: st}
}

// Running implements traffic.Observer: without a job nothing is forwarded any more.
func (l live) Running(job *dpdk.Job) {
	l.status.Running(job)
	if job == nil {
		l.status.setEnded()
	}
}

// Links implements traffic.Observer.
func (l live) Links(down string) { l.status.Links(down) }

// Ended implements traffic.ForwardObserver.
func (l live) Ended(list []result.Interface) { l.status.carried(list) }

// Carried implements traffic.ForwardObserver.
func (l live) Carried(now time.Time, list []result.Interface) {
	l.status.carried(list)
	last := *l.last
	*l.last = snapshot{now, list}
	if l.terminal && last.list != nil {
		fmt.Fprintf(l.w, "\x1b[%dA", len(list))
	}
	if last.list == nil || last.counted() > l.last.counted() { // counting began again
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
		for _, s := range line {
			fmt.Fprintf(l.w, "%s\x1b[K\n", oneRow(s))
		}
		return
	}
	fmt.Fprintln(l.w, strings.Join(line, " | "))
}
