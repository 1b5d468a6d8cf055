// Package machine samples the disturbances on the machine while packets are sent, such as
// throttling, stolen time and lost CPU time. They make a poll loop late although the path
// is not at fault. It does not judge them; internal/bench does. Start at Sampler.
package machine

import (
	"time"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/internal/result"
)

// Thread is a thread of this process that polls, by the kernel's number, which
// documents do not contain.
type Thread struct {
	result.Lcore
	TID int
}

// Sampler takes samples of the same threads, and of the CPUs that they run on.
type Sampler struct {
	root     rootfs.FS
	threads  []Thread
	throttle string // file with the CFS throttling of the container; empty: none
	cpuTime  func(tid int) (time.Duration, bool)
}

// New makes a sampler that reads the files below a root.
func New(root rootfs.FS, threads []Thread) *Sampler {
	return &Sampler{root: root, threads: threads, throttle: kernel.ThrottleFile(root), cpuTime: kernel.ThreadTime}
}

// Sample is the state of the machine's counters at one time. Unreadable counters
// are missing.
type Sample struct {
	threads   []threadSample
	throttled *kernel.Throttling
	steal     map[int]uint64 // in ticks, by polling CPU
}

// threadSample has a time of its own, because the sampling thread may be held up
// between one thread and the next.
type threadSample struct {
	Thread
	at       time.Time
	ran      time.Duration
	switches uint64
}

// Sample reads the counters: a few small files, which cost the caller about
// 0.1 ms on a small machine, and the polling threads nothing.
func (s *Sampler) Sample() Sample {
	var a Sample
	for _, t := range s.threads {
		switches := kernel.InvoluntarySwitches(s.root, t.TID)
		ran, ok := s.cpuTime(t.TID)
		if switches != nil && ok {
			a.threads = append(a.threads, threadSample{t, time.Now(), ran, *switches})
		}
	}
	if s.throttle != "" {
		a.throttled = kernel.ReadThrottling(s.root, s.throttle)
	}
	steal := kernel.Steal(s.root)
	a.steal = make(map[int]uint64)
	for _, t := range s.threads {
		if ticks, ok := steal[t.CPU]; ok {
			a.steal[t.CPU] = ticks
		}
	}
	return a
}

// Until tells what happened between two samples of a sampler. A thread that one
// of them lacks, and a counter that ran backwards, are left out. RxMissed and
// RxNoMbuf are the caller's to fill in.
func (a Sample) Until(b Sample) result.Machine {
	m := result.Machine{Threads: []result.Thread{}}
	before := make(map[int]threadSample)
	for _, t := range a.threads {
		before[t.TID] = t
	}
	for _, t := range b.threads {
		was, ok := before[t.TID]
		wall := t.at.Sub(was.at)
		if !ok || wall <= 0 || t.ran < was.ran || t.switches < was.switches {
			continue
		}
		m.Threads = append(m.Threads, result.Thread{
			Lcore:      t.Lcore,
			CPUSeconds: (t.ran - was.ran).Seconds(),
			// The two clocks are not read at the very same time.
			RunPercent:          min(100, 100*(t.ran-was.ran).Seconds()/wall.Seconds()),
			InvoluntarySwitches: t.switches - was.switches,
		})
	}
	if was, now := a.throttled, b.throttled; was != nil && now != nil && now.Periods >= was.Periods && now.Time >= was.Time {
		periods, ms := now.Periods-was.Periods, (now.Time-was.Time).Seconds()*1e3
		m.ThrottledPeriods, m.ThrottledMs = &periods, &ms
	}
	for cpu, ticks := range b.steal {
		if was, ok := a.steal[cpu]; ok && ticks > was {
			m.StealMs += float64(ticks-was) * float64(kernel.StealTick.Milliseconds())
		}
	}
	return m
}
