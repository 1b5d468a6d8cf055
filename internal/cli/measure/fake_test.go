package measure

import (
	"context"
	"encoding/json"
	"net"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/result"
)

// onFake runs a command line on a DPDK of memory, in a bubble.
func onFake(t *testing.T, ctx func(context.Context) context.Context, prepare func(f *dpdktest.Fake), newCmd func(deps) *cobra.Command, args ...string) (*world, *dpdktest.Fake, error) {
	t.Helper()
	var w world
	var f *dpdktest.Fake
	var err error
	// The first call of Notify starts the process's loop of signals, which must not belong
	// to a bubble.
	_, stop := signal.NotifyContext(t.Context(), syscall.SIGWINCH)
	stop()
	synctest.Test(t, func(t *testing.T) {
		f = dpdktest.New()
		prepare(f)
		d := w.deps()
		d.driver = f
		cmd := newCmd(d)
		cmd.SetArgs(append(args, "--memory", "none"))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err = cmd.ExecuteContext(ctx(t.Context()))
	})
	if !f.CleanedUp() || f.Running() > 0 || f.Leaked() > 0 {
		t.Errorf("EAL ended: %v, %d lcores run, %d workers are left", f.CleanedUp(), f.Running(), f.Leaked())
	}
	return &w, f, err
}

func forever(ctx context.Context) context.Context { return ctx }

// reflects lets all packets come back, as the device at the other end does.
func reflects(w dpdktest.Wire) func(*dpdktest.Fake) {
	return func(f *dpdktest.Fake) { f.Connect("net_ring0", "net_ring0", w) }
}

// bench measures the rate, loss and round-trip times of the fake path.
func TestBenchOnFake(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		wire dpdktest.Wire
		code int
		want func(t *testing.T, r result.Result)
	}{
		"fixed": {
			[]string{"--rate", "1Mpps", "-d", "10s"},
			dpdktest.Wire{Delay: 5 * time.Microsecond},
			cli.CodeDone,
			func(t *testing.T, r result.Result) {
				if trial := r.Measurements[0].Trials[0]; trial.Offered != 10_000_000 || trial.Lost != 0 || trial.RTT == nil {
					t.Errorf("%+v", trial)
				}
				if r.Calibration == nil || len(r.Environment.Lcores) != 3 || r.Settings.DstMAC == "" {
					t.Errorf("%+v", r)
				}
			},
		},
		"soak": {
			[]string{"--rate", "10kpps", "-d", "1m", "--max-loss", "0.05"},
			dpdktest.Wire{LoseEvery: 10},
			cli.CodeBelow,
			func(t *testing.T, r result.Result) {
				if trial := r.Measurements[0].Trials[0]; trial.Lost != 60_000 || len(trial.Windows) < 59 {
					t.Errorf("%d lost in %d windows", trial.Lost, len(trial.Windows))
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "result.json")
			args := append([]string{name, "--vdev", "net_ring0", "-o", "json", "--result-file", file}, tt.args...)
			w, _, err := onFake(t, forever, reflects(tt.wire), newBenchCmd, args...)
			if cli.ExitCode(err) != tt.code {
				t.Errorf("code %d, %v\n%s", cli.ExitCode(err), err, &w.err)
			}
			r, err := result.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Valid || !r.Complete || r.Ended == nil {
				t.Errorf("valid: %v, complete: %v, %s", r.Valid, r.Complete, r.Reason)
			}
			tt.want(t, r)
			if n := strings.Count(w.err.String(), "msg=trial"); n == 0 {
				t.Errorf("nothing is reported meanwhile:\n%s", &w.err)
			}
		})
	}
}

