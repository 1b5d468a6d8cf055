package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// columns are the columns of the CSV form of trials, one row per trial. Their names have
// the units.
var columns = []struct {
	name  string
	value func(r result.Result, m result.Measurement, t result.Trial) string
}{
	{"method", func(r result.Result, _ result.Measurement, _ result.Trial) string { return r.Method }},
	{"tx", func(r result.Result, _ result.Measurement, _ result.Trial) string { return r.Settings.TX }},
	{"rx", func(r result.Result, _ result.Measurement, _ result.Trial) string { return r.Settings.RX }},
	{"frame", func(_ result.Result, m result.Measurement, _ result.Trial) string { return m.Frame.Name }},
	{"frame_bytes", func(_ result.Result, m result.Measurement, _ result.Trial) string { return float(m.Frame.Bytes) }},
	{"repeat", func(_ result.Result, m result.Measurement, _ result.Trial) string { return strconv.Itoa(m.Repeat) }},
	{"phase", func(_ result.Result, _ result.Measurement, t result.Trial) string { return t.Phase }},
	{"started", func(_ result.Result, _ result.Measurement, t result.Trial) string {
		return t.Started.UTC().Format(time.RFC3339Nano)
	}},
	{"seconds", func(_ result.Result, _ result.Measurement, t result.Trial) string { return float(t.Seconds) }},
	{"requested_mpps", func(_ result.Result, _ result.Measurement, t result.Trial) string {
		if t.Requested.Mpps == nil {
			return "max"
		}
		return float(*t.Requested.Mpps)
	}},
	{"offered", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.Offered) }},
	{"sent", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.Sent.Packets) }},
	{"received", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.Received.Packets) }},
	{"received_mpps", func(_ result.Result, _ result.Measurement, t result.Trial) string { return float(t.Received.Mpps) }},
	{"received_gbps_l1", func(_ result.Result, _ result.Measurement, t result.Trial) string { return float(t.Received.GbpsL1) }},
	{"received_gbps_l2", func(_ result.Result, _ result.Measurement, t result.Trial) string { return float(t.Received.GbpsL2) }},
	{"lost", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.Lost) }},
	{"loss_ratio", func(_ result.Result, _ result.Measurement, t result.Trial) string { return float(t.LossRatio) }},
	{"tx_refused", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.TxRefused) }},
	{"duplicates", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.Duplicates) }},
	{"reordered", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.Reordered) }},
	{"rx_other", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.RxOther) }},
	{"rtt_min_us", rttColumn(actualRTT, func(r *result.RTT) float64 { return r.MinUs })},
	{"rtt_mean_us", rttColumn(actualRTT, func(r *result.RTT) float64 { return r.MeanUs })},
	{"rtt_p50_us", percentileColumn(actualRTT, 50)},
	{"rtt_p99_us", percentileColumn(actualRTT, 99)},
	{"rtt_p99.9_us", percentileColumn(actualRTT, 99.9)},
	{"rtt_p99.999_us", percentileColumn(actualRTT, 99.999)},
	{"rtt_max_us", rttColumn(actualRTT, func(r *result.RTT) float64 { return r.MaxUs })},
	{"late", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.Late) }},
	{"max_late_us", func(_ result.Result, _ result.Measurement, t result.Trial) string { return float(t.MaxLateUs) }},
	{"valid", func(_ result.Result, _ result.Measurement, t result.Trial) string { return strconv.FormatBool(t.Valid) }},
	{"reason", func(_ result.Result, _ result.Measurement, t result.Trial) string { return t.Reason }},
	// Columns that were added later come last, so that readers by position still work.
	{"limits", func(_ result.Result, _ result.Measurement, t result.Trial) string {
		codes := make([]string, len(t.Limits))
		for i, l := range t.Limits {
			codes[i] = string(l.Code)
		}
		return strings.Join(codes, " ")
	}},
	{"scheduled_rtt_p50_us", percentileColumn(scheduledRTT, 50)},
	{"scheduled_rtt_p99_us", percentileColumn(scheduledRTT, 99)},
	{"scheduled_rtt_p99.9_us", percentileColumn(scheduledRTT, 99.9)},
	{"scheduled_rtt_p99.999_us", percentileColumn(scheduledRTT, 99.999)},
	{"scheduled_rtt_max_us", rttColumn(scheduledRTT, func(r *result.RTT) float64 { return r.MaxUs })},
	{"lateness_p50_us", percentileColumn(lateness, 50)},
	{"lateness_p99_us", percentileColumn(lateness, 99)},
	{"lateness_p99.9_us", percentileColumn(lateness, 99.9)},
	{"backlog", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.Backlog()) }},
	{"rx_truncated", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.RxTruncated) }},
	{"rx_extended", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.RxExtended) }},
	{"rx_damaged", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.RxDamaged) }},
	{"rx_retagged", func(_ result.Result, _ result.Measurement, t result.Trial) string { return count(t.RxRetagged) }},
}

func actualRTT(t result.Trial) *result.RTT    { return t.RTT }
func scheduledRTT(t result.Trial) *result.RTT { return t.ScheduledRTT }
func lateness(t result.Trial) *result.RTT     { return t.Lateness }

func rttColumn(of func(result.Trial) *result.RTT, value func(*result.RTT) float64) func(result.Result, result.Measurement, result.Trial) string {
	return func(_ result.Result, _ result.Measurement, t result.Trial) string {
		if of(t) == nil {
			return ""
		}
		return float(value(of(t)))
	}
}

func percentileColumn(of func(result.Trial) *result.RTT, percent float64) func(result.Result, result.Measurement, result.Trial) string {
	return func(_ result.Result, _ result.Measurement, t result.Trial) string {
		v, ok := of(t).At(percent)
		if !ok {
			return ""
		}
		return float(v)
	}
}

func float(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }

func count(n uint64) string { return strconv.FormatUint(n, 10) }

// writeCSVTrials writes every trial as a row (RFC 4180) under one header.
func writeCSVTrials(w io.Writer, results []result.Result) error {
	rows := [][]string{make([]string, len(columns))}
	for i, col := range columns {
		rows[0][i] = col.name
	}
	for _, r := range results {
		for _, m := range r.Measurements {
			for _, t := range m.Trials {
				row := make([]string, len(columns))
				for i, col := range columns {
					row[i] = col.value(r, m, t)
				}
				rows = append(rows, row)
			}
		}
	}
	return writeRows(w, rows)
}

// writeRows writes a header and rows, whose text may be others'.
func writeRows(w io.Writer, rows [][]string) error {
	c := csv.NewWriter(w)
	for _, row := range rows {
		if err := writeRow(c, row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func writeRow(c *csv.Writer, row []string) error {
	safe := make([]string, len(row))
	for i, cell := range row {
		safe[i] = harmless(plain(cell))
	}
	return c.Write(safe)
}

// harmless keeps a spreadsheet from taking text for a formula. Numbers begin with
// a digit here: none is negative.
func harmless(s string) string {
	if strings.ContainsAny(s[:min(len(s), 1)], "=+-@\t\r") {
		return "'" + s
	}
	return s
}
