//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// document is the result.
type document struct {
	Schema   string        `json:"schema"`
	Machine  string        `json:"machine"`
	Versions string        `json:"versions"`
	Pairs    int           `json:"pairs"`
	Duration time.Duration `json:"duration"` // CPU time of each measurement
	Took     time.Duration `json:"took"`
	Memory   string        `json:"memory"`
	Rows     []result      `json:"rows"`
}

func (d *document) describe(b *bench, took time.Duration) {
	d.Schema, d.Pairs, d.Duration, d.Memory, d.Took = "podnet.benchpeers/v2", b.pairs, b.duration, b.memory.name, took.Round(time.Second)
	dpdk := "DPDK unknown"
	for _, r := range d.Rows {
		if r.dpdk != "" {
			dpdk = r.dpdk
		}
	}
	gcc, _ := exec.Command("gcc", "-dumpfullversion").Output()
	d.Versions = fmt.Sprintf("%s, %s, GCC %s, %s", b.versions(), dpdk, bytes.TrimSpace(gcc), runtime.Version())
	var uts unix.Utsname
	_ = unix.Uname(&uts)
	d.Machine = fmt.Sprintf("%s, %d CPUs, Linux %s, %s", model(), runtime.NumCPU(), unix.ByteSliceToString(uts.Release[:]), runtime.GOARCH)
}

// model is the kernel's name of the CPU.
func model() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}

func (d document) met() bool {
	for _, r := range d.Rows {
		if !r.Met {
			return false
		}
	}
	return true
}

// cells gives a row as the cells of a table.
func (r result) cells() []string {
	line, ratio := fmt.Sprintf("at most %g", r.Most), "-"
	if r.Least > 0 {
		line, ratio = fmt.Sprintf("%.2f", r.Least), fmt.Sprintf("%.2f", r.Ratio)
	}
	verdict := "met"
	if !r.Met {
		verdict = "not met"
	}
	against := r.Against
	if against == "" {
		against = "-"
	}
	return []string{r.Work, against, r.Unit, r.Peer.String(), r.Ours.String(), ratio, line, verdict}
}

var heading = []string{"work", "against", "unit", "theirs", "ours", "ratio", "line", "verdict"}

func (d document) writeTable(out io.Writer) error {
	fmt.Fprintf(out, "%s\n%s\nmedians of %d (least to most), alternating, %v of CPU time each, %s memory; took %v\n\n",
		d.Machine, d.Versions, d.Pairs, d.Duration, d.Memory, d.Took)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(heading, "\t"))
	for _, r := range d.Rows {
		fmt.Fprintln(w, strings.Join(r.cells(), "\t"))
	}
	return w.Flush()
}

// The marks between which the table stands in a document.
const (
	beginMark = "<!-- make bench-peers writes from here -->\n"
	endMark   = "<!-- to here -->\n"
)

// writeInto replaces the table in a document.
func (d document) writeInto(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(text), beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no marks to write between", file)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n%s- Machine: %s.\n- Versions: %s.\n", before, strings.TrimSuffix(beginMark, "\n"), "\n", d.Machine, d.Versions)
	fmt.Fprintf(&b, "- Medians of %d (least to most), the two sides in alternation, %v of CPU time each, %s.\n\n",
		d.Pairs, d.Duration, map[string]string{"hugepages": "on hugepages", "none": "on ordinary pages"}[d.Memory])
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(heading, " | "), strings.Repeat("---|", len(heading)))
	for _, r := range d.Rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r.cells(), " | "))
	}
	fmt.Fprintf(&b, "\n%s%s", endMark, after)
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
