// Command benchdut shows how well bench measures: it sets dut to a rate, a loss or a
// delay, lets bench measure that through vhost-user and memif sockets, and compares the
// two figures. It is not a test of speed: benchpeers measures that. Start with questions.
//
// A machine that others use, too, loses packets by itself. So benchdut measures the same
// device without a fault, at the same rate, before and after each measurement. The
// measurement counts only if these two lost nothing; otherwise it is repeated.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/result"
)

func main() {
	wrapper := flag.String("wrapper", "bin/testpmd-wrapper", "the application")
	runs := flag.Int("runs", 5, "measurements per setting; their median counts")
	rate := flag.Float64("rate", 10e3, "packets per second that the device is set to; loss and delay are measured at a fifth of it")
	flag.Parse()
	// Both sides inherit it, where it may be had at all.
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, -20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := benchDut(ctx, *wrapper, *runs, *rate, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "benchdut: %v\n", err)
		os.Exit(1)
	}
}

// The settings. The default rates are low: even if other processes have the CPU for some
// milliseconds, the packets that are then late fit into a ring and into dut's queue. Long
// trials have lower rates.
const (
	setLoss     = 1e-4
	setDelay    = 500 * time.Microsecond
	lossPackets = 100_000
	queueTime   = 6400 * time.Microsecond // that the device's queue lasts
)

// question is one setting of dut, which bench has to find.
type question struct {
	name  string
	fault []string // of dut
	rate  float64  // of the controls, in packets per second
	bench []string // bench's arguments
	// answer reads bench's figure from its result and from the control before it.
	answer func(r, control result.Result) (float64, error)
	want   float64
	unit   string
	// most is the largest allowed error of the median.
	most func(r, control result.Result) float64
}

// questions gives the settings of a device with that rate, in packets per second.
func questions(setRate float64) []question {
	fixedRate := setRate / 5
	lossSeconds := int(math.Ceil(lossPackets / fixedRate))
	depth := strconv.Itoa(int(math.Round(setRate * queueTime.Seconds())))
	trial := func(r result.Result) result.Trial { return r.Measurements[0].Trials[len(r.Measurements[0].Trials)-1] }
	median := func(r result.Result) (float64, error) {
		if rtt := trial(r).RTT; rtt != nil {
			return rtt.Percentiles[0].Us, nil
		}
		return 0, errors.New("no round-trip times")
	}
	return []question{
		{
			name: "forwarding rate", fault: []string{"--rate", number(setRate), "--queue-depth", depth}, want: setRate / 1e6, unit: "Mpps",
			rate:  setRate,
			bench: []string{"ndr", "--trial", "2s", "--duration-sum", "6s", "--max-rate", number(2 * setRate), "--goal", "NDR=0"},
			answer: func(r, _ result.Result) (float64, error) {
				if g := r.Measurements[0].Goals[0]; g.Status == result.Regular {
					return g.Lower.Mpps, nil
				}
				return 0, errors.New("the search found no bound")
			},
			most: func(_, _ result.Result) float64 { return 0.01 * setRate / 1e6 },
		},
		{
			name: "loss ratio", fault: []string{"--loss", "1/10000"}, want: setLoss, unit: "",
			rate:   fixedRate,
			bench:  fixedTrial(fixedRate, lossSeconds),
			answer: func(r, _ result.Result) (float64, error) { return trial(r).LossRatio, nil },
			// Three standard errors of a binomial distribution.
			most: func(r, _ result.Result) float64 {
				return 3 * math.Sqrt(setLoss*(1-setLoss)/float64(trial(r).Offered))
			},
		},
		{
			name: "added delay", fault: []string{"--delay", setDelay.String()}, want: float64(setDelay.Microseconds()), unit: "us",
			rate:  fixedRate,
			bench: fixedTrial(fixedRate, 2),
			answer: func(r, control result.Result) (float64, error) {
				with, err := median(r)
				if err != nil {
					return 0, err
				}
				without, err := median(control)
				return with - without, err
			},
			most: func(r, _ result.Result) float64 {
				own := 0.0
				if c := r.Calibration; c != nil {
					own = c.TimestampError.Percentiles[0].Us
				}
				return 5 + own
			},
		},
	}
}