// -o hdr has the round-trip times at each load, and -o csit a test case.
func TestExportsOnFake(t *testing.T) {
	write := func(output string, args ...string) (string, error) {
		w, _, err := onFake(t, forever, reflects(dpdktest.Wire{Delay: 5 * time.Microsecond}), newBenchCmd, append(args, "--vdev", "net_ring0", "-o", output)...)
		return w.out.String(), err
	}
	text, err := write("hdr", "latency", "--frame-size", "64", "--rate", "100kpps", "--load", "10%,50%", "-d", "1s")
	if err != nil {
		t.Fatal(err)
	}
	sum, reader := bench.NewHistogram(), hdrhistogram.NewHistogramLogReader(strings.NewReader(text))
	for range 2 {
		h, err := reader.NextIntervalHistogram()
		if err != nil || h == nil {
			t.Fatalf("%v, %v in\n%s", h, err, text)
		}
		sum.Merge(h)
	}
	if sum.TotalCount() != 60_000 || !strings.Contains(text, "Tag=64/50%_of_0.1_Mpps,") {
		t.Errorf("%d packets, want 60000, in\n%s", sum.TotalCount(), text)
	}
	text, err = write("csit", "--frame-size", "64,128", "--rate", "10kpps", "-d", "1s", "--min-mpps", "64:0.001,128:1e9")
	if cli.ExitCode(err) != cli.CodeBelow {
		t.Errorf("code %d, %v", cli.ExitCode(err), err)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"passed":true`) || !strings.Contains(lines[1], `"passed":false`) {
		t.Errorf("%s", text)
	}
}

// If a signal stops bench, it writes the result so far and marks it as not complete.
func TestBenchStoppedOnFake(t *testing.T) {
	soon := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(5*time.Second, cancel)
		return ctx
	}
	w, _, err := onFake(t, soon, reflects(dpdktest.Wire{}), newBenchCmd, "--vdev", "net_ring0", "-o", "json", "--rate", "1kpps", "-d", "1h")
	if cli.ExitCode(err) != cli.CodeInvalid {
		t.Errorf("code %d, %v", cli.ExitCode(err), err)
	}
	var r result.Result
	if err := json.Unmarshal(w.out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Complete || r.Valid || len(r.Measurements) != 1 || len(r.Measurements[0].Trials) != 1 || r.Measurements[0].Trials[0].Received.Packets == 0 {
		t.Errorf("%+v", r)
	}
}

func TestBenchWithoutAPeerOnFake(t *testing.T) {
	w, _, err := onFake(t, forever, func(*dpdktest.Fake) {}, newBenchCmd, "--vdev", "net_ring0", "--peer-timeout", "2s")
	if cli.ExitCode(err) != cli.CodeNotReady || !strings.Contains(err.Error(), "no probe frame came back") || w.out.Len() > 0 {
		t.Errorf("code %d, %v, output %q", cli.ExitCode(err), err, &w.out)
	}
}

// A peer of virtio_user that hangs up makes the run not valid, as every absent peer does.
func TestBenchOfAPeerThatHangsUpOnFake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peer.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, _, err := onFake(t, forever, func(f *dpdktest.Fake) {
		f.Connect("virtio_user0", "virtio_user0", dpdktest.Wire{})
		time.AfterFunc(5*time.Second, func() { f.SetPeer("virtio_user0", false) })
	}, newBenchCmd, "--vdev", "virtio_user0,path="+path, "--rate", "1kpps", "-d", "1h", "-o", "json")
	if cli.ExitCode(err) != cli.CodeInvalid || !strings.Contains(err.Error(), "the peer hung up") {
		t.Errorf("code %d, %v\n%s", cli.ExitCode(err), err, &w.err)
	}
	var r result.Result
	if err := json.Unmarshal(w.out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Valid || !strings.Contains(r.Reason, "hung up") {
		t.Errorf("valid %t, %q", r.Valid, r.Reason)
	}
}

// run and dut count the packets that they forward, and print the counters meanwhile.
func TestForwardOnFake(t *testing.T) {
	for name, tt := range map[string]struct {
		newCmd func(deps) *cobra.Command
		args   []string
	}{
		"run": {newRunCmd, []string{"--mode", "macswap"}},
		"dut": {newDutCmd, []string{"--rate", "1Mpps", "--loss", "every:10"}},
	} {
		t.Run(name, func(t *testing.T) {
			arrive := func(f *dpdktest.Fake) {
				time.AfterFunc(1500*time.Millisecond, func() { f.Arrive("net_ring0", 100, 60) })
			}
			w, _, err := onFake(t, forever, arrive, tt.newCmd, append(tt.args, "--vdev", "net_ring0", "-o", "json", "-d", "3s")...)
			if err != nil {
				t.Fatalf("%v\n%s", err, &w.err)
			}
			var r result.Run
			if err := json.Unmarshal(w.out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Total.RxPackets != 100 || r.Total.TxPackets != 100 || r.Seconds != 3 || len(r.Interfaces) != 1 || (r.Faults != nil) != (name == "dut") {
				t.Errorf("%+v", r)
			}
			if n := strings.Count(w.err.String(), "net_ring0 rx "); n < 2 {
				t.Errorf("%d lines meanwhile:\n%s", n, &w.err)
			}
		})
	}
}

// A sweep says beforehand how long it takes, and each answer when it is there.
func TestSweepOnFake(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"--frame-size", "64,128"}, []string{
			`msg=plan text="trials take 20m0s at most, and usually about 2m0s, for 2 measurements, each reported when it ends"`,
			`msg=answer text="64 NDR: 10 kpps`, `msg=answer text="64 PDR: `, `msg=answer text="128 NDR: `,
		}},
		{[]string{"--quick"}, []string{`msg=plan text="trials take 15s at most, and usually about 10s"`}},
		{[]string{"--quick", "--search-limit", "0s", "--width", "2%"}, []string{`msg=plan text="trials take as long as the path needs"`}},
	} {
		args := append([]string{"ndr", "--vdev", "net_ring0", "-o", "json", "--max-rate", "10kpps"}, tt.args...)
		w, _, err := onFake(t, forever, reflects(dpdktest.Wire{}), newBenchCmd, args...)
		if err != nil {
			t.Fatalf("%q: %v\n%s", tt.args, err, &w.err)
		}
		rest := w.err.String()
		for _, want := range tt.want {
			_, after, ok := strings.Cut(rest, want)
			if !ok {
				t.Errorf("%q: want %s in its turn:\n%s", tt.args, want, &w.err)
			}
			rest = after
		}
		var r result.Result
		if err := json.Unmarshal(w.out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		quick := tt.args[0] == "--quick"
		if r.Settings.Quick != quick || quick != (len(r.Measurements) == 1) || r.Measurements[0].Goals[0].Status != result.AboveMaximum {
			t.Errorf("%q: %+v", tt.args, r.Measurements)
		}
	}
}

