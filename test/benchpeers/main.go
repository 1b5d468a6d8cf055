//go:build linux

// Command benchpeers compares our packet loops with those of the stock
// dpdk-testpmd, on net_null, in CPU time a packet: what the polling thread has
// run for (schedstat) over the packets that the port has counted (telemetry).
// Wall-clock rates change with whatever else the machine does; this does not.
//
// Both sides run on the same CPU, one after the other in alternation, with the
// same port, mbuf and ring sizes, the same memory and the same driver files, and
// are measured by the same code after the same warm-up. Each moves bursts of its
// own size, 64 for ours and testpmd's default of 32; --burst makes them equal.
//
// Targets are reported as met or not; the exit code is 1 only when a process
// fails.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"text/tabwriter"
	"time"
)

type options struct {
	pairs      int
	duration   time.Duration
	warmup     time.Duration
	burst      int
	ours, peer string // programs
}

func main() {
	var o options
	var seconds float64
	var asJSON bool
	flag.IntVar(&o.pairs, "pairs", 5, "how often to measure each side of each row")
	flag.Float64Var(&seconds, "seconds", 2, "how long a loop runs for a measurement, after a warm-up of one second")
	flag.IntVar(&o.burst, "burst", 32, "testpmd's --burst, by default its own default; ours is 64")
	flag.StringVar(&o.ours, "bin", "bin/testpmd-wrapper", "our program")
	flag.StringVar(&o.peer, "testpmd", "dpdk-testpmd", "the stock program")
	flag.BoolVar(&asJSON, "json", false, "print JSON")
	flag.Parse()
	if flag.NArg() > 0 || o.pairs < 1 || seconds <= 0 {
		flag.Usage()
		os.Exit(64)
	}
	o.duration, o.warmup = time.Duration(seconds*float64(time.Second)), time.Second
	if err := run(o, asJSON, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "benchpeers:", err)
		os.Exit(1)
	}
}

func run(o options, asJSON bool, stdout, stderr io.Writer) error {
	for _, program := range []*string{&o.ours, &o.peer} {
		path, err := exec.LookPath(*program)
		if err != nil {
			return err
		}
		*program = path
	}
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	doc := document{Schema: "podnet.benchpeers/v1", Pairs: o.pairs, Seconds: o.duration.Seconds(), Burst: o.burst, CPU: b.pollingCPU(), Memory: b.memory.name}
	for _, w := range workloads {
		var ours, peer []sample
		for i := range o.pairs {
			// Testpmd first: what is wrong with the set-up is then not our fault.
			for _, side := range []struct {
				argv    []string
				samples *[]sample
			}{{b.peerArgs(w), &peer}, {b.ourArgs(w), &ours}} {
				s, err := b.measure(side.argv)
				if err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				*side.samples = append(*side.samples, s)
			}
			fmt.Fprintf(stderr, "%s, pair %d of %d: testpmd %.2f ns, ours %.2f ns a packet\n",
				w.name, i+1, o.pairs, peer[i].nsPerPacket, ours[i].nsPerPacket)
			if ours[i].dpdk != peer[i].dpdk || ours[i].driver != peer[i].driver {
				return fmt.Errorf("the sides run on different DPDKs: testpmd on %s with %s, ours on %s with %s",
					peer[i].dpdk, peer[i].driver, ours[i].dpdk, ours[i].driver)
			}
		}
		doc.DPDK = ours[0].dpdk
		doc.Rows = append(doc.Rows, newRow(w, peer, ours))
	}
	if asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(doc)
	}
	return doc.writeTable(stdout)
}

// document is the result.
type document struct {
	Schema  string  `json:"schema"`
	DPDK    string  `json:"dpdk"`
	Pairs   int     `json:"pairs"`
	Seconds float64 `json:"seconds"` // of CPU time, of each measurement
	Burst   int     `json:"burst"`   // testpmd's
	CPU     int     `json:"cpu"`     // that the loops ran on
	Memory  string  `json:"memory"`
	Rows    []row   `json:"rows"`
}

func (d document) writeTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "CPU time a packet of the polling thread: median of %d (least to most), %g s each, %s, %s memory, CPU %d, testpmd's burst %d\n",
		d.Pairs, d.Seconds, d.DPDK, d.Memory, d.CPU, d.Burst)
	fmt.Fprintln(w, "loop\ttestpmd ns\tours ns\ttestpmd/ours\ttarget\t\t")
	for _, r := range d.Rows {
		verdict := "not met"
		if r.Met {
			verdict = "met"
		}
		fmt.Fprintf(w, "%s\t%v\t%v\t%v\t>= %.2f\t%s\t\n", r.Workload, r.Testpmd, r.Ours, r.Ratio, r.Target, verdict)
	}
	return w.Flush()
}