// attempts is how often a measurement is repeated because a control lost packets.
const attempts = 5

func benchDut(ctx context.Context, wrapper string, runs int, rate float64, out io.Writer) error {
	var errs []error
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "socket\tset\tto\tmedian found\toff by\tallowed\truns\trepeated\t")
	for _, socket := range []string{"vhost-user", "memif"} {
		for _, q := range questions(rate) {
			var found []float64
			var last, control result.Result
			repeated := 0
			for range runs {
				r, c, again, err := between(ctx, wrapper, socket, q)
				if err != nil {
					return errors.Join(fmt.Errorf("%s, %s: %w", socket, q.name, err), tw.Flush())
				}
				v, err := q.answer(r, c)
				if err != nil {
					return errors.Join(fmt.Errorf("%s, %s: %w", socket, q.name, err), tw.Flush())
				}
				found = append(found, v)
				last, control = r, c
				repeated += again
			}
			slices.Sort(found)
			median := found[len(found)/2]
			most := q.most(last, control)
			fmt.Fprintf(tw, "%s\t%s\t%.6g %s\t%.6g\t%.3g\t%.3g\t%s\t%d\t\n",
				socket, q.name, q.want, q.unit, median, math.Abs(median-q.want), most, list(found), repeated)
			if math.Abs(median-q.want) > most {
				errs = append(errs, fmt.Errorf("%s: a %s of %g %s was measured as %g, off by more than %.3g", socket, q.name, q.want, q.unit, median, most))
			}
		}
	}
	return errors.Join(append(errs, tw.Flush())...)
}

// list shows values for a table.
func list(values []float64) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprintf("%.5g", v)
	}
	return strings.Join(parts, " ")
}

// between measures the question between two controls that lose nothing. If it has to
// measure again, it prints why.
func between(ctx context.Context, wrapper, socket string, q question) (r, control result.Result, again int, err error) {
	for ; again < attempts; again++ {
		var why string
		if control, why, err = controlTrial(ctx, wrapper, socket, q.rate); err != nil {
			return r, control, again, err
		}
		if why == "" {
			if r, err = measure(ctx, wrapper, socket, q.fault, q.bench); err != nil {
				return r, control, again, err
			}
			if !r.Valid {
				why = r.Reason
			}
		}
		if why == "" {
			if _, why, err = controlTrial(ctx, wrapper, socket, q.rate); err != nil || why == "" {
				return r, control, again, err
			}
		}
		fmt.Fprintf(os.Stderr, "benchdut: %s, %s: measuring again: %s\n", socket, q.name, why)
	}
	return r, control, again, fmt.Errorf("in %d attempts the device without a fault lost packets, or the generator was late: the machine is too busy", attempts)
}

// number is a rate without an exponent.
func number(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) }

// fixedTrial asks bench for one trial, at a rate in packets per second.
func fixedTrial(rate float64, seconds int) []string {
	return []string{"fixed", "--rate", number(rate), "--duration", fmt.Sprintf("%ds", seconds)}
}

// controlTrial measures the device without a fault. If that lost packets, it says so.
func controlTrial(ctx context.Context, wrapper, socket string, rate float64) (r result.Result, fault string, err error) {
	r, err = measure(ctx, wrapper, socket, nil, fixedTrial(rate, 2))
	switch {
	case err != nil:
		return r, "", err
	case !r.Valid:
		return r, "without a fault: " + r.Reason, nil
	}
	if lost := r.Measurements[0].Trials[0].Lost; lost != 0 {
		return r, fmt.Sprintf("the device without a fault lost %d packets", lost), nil
	}
	return r, "", nil
}