// A part of the line rate needs one: no virtual device has it.
func TestPartOfTheLineRateOnFake(t *testing.T) {
	args := []string{"--vdev", "net_ring0", "-o", "json", "--rate", "50%", "-d", "1s"}
	_, _, err := onFake(t, forever, reflects(dpdktest.Wire{}), newBenchCmd, args...)
	if cli.ExitCode(err) != cli.CodeUsage || !strings.Contains(err.Error(), "give --line-rate") {
		t.Errorf("without a line rate: code %d, %v", cli.ExitCode(err), err)
	}
	w, _, err := onFake(t, forever, reflects(dpdktest.Wire{}), newBenchCmd, append(args, "--line-rate", "1G")...)
	if err != nil {
		t.Fatalf("%v\n%s", err, &w.err)
	}
	var r result.Result
	if err := json.Unmarshal(w.out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if trial := r.Measurements[0].Trials[0]; r.Settings.LineRateGbps != 1 || trial.Offered != 744_048 {
		t.Errorf("%g Gbit/s, %d packets offered", r.Settings.LineRateGbps, trial.Offered)
	}
}

// With --rfc2544 methods take the RFC's values, and say where they depart from it.
func TestRFC2544OnFake(t *testing.T) {
	_, _, err := onFake(t, forever, reflects(dpdktest.Wire{}), newBenchCmd, "loss", "--rfc2544", "--vdev", "net_ring0", "--frame-size", "1518")
	if cli.ExitCode(err) != cli.CodeUsage || !strings.Contains(err.Error(), "give --line-rate") {
		t.Errorf("loss without a line rate: code %d, %v", cli.ExitCode(err), err)
	}
	for name, tt := range map[string]struct {
		args       []string
		want       func(m result.Measurement) bool
		deviations []string
	}{
		"loss": {[]string{"--line-rate", "100M", "--trial", "2s"}, func(m result.Measurement) bool {
			return len(m.Steps) == 2 && m.Steps[0].Rate.GbpsL1 > 0.0999 && m.Steps[0].Rate.GbpsL1 < 0.1001
		}, []string{"sections 11 and 12", "section 23", "--trial is 2s, and the RFC wants 1m0s"}},
		"throughput": {[]string{"--max-rate", "1kpps", "--width", "10%"}, func(m result.Measurement) bool {
			all := true
			for _, t := range m.Trials {
				all = all && t.Seconds > 59
			}
			return all && m.Goals[0].Status == result.AboveMaximum && len(m.Trials) == 1
		}, []string{"sections 11 and 12", "section 23", "section 26.1"}},
		"latency": {[]string{"--rate", "1kpps", "--rounds", "2"}, func(m result.Measurement) bool {
			return len(m.Latency) == 1 && m.Latency[0].Fraction == 1 && len(m.Latency[0].Rounds) == 2 && m.Trials[0].Seconds > 119
		}, []string{"sections 11 and 12", "section 23", "not one after 60 s", "RFC 1242", "--rounds is 2, and the RFC wants 20"}},
		"burst": {[]string{"--line-rate", "10M", "--bursts", "3"}, func(m result.Measurement) bool {
			return m.Burst != nil && m.Burst.Throughput != nil && m.Burst.Least == m.Burst.Limit
		}, []string{"sections 11 and 12", "section 23", "--bursts is 3, and the RFC wants 50"}},
	} {
		args := append([]string{name, "--rfc2544", "--vdev", "net_ring0", "-o", "json", "--frame-size", "1518"}, tt.args...)
		w, _, err := onFake(t, forever, reflects(dpdktest.Wire{}), newBenchCmd, args...)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, &w.err)
			continue
		}
		var r result.Result
		if err := json.Unmarshal(w.out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if !tt.want(r.Measurements[0]) {
			t.Errorf("%s: %+v", name, r.Measurements[0])
		}
		if len(r.Deviations) != len(tt.deviations) {
			t.Errorf("%s: departs in %q", name, r.Deviations)
		}
		for i, want := range tt.deviations[:min(len(tt.deviations), len(r.Deviations))] {
			if !strings.Contains(r.Deviations[i], want) {
				t.Errorf("%s: departs in %q, want %q", name, r.Deviations[i], want)
			}
		}
	}
}
