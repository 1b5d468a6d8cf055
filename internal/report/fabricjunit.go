package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// writeFabricJUnit writes one suite per run and one case per node, because there are too
// many pairs for a case each. A node fails with an error if it was not there or its own
// figures are not valid; its peers do not fail. Thresholds are a case of the whole run.
func writeFabricJUnit(w io.Writer, list []result.Fabric) error {
	var doc junitSuites
	for _, f := range list {
		doc.Suites = append(doc.Suites, fabricSuite(f))
	}
	return writeSuites(w, doc)
}

func fabricSuite(f result.Fabric) junitSuite {
	class := "fabric." + plain(f.Settings.Mode)
	s := junitSuite{
		Name: plain(fabricTitle(f)), Timestamp: f.Started.UTC().Format(time.RFC3339),
		Properties: []junitProperty{{"version", plain(f.Settings.Version)}},
	}
	if f.Ended != nil {
		s.Time = f.Ended.Sub(f.Started).Seconds()
	}
	if len(f.Nodes) > 0 {
		s.Hostname = plain(f.Nodes[0].Pod)
	}
	v := newFabricView(f)
	for i, lines := range v.nodeLines() {
		c := junitCase{Name: plain(v.labels[i]), ClassName: class, Output: plain(strings.Join(bounded(lines.said, 40, "lines"), "; "))}
		if lines.trouble != "" {
			c.Error = &junitReason{plain(lines.trouble)}
			s.Errors++
		}
		s.Cases = append(s.Cases, c)
	}
	if len(f.Settings.Thresholds()) > 0 {
		c := junitCase{Name: "thresholds", ClassName: class, Output: plain(strings.Join(f.Settings.Thresholds(), "; "))}
		if len(f.Failed) > 0 {
			c.Failure = &junitReason{plain(strings.Join(f.Failed, "; "))}
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	run := junitCase{Name: "run", ClassName: class, Output: plain(strings.Join(fabricHead(f, worstListed), "; "))}
	if !f.Valid {
		run.Error = &junitReason{plain(f.Verdict() + ": " + f.Reason)}
		s.Errors++
	}
	s.Cases = append(s.Cases, run)
	s.Tests = len(s.Cases)
	return s
}

// nodeLines are the lines about a node.
type nodeLines struct {
	said    []string
	trouble string // why it has no figures, or none that are valid
}

func (v fabricView) nodeLines() []nodeLines {
	list := make([]nodeLines, len(v.Nodes))
	sent, invalid := make([]int, len(v.Nodes)), make([]int, len(v.Nodes))
	for _, n := range v.nodes() {
		of := &list[n.node]
		text := fmt.Sprintf("%s on rail %d: ", n.role(), n.rail)
		if n.measured == 0 {
			text += "nothing was measured"
		} else {
			text += fmt.Sprintf("median %s, least %s, loss up to %s", result.RateText(n.mpps), result.RateText(n.least), lossPercent(n.loss))
			if n.compared {
				text += fmt.Sprintf(", %s of the median", wholePercent(n.fraction))
			}
		}
		if n.missing > 0 {
			text += fmt.Sprintf(", %d of %d pairs have no figures", n.missing, n.missing+n.measured)
		}
		if !n.receiver {
			sent[n.node] += n.measured
			invalid[n.node] += n.invalid
		}
		of.said = append(of.said, text)
	}
	for _, o := range v.Outliers {
		for _, node := range outlierNodes(o) {
			list[node].said = append(list[node].said, o.Text)
		}
	}
	for i, n := range v.Nodes {
		switch {
		case n.Missing != nil:
			list[i].trouble = string(n.Missing.Code) + ": " + n.Missing.Text
		case invalid[i] > 0:
			list[i].trouble = fmt.Sprintf("%d of %d measurements in which it sent are not valid", invalid[i], sent[i])
		}
	}
	return list
}

// outlierNodes are the nodes that an outlier is about; none for a group or pattern, which
// have many.
func outlierNodes(o result.FabricOutlier) (list []int) {
	if o.Kind == "group" || o.Kind == "pattern" {
		return nil
	}
	for _, node := range []*int{o.From, o.To} {
		if node != nil && (len(list) == 0 || list[0] != *node) {
			list = append(list, *node)
		}
	}
	return list
}
