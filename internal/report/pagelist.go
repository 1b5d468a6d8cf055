package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/result"
)

// settingsList describes the settings in words.
func settingsList(r result.Result) []fact {
	s := r.Settings
	list := []fact{
		{"sends", s.TX},
		{"receives", s.RX},
		{"both ways", yes(s.Bidirectional)},
		{"rate", s.Rate},
		{"flows", strconv.Itoa(s.Flows)},
		{"queues a port", strconv.Itoa(s.Queues)},
		{"destination MAC", s.DstMAC},
	}
	if s.VLAN != 0 {
		list = append(list, fact{"VLAN", strconv.Itoa(s.VLAN)})
	}
	list = append(list, fact{"trial", seconds(s.TrialSeconds)}, fact{"warm-up", seconds(s.WarmupSeconds)})
	if s.MaxMpps > 0 {
		list = append(list, fact{"highest rate tried", fmt.Sprintf("%.4g Mpps", s.MaxMpps)})
	}
	list = append(list, thresholds("threshold", s.Gates)...)
	for _, g := range s.FrameGates {
		list = append(list, thresholds("threshold for "+g.Frame, g.Gates)...)
	}
	for _, g := range s.Goals {
		list = append(list, fact{"goal " + g.Name, fmt.Sprintf("loss %s, exceed ratio %.4g, duration sum %s, width %s",
			percent(g.LossRatio), g.ExceedRatio, seconds(g.DurationSumSeconds), percent(g.Width))})
	}
	return filled(list)
}

// thresholds describes the run's thresholds in words.
func thresholds(name string, g result.Gates) (list []fact) {
	if g.MinMpps != nil {
		list = append(list, fact{name, fmt.Sprintf("at least %.4g Mpps", *g.MinMpps)})
	}
	if g.MaxLoss != nil {
		list = append(list, fact{name, "at most " + percent(*g.MaxLoss) + " lost"})
	}
	if g.MaxP99Us != nil {
		list = append(list, fact{name, fmt.Sprintf("99 %% of the round trips within %.4g us", *g.MaxP99Us)})
	}
	return list
}

// environmentList describes the run's environment in words.
func environmentList(e result.Environment) []fact {
	list := []fact{
		{"testpmd-wrapper", e.Version},
		{"DPDK", e.DPDK},
		{"kernel", e.Kernel},
		{"CPU", e.CPUModel},
		{"pod", e.Host},
		{"CPUs", e.CPUs},
	}
	if e.CPUQuota != nil {
		list = append(list, fact{"CFS quota", fmt.Sprintf("%.4g CPUs", *e.CPUQuota)})
	}
	var nodes, lcores []string
	for _, n := range e.NUMANodes {
		nodes = append(nodes, strconv.Itoa(n))
	}
	list = append(list, fact{"NUMA nodes", strings.Join(nodes, ", ")})
	for _, l := range e.Lcores {
		text := fmt.Sprintf("%d on CPU %d", l.ID, l.CPU)
		if l.Main {
			text += " (main)"
		}
		lcores = append(lcores, text)
	}
	list = append(list, fact{"lcores", strings.Join(lcores, ", ")})
	for _, h := range e.Hugepages {
		list = append(list, fact{"hugepages of " + h.Size, fmt.Sprintf("%d MiB", h.LimitBytes>>20)})
	}
	for _, d := range e.Interfaces {
		node := "NUMA node unknown"
		if d.NUMANode >= 0 {
			node = fmt.Sprintf("NUMA node %d", d.NUMANode)
		}
		list = append(list, fact{d.Name, strings.Join([]string{d.Kind, d.Driver, d.Port, d.MAC, node}, ", ")})
	}
	return filled(append(list, fact{"EAL arguments", strings.Join(e.EALArgs, " ")}))
}

// filled leaves out facts without a value.
func filled(list []fact) (known []fact) {
	for _, f := range list {
		if f.Text != "" {
			known = append(known, f)
		}
	}
	return known
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func seconds(v float64) string { return fmt.Sprintf("%.4g s", v) }
