package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// Keys of a ConfigMap with a fabric run, below ResultsPrefix, beside method, complete,
// valid and omitted, which a result of bench has too. Keys are added, never renamed:
//
//	nodes, pairs, missing, invalid   how many there are
//	rail.F.T.medianMpps, .leastMpps, .lossRatio, .rttP50Us, .rttP99Us
//	                                 of rail F of senders and rail T of receivers: median, least, largest loss,
//	                                 median of the medians, largest
//	summary                          what came of it, as the termination message has it
//	outliers                         JSON: as in the document, as far as there is room
//	worst                            JSON: the slowest pairs, as far as there is room
const (
	keyNodes    = "nodes"
	keyPairs    = "pairs"
	keyMissing  = "missing"
	keyInvalid  = "invalid"
	keySummary  = "summary"
	keyOutliers = "outliers"
	keyWorst    = "worst"

	fabricMethod = "fabric"
)

// ManifestKey says in which ConfigMaps the document is.
const ManifestKey = "result.manifest.json"

// FabricConfigMapBytes bounds the data of FabricConfigMap, keys and values.
const FabricConfigMapBytes = 64 << 10

// worstPair is a pair in the ConfigMap.
type worstPair struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	FromRail  int      `json:"fromRail"`
	ToRail    int      `json:"toRail"`
	Mpps      float64  `json:"mpps"`
	Fraction  *float64 `json:"fraction,omitempty"`
	LossRatio *float64 `json:"lossRatio,omitempty"`
	RTTP99Us  *float64 `json:"rttP99Us,omitempty"`
	Valid     bool     `json:"valid"`
}

// FabricConfigMap is the data of a run that has ended: a summary, the outliers and the
// slowest pairs. It has at most so many bytes, which should be FabricConfigMapBytes.
// failure is an error of the run that the document does not have; nil: none. manifest tells
// where the document is (kube.Split); empty: nowhere.
func FabricConfigMap(f result.Fabric, failure error, manifest string, most int) map[string]string {
	reason := ""
	switch {
	case failure != nil:
		reason = failure.Error()
		if reason == "" {
			reason = "failed"
		}
	case !f.Complete || !f.Valid:
		reason = f.Verdict() + ": " + f.Reason
	default:
		reason = strings.Join(f.Failed, "\n")
	}
	reason = string(cut(line(reason), maxReason))
	c := f.Count()
	data := map[string]string{
		StartedKey:   f.Started.UTC().Format(time.RFC3339),
		SucceededKey: strconv.FormatBool(reason == ""), FailureKey: reason,
		ResultsPrefix + keyMethod: fabricMethod, ResultsPrefix + keyComplete: strconv.FormatBool(f.Complete), ResultsPrefix + keyValid: strconv.FormatBool(f.Valid),
		ResultsPrefix + keyNodes: strconv.Itoa(len(f.Nodes)), ResultsPrefix + keyPairs: strconv.Itoa(c.Planned),
		ResultsPrefix + keyMissing: strconv.Itoa(c.Missing), ResultsPrefix + keyInvalid: strconv.Itoa(c.Measured - c.Valid),
	}
	if f.Ended != nil {
		data[CompletedKey] = f.Ended.UTC().Format(time.RFC3339)
	}
	var omitted []string
	if data[ManifestKey] = manifest; manifest == "" {
		delete(data, ManifestKey)
		omitted = append(omitted, "the document")
	}
	v := newFabricView(f)
	room := func() int { return most - dataSize(data) - maxOmitted }
	rails := 0
	for _, r := range v.rails {
		figures := v.railKeys(r)
		if dataSize(figures) > room()/2 {
			rails++
			continue
		}
		maps.Copy(data, figures)
	}
	if rails > 0 {
		omitted = append(omitted, fmt.Sprintf("the figures of %d rails", rails))
	}
	data[ResultsPrefix+keySummary] = string(cut(string(FabricSummary(f, SummaryBytes)), max(0, room()/4)))
	list, n := fittedList(f.Outliers, room()/2)
	data[ResultsPrefix+keyOutliers] = list
	if n > 0 {
		omitted = append(omitted, fmt.Sprintf("%d outliers", n))
	}
	const pairs = 100
	list, _ = fittedList(v.worstPairs(pairs), room()-len(ResultsPrefix+keyWorst))
	data[ResultsPrefix+keyWorst] = list
	if omitted != nil {
		data[OmittedKey] = string(cut(strings.Join(omitted, "; ")+", which had no room", maxOmitted-len(OmittedKey)))
	}
	return data
}

func (v fabricView) railKeys(r result.RailPair) map[string]string {
	s := v.figuresOf(r)
	prefix := fmt.Sprintf("%srail.%d.%d.", ResultsPrefix, r.From, r.To)
	data := map[string]string{}
	if median, ok := v.medians[r]; ok {
		data[prefix+"medianMpps"] = float(median)
	}
	if s.measured > 0 {
		data[prefix+"leastMpps"], data[prefix+keyLoss] = float(s.least), float(s.loss)
	}
	if s.timed {
		data[prefix+rttKey(50)], data[prefix+rttKey(99)] = float(s.p50), float(s.p99)
	}
	return data
}

func (v fabricView) worstPairs(most int) (list []worstPair) {
	for _, p := range v.worst(most) {
		mpps, _ := p.Mpps()
		w := worstPair{From: plain(v.labels[p.From]), To: plain(v.labels[p.To]), FromRail: p.FromRail, ToRail: p.ToRail, Mpps: mpps, LossRatio: p.LossRatio, Valid: p.Valid}
		if f, ok := v.fraction(p); ok {
			w.Fraction = &f
		}
		if us, ok := p.RTTUs(99); ok {
			w.RTTP99Us = &us
		}
		list = append(list, w)
	}
	return list
}

// fittedList writes as many of the first entries as fit as a JSON list, and says how many
// did not.
func fittedList[T any](list []T, most int) (text string, omitted int) {
	b := []byte("[")
	for i, entry := range list {
		one, err := json.Marshal(entry)
		if err != nil || len(b)+len(one)+2 > most {
			return string(b) + "]", len(list) - i
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, one...)
	}
	return string(b) + "]", 0
}
