package machine

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/internal/result"
)

// tree writes files below a new directory.
func tree(t *testing.T, files map[string]string) (dir string, root rootfs.FS) {
	t.Helper()
	dir = t.TempDir()
	write(t, dir, files)
	root, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, root
}

func write(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	statBefore = "cpu  9 9 9 9 9 9 9 99 0 0\ncpu0 1 1 1 1 1 1 1 7 0 0\ncpu4 1 2 3 4 5 6 7 100 0 0\ncpu5 1 2 3 4 5 6 7 10 0 0\nintr 1 2 3\n"
	statAfter  = "cpu  9 9 9 9 9 9 9 999 0 0\ncpu0 1 1 1 1 1 1 1 70 0 0\ncpu4 9 9 9 9 9 9 9 103 0 0\ncpu5 1 2 3 4 5 6 7 11 0 0\nintr 1 2 3\ncpu4 1 2 3 4 5 6 7 9999\n"
	status     = "Name:\tlcore\nvoluntary_ctxt_switches:\t77\nnonvoluntary_ctxt_switches:\t"
)

// threads are two lcores on CPUs of their own, and one that shares a CPU.
var threads = []Thread{{Lcore: result.Lcore{ID: 1, CPU: 4}, TID: 11}, {Lcore: result.Lcore{ID: 2, CPU: 5}, TID: 12}, {Lcore: result.Lcore{ID: 3, CPU: 4}, TID: 13}}

