// Package resulttest makes results for tests of the packages that read them. The figures
// are invented. Start at Samples and Fabric.
package resulttest

import (
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// The samples are a result of each kind: short, and with every field in use.

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func environment() result.Environment {
	quota := 4.0
	return result.Environment{
		Version: "v0.1.0", DPDK: "22.11.11", Kernel: "6.1.0", CPUModel: "Some CPU @ 2.5 GHz", Host: "bench-0", CPUs: "4-7", CPUQuota: &quota,
		NUMANodes: []int{0}, Hugepages: []result.Hugepages{{Size: "2Mi", LimitBytes: 1 << 30}},
		EALArgs: []string{"--lcores", "0@4,1@5", "--vdev", "net_memif_net1,role=client"},
		Interfaces: []result.Device{
			{Name: "net1", Kind: "memif", Port: "net_memif_net1", Driver: "net_memif", MAC: "02:00:00:00:00:01", Device: "/run/memif/net1"},
			{Name: "net2", Kind: "pci", Port: "0000:3b:02.6", Driver: "net_iavf", MAC: "02:00:00:00:00:02", NUMANode: 1, Device: "0000:3b:02.6"},
		},
		Lcores: []result.LcoreInfo{{Lcore: result.Lcore{ID: 0, CPU: 4}, Main: true}, {Lcore: result.Lcore{ID: 1, CPU: 5}}},
	}
}

func machine() result.Machine {
	periods, ms := uint64(2), 12.5
	return result.Machine{
		Threads:          []result.Thread{{Lcore: result.Lcore{ID: 1, CPU: 5}, CPUSeconds: 0.995, RunPercent: 99.5, InvoluntarySwitches: 3}},
		ThrottledPeriods: &periods, ThrottledMs: &ms, StealMs: 10, RxMissed: 4, RxNoMbuf: 5,
	}
}

func rtt(us float64) *result.RTT {
	r := &result.RTT{Packets: 990_000, MinUs: us / 2, MeanUs: us * 1.1, MaxUs: us * 40}
	for i, percent := range []float64{50, 75, 90, 95, 99, 99.9, 99.99, 99.999} {
		r.Percentiles = append(r.Percentiles, result.Percentile{Percent: percent, Us: us * (1 + float64(i*i)/2)})
	}
	return r
}

// Trial offers at so many Mpps for a second, and loses that part.
func Trial(phase string, f result.Frame, mpps, loss float64) result.Trial {
	offered := uint64(mpps * 1e6)
	lost := uint64(mpps * 1e6 * loss)
	return result.Trial{
		Phase: phase, Started: start, Seconds: 1, Frame: f.Name,
		Requested: result.NewTarget(mpps*1e6, f.Bytes), Offered: offered,
		Sent:     result.NewTraffic(offered-lost/2, f.Bytes, time.Second),
		Received: result.NewTraffic(offered-lost, f.Bytes, time.Second),
		Lost:     lost, LossRatio: loss, TxRefused: lost / 2, RTT: rtt(10 * (1 + mpps)),
		Late: 7, MaxLateUs: 130.5, Valid: true, Machine: machine(),
		ScheduledRTT: rtt(12 * (1 + mpps)), Lateness: rtt(1),
		TxQueues: []result.TxQueue{{Interface: "net1", Lcore: 1, Ring: 1024, Backlog: 261}},
		RxQueues: []result.RxQueue{{Interface: "net2", Lcore: 1, Ring: 256, GapUs: 40.5, Gap: uint64(40.5 * mpps)}},
		Interfaces: []result.Interface{
			{Name: "net1", Port: "net_memif_net1", MAC: "02:00:00:00:00:01", Counters: result.Counters{TxPackets: offered - lost/2, TxBytes: 64 * (offered - lost/2), TxRefused: lost / 2}},
			{Name: "net2", Port: "0000:3b:02.6", MAC: "02:00:00:00:00:02", Counters: result.Counters{RxPackets: offered - lost, RxMissed: 4, RxErrors: 1, RxNoMbuf: 5, TxErrors: 2}},
		},
	}
}

// Size is frames of one size.
func Size(bytes int) result.Frame {
	return result.Frame{Name: fmt.Sprint(bytes), Bytes: float64(bytes)}
}

// Fixed is one trial both ways.
func Fixed() result.Result {
	ended := start.Add(12 * time.Second)
	least := 1.0
	t := Trial("measurement", Size(64), 2, 0.0001)
	t.Duplicates, t.Reordered, t.RxOther = 3, 2, 1
	t.Directions = []result.Direction{
		{TX: "net1", RX: "net2", Offered: 1_000_000, Sent: 999_900, Received: 999_800, Lost: 200, TxRefused: 100, Duplicates: 3, Reordered: 2},
		{TX: "net2", RX: "net1", Offered: 1_000_000, Sent: 1_000_000, Received: 1_000_000},
	}
	return result.Result{
		Schema: result.Schema, Method: result.Fixed, Started: start, Ended: &ended, Complete: true, Valid: true,
		Settings: result.Settings{
			TX: "net1", RX: "net2", Bidirectional: true, Rate: "2Mpps", Flows: 16, Queues: 1, VLAN: 7, DstMAC: "02:00:00:00:00:02",
			TrialSeconds: 1, WarmupSeconds: 1, Gates: result.Gates{MinMpps: &least},
		},
		Environment:  environment(),
		Calibration:  &result.Calibration{Ceiling: result.NewRate(21e6, 64), Seconds: 0.2, TimestampError: *rtt(0.2), TimedMpps: 0.01},
		Measurements: []result.Measurement{{Frame: Size(64), Repeat: 1, Complete: true, Valid: true, Trials: []result.Trial{t}}},
	}
}

// Kernel is what the kernel carried of one size.
func Kernel(name string, bytes int, mpps float64) result.KernelBaseline {
	sent := uint64(2 * mpps * 1e6)
	return result.KernelBaseline{
		Peer: "10.244.1.7:7000", Interface: "eth0", MTU: 1450, Frame: name, FrameBytes: bytes,
		Sent: sent + 100, Received: sent, Seconds: 2, Mpps: mpps, LossRatio: 100 / float64(sent+100), RTT: rtt(30),
	}
}

// NDR is a sweep of sizes with two goals and the latency at loads.
func NDR() result.Result {
	r := Fixed()
	most, least := 0.01, 4.0
	r.Method = result.NDR
	r.Settings.Rate, r.Settings.Bidirectional, r.Settings.MaxMpps = "", false, 20
	r.Settings.MaxLoss, r.Settings.MinMpps = &most, &least
	r.Settings.Goals = []result.GoalSettings{
		{Name: "NDR", ExceedRatio: 0.5, DurationSumSeconds: 21, Width: 0.005},
		{Name: "PDR", LossRatio: 0.005, ExceedRatio: 0.5, DurationSumSeconds: 21, Width: 0.005},
	}
	r.Failed = []string{"imix frames: NDR is 3.5 Mpps, below the 4 of --min-mpps"}
	r.Measurements = nil
	frames := []result.Frame{Size(64), Size(128), Size(256), Size(512), Size(1024), Size(1280), Size(1518)}
	frames = append(frames, result.Frame{Name: "imix", Bytes: 353.8333333333333, Mix: []result.Share{{Bytes: 64, Weight: 7}, {Bytes: 570, Weight: 4}, {Bytes: 1518, Weight: 1}}})
	for _, f := range frames {
		ndr := 12 / (1 + f.Bytes/150)
		m := result.Measurement{Frame: f, Repeat: 1, Complete: true, Valid: true}
		for i, g := range r.Settings.Goals {
			rate := (ndr + 0.2*float64(i)) * 1e6
			lower, upper, conditional := result.NewRate(rate, f.Bytes), result.NewRate(rate*1.004, f.Bytes), result.NewRate(rate*0.999, f.Bytes)
			lowest, lossy := result.NewRate(2e4, f.Bytes), 0.1*float64(i)
			m.Goals = append(m.Goals, result.Goal{
				GoalSettings: g, Status: result.Regular, Lower: &lower, Upper: &upper, Conditional: &conditional,
				PerDirection: &lower, Lowest: &lowest, LossyShare: &lossy,
			})
		}
		for _, part := range []float64{1.6, 1.3, 1.1, 1.05, 1.02, 1.004, 1, 0.999} {
			loss := max(0, 1-1/part-0.002)
			m.Trials = append(m.Trials, Trial("search", f, ndr*part, loss))
		}
		r.Measurements = append(r.Measurements, m)
	}
	// The largest is in fragments, and has no rate to compare with.
	r.KernelBaseline = []result.KernelBaseline{Kernel("64", 64, 0.25), Kernel("1518", 1518, 0.125), Kernel("imix", 354, 0.2)}
	r.KernelBaseline[2].Interface, r.KernelBaseline[2].MTU, r.KernelBaseline[2].RTT = "", 0, nil
	// Not every search has two bounds.
	r.Measurements[5].Goals[0].Status, r.Measurements[5].Goals[0].Upper = result.AboveMaximum, nil
	bare := &r.Measurements[6].Goals[0]
	bare.Status, bare.Lower, bare.Conditional, bare.PerDirection, bare.LossyShare = result.BelowMinimum, nil, nil, nil, nil
	late := &r.Measurements[0].Trials[3]
	late.Valid, late.Reason = false, "the generator was late with 4000 packets"
	return r
}

// Latency is what is found at loads.
func Latency() result.Result {
	r := Fixed()
	r.Method = result.Latency
	m := &r.Measurements[0]
	for _, part := range []float64{0.1, 0.5, 0.9} {
		m.Latency = append(m.Latency, result.LoadLatency{
			Load: fmt.Sprintf("%g%% of NDR", part*100), Fraction: part, Rate: result.NewRate(2e6*part, 64), RTT: rtt(10 / (1 - part)),
			ScheduledRTT: rtt(12 / (1 - part)), Lateness: rtt(1), Late: 7, MaxLateUs: 130.5,
		})
	}
	return r
}

// Late is latency on a machine that held up the generator at the highest load. At
// idle few packets were sent.
func Late() result.Result {
	r := Latency()
	m := &r.Measurements[0]
	idle := result.RTT{Packets: 100, MinUs: 5, MeanUs: 6, MaxUs: 70, Percentiles: []result.Percentile{{Percent: 50, Us: 6}, {Percent: 75, Us: 6.5}, {Percent: 90, Us: 7}}}
	m.Latency = append([]result.LoadLatency{{Load: "idle", Fraction: 1e-3, Rate: result.NewRate(2e3, 64), RTT: &idle, ScheduledRTT: &idle}}, m.Latency...)
	t := &m.Trials[0]
	t.Limited([]result.Limit{
		{Code: result.CPUShare, Text: "lcore 1 had its CPU 49 % of the time"},
		{Code: result.Behind, Text: "lcore 1 was behind by 4000 packets at the worst moment, and queue 0 of net1 has room for 1024"},
	})
	t.Changed = result.Changed{RxTruncated: 1, RxExtended: 2, RxDamaged: 3, RxRetagged: 6000, RxTags: []int{7}}
	m.Latency[3].Limited, m.Discarded = t.Reason, 1
	m.Valid, m.Reason = false, "90% of NDR: "+t.Reason
	r.Valid, r.Reason = false, m.Reason
	return r
}

// Steps has the forms of loss and of bursts.
func Steps() result.Result {
	r := Fixed()
	r.Method = result.Loss
	m := &r.Measurements[0]
	m.Steps = []result.LossStep{
		{Fraction: 1, Rate: result.NewRate(2e6, 64), LossRatio: 0.25}, {Fraction: 0.9, Rate: result.NewRate(1.8e6, 64)},
	}
	burst := *m
	burst.Steps, burst.Repeat = nil, 2
	burst.Burst = &result.BurstResult{Frames: 1500.5, Lengths: []uint64{1500, 1501}, Limit: 100_000, Least: 1500, Most: 1501, SD: 0.7}
	r.Measurements = append(r.Measurements, burst)
	return r
}

// Soak was killed, and its names were written by somebody who means harm.
func Soak() result.Result {
	r := Fixed()
	const hostile = "=cmd|'/c'!A1\x1b[31m</text><script>alert(1)</script>|`&\"'\u202e"
	r.Method, r.Complete, r.Valid, r.Ended = result.Soak, false, false, nil
	r.Reason = "it was stopped before its time"
	r.Settings.TX, r.Settings.Bidirectional = hostile, false
	m := &r.Measurements[0]
	m.Complete, m.Valid, m.Reason = false, false, hostile
	t := &m.Trials[0]
	t.Directions, t.Valid, t.Reason = nil, false, hostile
	t.Requested = result.NewTarget(0, 64)
	t.Interfaces[0].Name = hostile
	t.Windows = []result.Window{{Started: start.Add(time.Minute), Seconds: 1, Lost: 200, TxRefused: 100, Offered: 2_000_000, Machine: machine()}}
	t.WindowsOmitted = 2
	six := Kernel("64", 82, 0.25) // over IPv6 there is no smaller one
	six.Peer, six.Interface = "[fd00::7]:7000", hostile
	r.KernelBaseline = []result.KernelBaseline{six}
	return r
}

// Samples are all of them, by name.
func Samples() map[string]result.Result {
	return map[string]result.Result{
		"fixed": Fixed(), "ndr": NDR(), "latency": Latency(), "late": Late(), "loss": Steps(), "soak": Soak(),
	}
}

// Searched is a measurement by a search that found this rate; 0: even the lowest
// one lost too much.
func Searched(mpps float64) result.Measurement {
	m := result.Measurement{Frame: Size(64), Complete: true, Valid: true}
	g := result.Goal{Status: result.BelowMinimum}
	g.Name = "NDR"
	if mpps > 0 {
		g.Status, g.Lower = result.Regular, &result.Rate{Mpps: mpps}
	}
	m.Goals = []result.Goal{g}
	return m
}

// FixedAt is a measurement of one trial.
func FixedAt(mpps, loss float64) result.Measurement {
	t := result.Trial{LossRatio: loss}
	t.Received.Mpps = mpps
	return result.Measurement{Frame: Size(64), Complete: true, Valid: true, Trials: []result.Trial{t}}
}
