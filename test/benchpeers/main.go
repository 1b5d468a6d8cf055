//go:build linux

// Command benchpeers measures how fast podnet is beside the stock dpdk-testpmd, a
// plain loop in C and app-netutil, and says of each line whether it is met.
//
// Packet loops are compared by CPU time per packet: the time that the polling threads
// have run (schedstat) over the packets that the port has counted (telemetry).
// Wall-clock rates change with whatever else the machine does; this does not. Both
// sides run on the same CPU, one after the other in alternation, with the same ports,
// mbufs, rings, bursts, memory and driver files, and the same code measures them after
// the same warm-up. A row's ratio is that of the two medians.
//
// It exits with 4 if a line is not met, and with 1 if a program fails.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"time"
)

type options struct {
	pairs      int
	duration   time.Duration
	warmup     time.Duration
	only       *regexp.Regexp
	ours, peer string // programs
}

// exitBelow is the exit code of a line that is not met.
const exitBelow = 4

func main() {
	o := options{warmup: 300 * time.Millisecond}
	var only, write string
	var asJSON bool
	flag.IntVar(&o.pairs, "pairs", 5, "how often to measure each side of each row")
	flag.DurationVar(&o.duration, "duration", 700*time.Millisecond, "CPU time that a loop runs for a measurement, after a warm-up")
	flag.StringVar(&only, "only", "", "measure the rows whose work or peer matches this regular expression")
	flag.StringVar(&o.ours, "bin", "bin/testpmd-wrapper", "our program")
	flag.StringVar(&o.peer, "testpmd", "dpdk-testpmd", "the stock program")
	flag.StringVar(&write, "write", "", "write the table into this Markdown file, between its marks")
	flag.BoolVar(&asJSON, "json", false, "print JSON")
	flag.Parse()
	var err error
	if o.only, err = regexp.Compile(only); err != nil || flag.NArg() > 0 || o.pairs < 1 || o.duration <= 0 {
		flag.Usage()
		os.Exit(64)
	}
	doc, err := run(o)
	if err == nil && write != "" {
		err = doc.writeInto(write)
	}
	if err == nil {
		err = encode(doc, asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchpeers:", err)
		os.Exit(1)
	}
	if !doc.met() {
		os.Exit(exitBelow)
	}
}

func encode(doc document, asJSON bool) error {
	if !asJSON {
		return doc.writeTable(os.Stdout)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

func run(o options) (doc document, err error) {
	for _, program := range []*string{&o.ours, &o.peer} {
		path, err := exec.LookPath(*program)
		if err != nil {
			return doc, err
		}
		*program = path
	}
	b, err := newBench(o)
	if err != nil {
		return doc, err
	}
	defer b.close()
	begin := time.Now()
	var forwarding []result
	for _, r := range rows {
		if !o.only.MatchString(r.work + " / " + r.against) {
			continue
		}
		measured, err := b.measureRow(r)
		if err != nil {
			return doc, fmt.Errorf("%s: %w", r.work, err)
		}
		doc.Rows = append(doc.Rows, measured)
		fmt.Fprintln(os.Stderr, measured)
		if r.forwards {
			forwarding = append(forwarding, measured)
		}
	}
	if len(forwarding) > 1 {
		doc.Rows = append(doc.Rows, geometricMean(forwarding))
	}
	if o.only.MatchString(parityRows) {
		more, err := b.parity()
		if err != nil {
			return doc, err
		}
		doc.Rows = append(doc.Rows, more...)
	}
	doc.describe(b, time.Since(begin))
	return doc, nil
}

// withHelper measures once, with the other end of the row if it has one: each side gets
// its own, since what a peer leaves behind might be the next one's trouble.
func (b *bench) withHelper(r row, measure subject) (sample, error) {
	if r.helper == nil {
		return measure(b)
	}
	stop, err := r.helper(b)
	if err != nil {
		return sample{}, err
	}
	defer stop()
	return measure(b)
}

// measureRow measures both sides in turns; the peer first, since what is wrong with the
// set-up is then not our fault.
func (b *bench) measureRow(r row) (result, error) {
	var peer, ours []sample
	for i := range b.pairs {
		for _, side := range []struct {
			measure subject
			samples *[]sample
		}{{r.peer, &peer}, {r.ours, &ours}} {
			if side.measure == nil {
				continue
			}
			s, err := b.withHelper(r, side.measure)
			if err != nil {
				return result{}, err
			}
			*side.samples = append(*side.samples, s)
		}
		if len(peer) > 0 && peer[i].driver != "" && ours[i].driver != "" && ours[i].driver != peer[i].driver {
			return result{}, fmt.Errorf("the sides run on different drivers: %s and %s", peer[i].driver, ours[i].driver)
		}
	}
	return newResult(r, peer, ours), nil
}
