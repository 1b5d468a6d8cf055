package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// Keys of a ConfigMap with a result. Those below status. are the ones of
// Kiagnose's checkups (https://github.com/kiagnose/kiagnose, docs/checkup_api.md),
// so that what reads those reads ours. Its keys below spec. are the user's.
const (
	DocumentKey   = "result.json"                // the document, podnet.result/v1
	SucceededKey  = "status.succeeded"           // true or false
	FailureKey    = "status.failureReason"       // in one line; empty if it succeeded
	StartedKey    = "status.startTimestamp"      // RFC 3339
	CompletedKey  = "status.completionTimestamp" // RFC 3339; absent while the run goes on and after a kill
	ResultsPrefix = "status.result."             // of what was measured
)

// ConfigMapAtStart is the data of a run that has begun.
func ConfigMapAtStart(r result.Result) map[string]string {
	return map[string]string{StartedKey: r.Started.UTC().Format(time.RFC3339)}
}

// ConfigMap is the data of a run that has ended, of at most so many bytes. failure
// is what the run failed with beside what the result says; nil: nothing.
//
// A run has succeeded if it came to its end, is valid and met its thresholds.
// Keys are added, never renamed. Below status.result. are:
//
//	method                        as in the document
//	complete, valid               true or false, as in the document
//	frame.F.valid                 true if the measurement came to its end and is valid
//	frame.F.mpps                  fixed, soak: received, in million packets a second
//	frame.F.lossRatio             fixed, soak: lost of offered
//	frame.F.rttP50Us, .rttP99Us   fixed, soak: round-trip time in microseconds, where it was measured
//	frame.F.goal.G.mpps           ndr, throughput, and latency with a search: the highest rate found; 0: none
//	frame.F.goal.G.status         regular, below-minimum or above-maximum, as in the document
//	frame.F.load.P.mpps, .lossRatio, .rttP50Us, .rttP99Us
//	                              latency: at P percent of the rate
//	frame.F.step.P.mpps, .lossRatio
//	                              loss: at P percent of the highest rate
//	frame.F.burstFrames           burst: mean length of the longest burst without loss
//	frame.F.kernel.mpps, .kernel.lossRatio
//	                              what the kernel's path carried, where it was measured
//	frame.F.kernel.gain           how many times that the fast path carried, where it can be said
//	goal.G.mpps, goal.G.status    as frame.F.goal.G of the first repetition, if all measurements are of one kind of frames
//	omitted                       what was left out, most often because a ConfigMap has no room for it; absent: nothing
//
// F is the name of the frames, as 64 or imix, and from the second repetition on N
// it is followed by .repeat.N; G is the name of a goal, as NDR. What a key may not
// have is a - in it.
//
// If the document is too large it is written without the windows of trials, else
// with the last trial of each measurement alone, else not at all.
func ConfigMap(r result.Result, failure error, most int) map[string]string {
	data := ConfigMapAtStart(r)
	reason := failureReason(r, failure)
	data[SucceededKey], data[FailureKey] = strconv.FormatBool(reason == ""), reason
	if r.Ended != nil {
		data[CompletedKey] = r.Ended.UTC().Format(time.RFC3339)
	}
	var omitted []string
	if n := addFigures(data, r, most/4); n > 0 {
		omitted = append(omitted, fmt.Sprintf("%d figures for want of room or of a key of their own", n))
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

// OmittedKey says what was left out.
const OmittedKey = ResultsPrefix + "omitted"

// maxOmitted is more than OmittedKey and its value take.
const maxOmitted = 256

// dataSize is what data takes, the keys counted too: the server's limit is on the
// values, and that of its store on all.
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

// addFigures adds the keys of what was measured, up to so many bytes of figures,
// and returns how many did not fit or have a key that is there already.
func addFigures(data map[string]string, r result.Result, most int) (omitted int) {
	for k, v := range map[string]string{
		"method": plain(r.Method), "complete": strconv.FormatBool(r.Complete), "valid": strconv.FormatBool(r.Valid),
	} {
		data[ResultsPrefix+k] = v
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
	one := true // kind of frames
	for _, m := range r.Measurements {
		one = one && m.Frame.Name == r.Measurements[0].Frame.Name
	}
	for _, m := range r.Measurements {
		frame := "frame." + keyed(m.Frame.Name)
		if m.Repeat > 1 {
			frame += fmt.Sprintf(".repeat.%d", m.Repeat)
		}
		add(frame+".valid", strconv.FormatBool(m.Valid && m.Complete))
		for _, f := range compared(r, m) {
			for _, v := range f.Values {
				key := keyed(v.Key)
				add(frame+"."+key, plain(v.Text))
				if one && m.Repeat <= 1 && strings.HasPrefix(key, "goal.") {
					add(key, plain(v.Text))
				}
			}
		}
	}
	return omitted
}

// maxKey is how long a key of a ConfigMap may be.
const maxKey = 253

// keyed leaves of text what the key of a ConfigMap may have.
func keyed(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, s)
}

// fitted writes as much of the document as fits, and says what is left out; an
// empty document has no room at all.
func fitted(r result.Result, most int) (document, omitted string) {
	for _, form := range []struct {
		omitted string
		of      func(result.Result) result.Result
	}{
		{"", func(r result.Result) result.Result { return r }},
		{"the windows of trials for want of room", withoutWindows},
		{"all trials but the last of each measurement for want of room", lastTrials},
	} {
		b, err := compact(form.of(r))
		if err != nil {
			return "", string(cut("the document: "+line(err.Error()), maxOmitted/2))
		}
		if len(b) <= most {
			return string(b), form.omitted
		}
	}
	return "", "the document for want of room"
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

// withoutWindows leaves of the windows with loss their number.
func withoutWindows(r result.Result) result.Result {
	return eachMeasurement(r, func(m *result.Measurement) {
		trials := append([]result.Trial{}, m.Trials...)
		for i := range trials {
			t := &trials[i]
			t.WindowsOmitted, t.Windows = t.WindowsOmitted+uint64(len(t.Windows)), nil
		}
		m.Trials = trials
	})
}

// lastTrials leaves the trial that a measurement without a search is about.
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

// Line says what came of a run in one line of at most so many bytes: as Summary,
// or why the run failed.
func Line(r result.Result, failure error, most int) (text string, passed bool) {
	if reason := failureReason(r, failure); reason != "" {
		return string(cut(line(title(r))+": "+reason, most)), false
	}
	return string(cut(line(string(Summary(r, most))), most)), true
}
