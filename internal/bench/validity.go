package bench

import (
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// enoughCPU is the share of its CPU, in percent, that a polling thread must have had
// at the maximum rate, where no schedule tells whether it was held up.
const enoughCPU = 95

// A trial at a set rate may take so much longer than it should, as a part of its time
// or at all: the clock that ends it has a grain.
const (
	slack      = 0.05
	leastSlack = time.Millisecond
)

// limits are the reasons why a trial says more about the generator or the machine than
// about the path, the likely cause first; without a reason it is valid. They never depend
// on how many packets came back. If they did, disturbed trials that passed would stay, and
// disturbed trials that failed would be thrown away. They do not depend on the trial's
// length either: a ring that overflows once has lost packets in a long trial too.
func limits(t Trial, c Counts) (list []result.Limit) {
	var causes, effects []result.Limit
	if a := c.Absent; a != nil {
		causes = append(causes, result.Limit{Code: result.PeerAbsent, Text: a.String()})
	}
	if c.Offered == 0 {
		effects = append(effects, result.Limit{Code: result.NothingSent, Text: "nothing could be sent"})
	}
	if t.Rate > 0 {
		effects = append(effects, unpunctual(t, c)...)
	}
	effects = append(effects, ownDrops(c.Interfaces)...)
	// At a set rate the schedule tells whether a thread was held up, and this only why.
	if t.Rate == 0 || len(effects) > 0 {
		causes = append(causes, heldUp(c.Machine)...)
	}
	return append(causes, effects...)
}

// unpunctual are the limits that the schedule of a trial at a set rate shows.
func unpunctual(t Trial, c Counts) (list []result.Limit) {
	add := func(code result.LimitCode, format string, args ...any) {
		list = append(list, result.Limit{Code: code, Text: fmt.Sprintf(format, args...)})
	}
	asked := t.Schedule()
	due := time.Duration(float64(asked) / t.Rate * 1e9)
	allowed := due + max(leastSlack, time.Duration(slack*float64(due)))
	switch {
	case c.Offered < asked:
		add(result.NotOffered, "the generator offered %d of %d packets in time: it was the limit, not the path", c.Offered, asked)
	case c.Active > allowed:
		add(result.TooSlow, "the generator took %s for the packets of %s", brief(c.Active), brief(due))
	}
	for _, q := range c.TxQueues {
		at := fmt.Sprintf("queue %d of %s", q.Queue, q.Interface)
		if q.Backlog > uint64(q.Ring) {
			add(result.Behind, "lcore %d was behind by %d packets at the worst moment, and %s has room for %d", q.Lcore, q.Backlog, at, q.Ring)
		}
		if q.RefusedCatchingUp > 0 {
			add(result.RefusedCatchingUp, "lcore %d was behind by %d packets, and %s refused %d of those that caught up", q.Lcore, q.Backlog, at, q.RefusedCatchingUp)
		}
	}
	return append(list, pollGaps(c.RxQueues)...)
}

// pollGaps are the queues that were not polled for so long that their rings overflowed.
func pollGaps(queues []result.RxQueue) (list []result.Limit) {
	for _, q := range queues {
		if q.Gap > uint64(q.Ring) {
			list = append(list, result.Limit{Code: result.PollGap, Text: fmt.Sprintf("lcore %d did not poll queue %d of %s for %s, which has room for %d packets, and %d were sent",
				q.Lcore, q.Queue, q.Interface, brief(time.Duration(q.GapUs*1e3)), q.Ring, q.Gap)})
		}
	}
	return list
}

// ReceiverLimits are the reasons why this machine, and not the path, may have lost packets
// that another machine sent at this rate (0: as fast as it goes). The likely cause comes
// first; no reason means that this machine lost none. They depend on the peer, queues,
// ports and threads in c, and never on how many packets came.
func ReceiverLimits(rate float64, c Counts) []result.Limit {
	var causes, effects []result.Limit
	if a := c.Absent; a != nil {
		causes = append(causes, result.Limit{Code: result.PeerAbsent, Text: a.String()})
	}
	if rate > 0 {
		effects = append(effects, pollGaps(c.RxQueues)...)
	}
	effects = append(effects, ownDrops(c.Interfaces)...)
	if rate == 0 || len(effects) > 0 {
		causes = append(causes, heldUp(c.Machine)...)
	}
	return append(causes, effects...)
}

// ownDrops are the packets that had come back and were not fetched.
func ownDrops(ports []result.Interface) (list []result.Limit) {
	for _, p := range ports {
		if n := p.RxMissed + p.RxNoMbuf; n > 0 {
			list = append(list, result.Limit{Code: result.OwnDrops, Text: fmt.Sprintf("%s dropped %d packets that were not fetched in time", p.Name, n)})
		}
	}
	return list
}

// heldUp are the polling threads that did not have their CPUs.
func heldUp(m result.Machine) (list []result.Limit) {
	if ms := m.ThrottledMs; ms != nil && *ms > 0 {
		list = append(list, result.Limit{Code: result.Throttled, Text: "throttled for " + brief(time.Duration(*ms*1e6))})
	}
	for _, t := range m.Threads {
		if t.RunPercent < enoughCPU {
			list = append(list, result.Limit{Code: result.CPUShare, Text: fmt.Sprintf("lcore %d had its CPU %.0f %% of the time", t.ID, t.RunPercent)})
		}
	}
	return list
}

// brief is a time in two or three digits, as people say it.
func brief(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.3g s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.3g us", float64(d)/1e3)
}

// Absence is a peer or a link that was not there during a trial.
type Absence struct {
	What  string        // such as "the peer /run/a.sock"
	After time.Duration // from the trial's beginning; 0: it never was
}

func (a Absence) String() string {
	if a.After <= 0 {
		return a.What + " was not there"
	}
	return fmt.Sprintf("%s went away at %.1f s", a.What, a.After.Seconds())
}

// beyond tells whether a trial shows that the measuring side cannot do as much: it
// offered too little, or its own ports dropped packets. A generator that is held up now
// and then shows no such thing.
func beyond(got result.Trial) bool {
	for _, l := range got.Limits {
		switch l.Code {
		case result.NothingSent, result.NotOffered, result.TooSlow, result.OwnDrops:
			return true
		}
	}
	return false
}
