//go:build linux

// Command benchpeers compares podnet's speed with the stock dpdk-testpmd, a plain loop in
// C and app-netutil, and says of each row whether it meets its limit. It does not measure
// a path: bench does. Start with rows.go, which has most rows of the table.
//
// Packet loops are compared by CPU time per packet: the run time of the polling threads
// (schedstat) divided by the port's packets (telemetry). Unlike wall-clock rates, this
// does not depend on the machine's other work. Both sides run on the same CPU in turns,
// with the same ports, mbufs, rings, bursts, memory and driver files, and the same code
// measures them after the same warm-up. A row's ratio is the peer's median divided by
// ours.
//
// It exits with 4 if a row misses its limit, and with 1 if a program fails.
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

// exitBelow is the exit code if a row misses its limit.
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

// withHelper measures once, with the other end of the row if it has one. Each side gets a
// new one: a used one might be in another state.
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

// measureRow measures both sides in turns. The peer comes first: if it fails, the set-up
// is wrong, not podnet.
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