func TestUntil(t *testing.T) {
	before := map[string]string{
		"proc/stat":                statBefore,
		"proc/self/task/11/status": status + "5\n", "proc/self/task/12/status": status + "0\n", "proc/self/task/13/status": status + "1\n",
		"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
		"sys/fs/cgroup/cpu.stat": "usage_usec 9\nnr_periods 9\nnr_throttled 4\nthrottled_usec 1000\n",
	}
	after := map[string]string{
		"proc/stat":                statAfter,
		"proc/self/task/11/status": status + "8\n", "proc/self/task/12/status": status + "0\n", "proc/self/task/13/status": status + "2\n",
		"sys/fs/cgroup/cpu.stat": "usage_usec 9\nnr_periods 9\nnr_throttled 6\nthrottled_usec 3500\n",
	}
	ran := map[int]time.Duration{11: time.Second, 12: time.Hour, 13: 0}
	ranAfter := map[int]time.Duration{11: 2 * time.Second, 12: time.Hour + 2001*time.Millisecond, 13: 500 * time.Millisecond}
	periods, ms := uint64(2), 2.5
	all := []result.Thread{
		{Lcore: result.Lcore{ID: 1, CPU: 4}, CPUSeconds: 1, RunPercent: 50, InvoluntarySwitches: 3},
		{Lcore: result.Lcore{ID: 2, CPU: 5}, CPUSeconds: 2.001, RunPercent: 100},
		{Lcore: result.Lcore{ID: 3, CPU: 4}, CPUSeconds: 0.5, RunPercent: 25, InvoluntarySwitches: 1},
	}
	want := func(change func(*result.Machine)) result.Machine {
		m := result.Machine{Threads: all, ThrottledPeriods: &periods, ThrottledMs: &ms, StealMs: 40}
		if change != nil {
			change(&m)
		}
		return m
	}
	for _, tt := range []struct {
		name  string
		after map[string]string // in place of after's, or with it
		ended int               // TID
		fresh int               // TID whose time has started again
		want  result.Machine
	}{
		{name: "everything", want: want(nil)},
		{name: "a thread has ended", ended: 12, want: want(func(m *result.Machine) { m.Threads = []result.Thread{all[0], all[2]} })},
		{
			name:  "a thread's status has no switches",
			after: map[string]string{"proc/self/task/11/status": "Name:\tlcore\n"},
			want:  want(func(m *result.Machine) { m.Threads = all[1:] }),
		},
		{
			name:  "another thread with the number of one that has ended",
			after: map[string]string{"proc/self/task/11/status": status + "1\n"},
			want:  want(func(m *result.Machine) { m.Threads = all[1:] }),
		},
		{
			name:  "another such thread, which has not been switched",
			fresh: 12,
			want:  want(func(m *result.Machine) { m.Threads = []result.Thread{all[0], all[2]} }),
		},
		{
			name:  "another control group",
			after: map[string]string{"sys/fs/cgroup/cpu.stat": "nr_throttled 1\nthrottled_usec 3500\n"},
			want:  want(func(m *result.Machine) { m.ThrottledPeriods, m.ThrottledMs = nil, nil }),
		},
		{
			name:  "the controller has gone",
			after: map[string]string{"sys/fs/cgroup/cpu.stat": "usage_usec 9\n"},
			want:  want(func(m *result.Machine) { m.ThrottledPeriods, m.ThrottledMs = nil, nil }),
		},
		{
			name:  "a CPU has gone",
			after: map[string]string{"proc/stat": "cpu  4 1 1 1 1 1 1 1 999\ncpu5 1 2 3 4 5 6 7 11\n"},
			want:  want(func(m *result.Machine) { m.StealMs = 10 }),
		},
		{
			name:  "a kernel without steal",
			after: map[string]string{"proc/stat": "cpu  1 1 1 1\ncpu4 1 2 3 4\ncpu5 1 2 3 4 5 6 7 x\ncpu\ncpux 1 2 3 4 5 6 7 8\n"},
			want:  want(func(m *result.Machine) { m.StealMs = 0 }),
		},
		{
			name:  "steal that runs backwards, as some hypervisors let it",
			after: map[string]string{"proc/stat": "cpu4 1 2 3 4 5 6 7 99\ncpu5 1 2 3 4 5 6 7 12\n"},
			want:  want(func(m *result.Machine) { m.StealMs = 20 }),
		},
		{
			name:  "files without an end",
			after: map[string]string{"proc/stat": strings.Repeat("9", 2<<20), "sys/fs/cgroup/cpu.stat": strings.Repeat("9", 2<<20)},
			want:  want(func(m *result.Machine) { m.ThrottledPeriods, m.ThrottledMs, m.StealMs = nil, nil, 0 }),
		},
		{
			name:  "a file that is long after what matters",
			after: map[string]string{"proc/stat": statAfter + strings.Repeat("9", 2<<20)},
			want:  want(nil),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, root := tree(t, before)
			synctest.Test(t, func(t *testing.T) {
				s := New(root, threads)
				s.cpuTime = func(tid int) (time.Duration, bool) { return ran[tid], true }
				a := s.Sample()
				files := maps.Clone(after)
				maps.Copy(files, tt.after)
				write(t, dir, files)
				s.cpuTime = func(tid int) (time.Duration, bool) {
					if tid == tt.fresh {
						return 0, true
					}
					return ranAfter[tid], tid != tt.ended
				}
				time.Sleep(2 * time.Second)
				if diff := cmp.Diff(tt.want, a.Until(s.Sample())); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestNothingToRead(t *testing.T) {
	_, root := tree(t, nil)
	s := New(root, threads)
	want := result.Machine{Threads: []result.Thread{}}
	if diff := cmp.Diff(want, s.Sample().Until(s.Sample())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoTimeBetweenSamples(t *testing.T) {
	_, root := tree(t, map[string]string{"proc/self/task/11/status": status + "5\n"})
	s := New(root, threads[:1])
	s.cpuTime = func(int) (time.Duration, bool) { return time.Second, true }
	a := s.Sample()
	want := result.Machine{Threads: []result.Thread{}}
	if diff := cmp.Diff(want, a.Until(a)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestThisMachine(t *testing.T) {
	tid := make(chan int)
	var stop atomic.Bool
	var turns atomic.Uint64
	defer stop.Store(true)
	go func() {
		runtime.LockOSThread()
		tid <- unix.Gettid()
		for !stop.Load() {
			turns.Add(1)
		}
	}()
	busy := <-tid
	const nobody = 1 << 22 // more than the kernel gives out
	s := New(rootfs.FS{}, []Thread{{Lcore: result.Lcore{ID: 1}, TID: busy}, {Lcore: result.Lcore{ID: 2}, TID: nobody}})
	a, begin := s.Sample(), turns.Load()
	for turns.Load() == begin { // until it has got a CPU
		time.Sleep(50 * time.Millisecond)
	}
	m := a.Until(s.Sample())
	if len(m.Threads) != 1 || m.Threads[0].ID != 1 {
		t.Fatalf("threads %+v", m.Threads)
	}
	if p := m.Threads[0].RunPercent; p <= 0 || p > 100 {
		t.Errorf("the busy thread ran %g %% of the time", p)
	}
	if m.StealMs < 0 {
		t.Errorf("steal of %g ms", m.StealMs)
	}
}

func BenchmarkSample(b *testing.B) {
	s := New(rootfs.FS{}, []Thread{{TID: unix.Gettid()}})
	for b.Loop() {
		s.Sample()
	}
}
