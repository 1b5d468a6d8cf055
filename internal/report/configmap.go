package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// ConfigMapAtStart is the data of a run that has begun.
func ConfigMapAtStart(r result.Result) map[string]string {
	return map[string]string{StartedKey: r.Started.UTC().Format(time.RFC3339)}
}

// ConfigMap is the data of a run that has ended, of at most so many bytes. failure is an
// error of the run that the result does not have; nil: none.
//
// A run has succeeded if it came to its end, is valid and met its thresholds. If the
// document is too large, ConfigMap leaves out histograms, then also the windows of trials,
// then also all trials of each measurement except the last, and at last the document.
func ConfigMap(r result.Result, failure error, most int) map[string]string {
	data := ConfigMapAtStart(r)
	reason := failureReason(r, failure)
	data[SucceededKey], data[FailureKey] = strconv.FormatBool(reason == ""), reason
	if r.Ended != nil {
		data[CompletedKey] = r.Ended.UTC().Format(time.RFC3339)
	}
	var omitted []string
	if n := addFigures(data, r, most/4); n > 0 {
		omitted = append(omitted, fmt.Sprintf("%d figures without room or a key of their own", n))
	}
	room := most - dataSize(data) - maxOmitted
	document, without := fitted(r, room)
	if document != "" {
		data[DocumentKey] = document
	}
	if without != "" {
		omitted = append(omitted, without)
	}
	if omitted != nil {
		data[OmittedKey] = strings.Join(omitted, "; ")
	}
	return data
}

// maxOmitted is more than OmittedKey and its value take.
const maxOmitted = 256

// dataSize is the size of data with its keys: the server limits the values, and its
// store limits keys and values together.
func dataSize(data map[string]string) (n int) {
	for k, v := range data {
		n += len(k) + len(v)
	}
	return n
}

// maxReason is how many bytes the reason of a failure may have.
const maxReason = 4096

// failureReason says in one line why a run did not succeed; empty: it did.
func failureReason(r result.Result, failure error) string {
	var reason string
	switch {
	case failure != nil:
		reason = failure.Error()
		if reason == "" {
			reason = "failed"
		}
	case !r.Complete || !r.Valid:
		reason = r.Verdict() + ": " + r.Reason
	default:
		reason = strings.Join(r.Failed, "\n")
	}
	return string(cut(line(reason), maxReason))
}

// line makes one line of text that may have several.
func line(s string) string {
	return plain(strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "; "))
}

// addFigures adds the measurements' figures under their keys, up to most bytes. It
// returns how many figures did not fit, or have a key that is there already.
func addFigures(data map[string]string, r result.Result, most int) (omitted int) {
	for k, v := range map[string]string{
		keyMethod: plain(r.Method), keyComplete: strconv.FormatBool(r.Complete), keyValid: strconv.FormatBool(r.Valid),
	} {
		data[ResultsPrefix+k] = v
	}
	for k, v := range map[string]string{keyNode: r.Environment.Node, keyPeerNode: r.Environment.PeerNode} {
		if v != "" {
			data[ResultsPrefix+k] = plain(v)
		}
	}
	add := func(k, v string) {
		k = ResultsPrefix + k
		if _, there := data[k]; there || len(k) > maxKey || len(k)+len(v) > most {
			omitted++
			return
		}
		most -= len(k) + len(v)
		data[k] = v
	}
	if list := allCaveats(r); list != nil {
		add(keyCaveats, string(cut(line(strings.Join(list, "\n")), most/4)))
	}
	one := true // kind of frames
	for _, m := range r.Measurements {
		one = one && m.Frame.Name == r.Measurements[0].Frame.Name
	}
	for _, m := range r.Measurements {
		frame := frameKey(m)
		add(frame+keyValid, strconv.FormatBool(m.Valid && m.Complete))
		for _, f := range compared(r, m) {
			for _, v := range f.Values {
				key := keyed(v.Key)
				add(frame+key, plain(v.Text))
				if one && m.Repeat <= 1 && strings.HasPrefix(key, goalPrefix) {
					add(key, plain(v.Text))
				}
			}
		}
	}
	return omitted
}

// fitted writes as much of the document as fits, and says what is left out; an
// empty document has no room at all.
func fitted(r result.Result, most int) (document, omitted string) {
	for _, form := range []struct {
		omitted string
		of      func(result.Result) result.Result
	}{
		{"", func(r result.Result) result.Result { return r }},
		{"the histograms, which had no room", withoutHistograms},
		{"the histograms and the windows of trials, which had no room", withoutWindows},
		{"all trials but the last of each measurement, which had no room", lastTrials},
	} {
		b, err := compact(form.of(r))
		if err != nil {
			return "", string(cut("the document: "+line(err.Error()), maxOmitted/2))
		}
		if len(b) <= most {
			return string(b), form.omitted
		}
	}
	return "", "the document, which had no room"
}

// compact writes the document in one line: a search of seven sizes would not fit
// with its indents.
func compact(r result.Result) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return bytes.TrimSpace(b.Bytes()), err
}

// withoutHistograms drops the histograms, and keeps the figures that describe them.
func withoutHistograms(r result.Result) result.Result {
	bare := func(times **result.RTT) {
		if *times != nil {
			short := **times
			short.Histogram = ""
			*times = &short
		}
	}
	return eachMeasurement(r, func(m *result.Measurement) {
		m.Trials, m.Latency = slices.Clone(m.Trials), slices.Clone(m.Latency)
		for i := range m.Trials {
			bare(&m.Trials[i].RTT)
			bare(&m.Trials[i].ScheduledRTT)
		}
		for i := range m.Latency {
			bare(&m.Latency[i].RTT)
			bare(&m.Latency[i].ScheduledRTT)
		}
	})
}

// withoutWindows drops the windows with loss, and keeps their number.
func withoutWindows(r result.Result) result.Result {
	return eachMeasurement(withoutHistograms(r), func(m *result.Measurement) {
		trials := append([]result.Trial{}, m.Trials...)
		for i := range trials {
			t := &trials[i]
			t.WindowsOmitted, t.Windows = t.WindowsOmitted+uint64(len(t.Windows)), nil
		}
		m.Trials = trials
	})
}

// lastTrials keeps only the trial that a measurement without a search is about.
func lastTrials(r result.Result) result.Result {
	return eachMeasurement(withoutWindows(r), func(m *result.Measurement) {
		m.Trials = m.Trials[max(0, len(m.Trials)-1):]
	})
}

// eachMeasurement changes a copy.
func eachMeasurement(r result.Result, change func(*result.Measurement)) result.Result {
	r.Measurements = append([]result.Measurement{}, r.Measurements...)
	for i := range r.Measurements {
		change(&r.Measurements[i])
	}
	return r
}

// Line sums up a run in one line of at most so many bytes, like Summary, or says why the
// run failed.
func Line(r result.Result, failure error, most int) (text string, passed bool) {
	if reason := failureReason(r, failure); reason != "" {
		return string(cut(line(title(r))+": "+reason, most)), false
	}
	return string(cut(line(string(Summary(r, most))), most)), true
}
