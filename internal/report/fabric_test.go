package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
	"github.com/podnet/podnet/internal/schematest"
)

// fabricSamples are a run of each kind.
func fabricSamples() map[string]result.Fabric {
	least, loss := 0.9, 0.5
	small := resulttest.Fabric(4, 2, 1, resulttest.SlowReceiver(3, 1, 0.41))
	small.Settings.MinFractionOfMedian, small.Settings.MaxLoss = &least, &loss
	trouble := resulttest.Lose(resulttest.Fabric(5, 1, 2), 2, result.FabricDead, "fabric-2: its connection ended in round 3")
	trouble.Pairs[0].Valid, trouble.Pairs[0].Reason = false, "the generator was late with 12 packets"
	return map[string]result.Fabric{
		"small": small.Judged(), "trouble": trouble.Judged(),
		"many":  resulttest.Fabric(20, 2, 3, resulttest.SlowSender(7, 1, 0.5), resulttest.SlowLink(3, 9, 0, 0.6)),
		"empty": result.Fabric{Schema: result.FabricSchema, Nodes: []result.FabricNode{}}.Judged(),
	}
}

// hostileFabric has text that means something in each form.
func hostileFabric() result.Fabric {
	f := resulttest.Fabric(4, 1, 1, resulttest.SlowReceiver(3, 0, 0.41))
	const text = "=1+1\x1b[31m\t</script><img src=x>|@all\n`*\xff"
	f.Nodes[0].Name, f.Nodes[1].Name, f.Nodes[2].Name = text, text, "@"+text
	f.Nodes[3].Pod, f.Nodes[3].Rails[0].Name = "-"+text, "+"+text
	f.Settings.Mode, f.Settings.Rate, f.Settings.Version, f.Settings.Rails, f.Settings.Frame.Name = text, text, text, text, text
	f = resulttest.Lose(f, 1, result.FabricCode(text), text)
	f.Pairs[1].Valid, f.Pairs[1].Reason = false, text
	return f.Judged()
}

func fabricForm(t *testing.T, format string, list ...result.Fabric) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteFabric(&b, format, list...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var fabricExtensions = map[string]string{
	"table": "txt", "json": "json", "csv": "csv", "junit": "xml", "markdown": "md", "openmetrics": "om", "summary": "summary", "html": "html",
}

// hash finds the hash of the page's script in its policy.
var hash = regexp.MustCompile(`'sha256-[^']*'`)

// Every form of every sample is held by a file.
func TestFabricFormats(t *testing.T) {
	for name, f := range fabricSamples() {
		for _, format := range FabricFormats() {
			if name == "many" && format != "table" && format != "markdown" && format != "summary" {
				continue // held by the properties below: a file would be long
			}
			t.Run(name+"/"+format, func(t *testing.T) {
				text := fabricForm(t, format, f)
				if format == "html" {
					for file, part := range map[string]string{"page.css and fabric.css": pageCSS + fabricCSS, "fabric.js": fabricJS} {
						if n := strings.Count(text, part); n != 1 {
							t.Fatalf("the page has %s %d times, want once and unchanged", file, n)
						}
						text = strings.Replace(text, part, file, 1)
					}
					text = hash.ReplaceAllString(text, "'the hash of fabric.js'")
				}
				golden(t, "testdata/fabric/"+name+"."+fabricExtensions[format], []byte(text))
			})
		}
	}
	if err := WriteFabric(&bytes.Buffer{}, "pdf"); err == nil || !strings.Contains(err.Error(), "markdown") {
		t.Errorf("unknown form: %v, want an error that names those there are", err)
	}
}

func TestFabricDocumentsAreValid(t *testing.T) {
	samples := fabricSamples()
	samples["hostile"] = hostileFabric()
	for name, f := range samples {
		t.Run(name, func(t *testing.T) {
			text := fabricForm(t, "json", f)
			schematest.Fabric(t, []byte(text))
			if _, err := result.ParseFabric([]byte(text)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Text of others controls neither a terminal nor a spreadsheet nor a page.
func TestFabricOfHostileText(t *testing.T) {
	f := hostileFabric()
	for _, format := range FabricFormats() {
		text := fabricForm(t, format, f)
		if format != "json" && strings.ContainsAny(text, "\x1b") || !utf8.ValidString(text) {
			t.Errorf("%s: a control character or invalid UTF-8 came through", format)
		}
	}
	for line := range strings.SplitSeq(fabricForm(t, "table", f), "\n") {
		if strings.ContainsRune(line, '\t') && !strings.HasPrefix(line, "fabric") && !strings.Contains(line, "pairs") {
			t.Errorf("a tab in %q", line)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(fabricForm(t, "csv", f))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(f.Pairs)+1 {
		t.Errorf("%d rows, want a header and %d pairs", len(rows), len(f.Pairs))
	}
	for _, row := range rows {
		for i, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@") {
				t.Errorf("%s is %q, which a spreadsheet takes for a formula", rows[0][i], cell)
			}
		}
	}
	if md := fabricForm(t, "markdown", f); strings.Contains(md, "<img") || strings.Contains(md, "@all") {
		t.Errorf("markup came through:\n%s", md)
	}
	if page := fabricForm(t, "html", f); strings.Contains(page, "<img src=x") || strings.Count(page, "</script>") != 2 {
		t.Error("markup came through")
	}
}

// A node that is dead or whose generator is late fails, and none of its peers.
func TestFabricJUnit(t *testing.T) {
	var doc junitSuites
	if err := xml.Unmarshal([]byte(fabricForm(t, "junit", fabricSamples()["trouble"], fabricSamples()["small"])), &doc); err != nil {
		t.Fatal(err)
	}
	wrong := func(s junitSuite) (names []string) {
		failures, errors := 0, 0
		for _, c := range s.Cases {
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errors++
			}
			if c.Failure != nil || c.Error != nil {
				names = append(names, c.Name)
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Errors != errors {
			t.Errorf("%s says %d tests, %d failures, %d errors, and has %d, %d, %d", s.Name, s.Tests, s.Failures, s.Errors, len(s.Cases), failures, errors)
		}
		return names
	}
	if got := strings.Join(wrong(doc.Suites[0]), " "); got != "node-0 node-2 run" {
		t.Errorf("trouble: %q", got)
	}
	if got := strings.Join(wrong(doc.Suites[1]), " "); got != "thresholds" {
		t.Errorf("small: %q", got)
	}
}

// seriesPerNode bounds what a node costs a time-series database: eight figures in two roles
// on each rail.
const seriesPerNode = 16

func TestFabricSeries(t *testing.T) {
	for _, c := range []struct{ nodes, rails int }{{6, 1}, {200, 2}} {
		text := fabricForm(t, "openmetrics", resulttest.Fabric(c.nodes, c.rails, 1, resulttest.SlowReceiver(3, 0, 0.4)))
		body, ended := strings.CutSuffix(text, "# EOF\n")
		if !ended {
			t.Fatal("the end mark is missing")
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		series := 0
		for _, f := range families {
			series += len(f.Metric)
		}
		most := c.nodes*c.rails*seriesPerNode + 20
		t.Logf("%d nodes with %d rails: %d series, for %d pairs", c.nodes, c.rails, series, c.nodes*(c.nodes-1)*c.rails)
		if series > most || families[result.MetricFabricRate] == nil {
			t.Errorf("%d series, want at most %d", series, most)
		}
	}
}

// Pods whose labels differ only in unprintable characters have series of their own.
func TestFabricSeriesOfOddNames(t *testing.T) {
	f := hostileFabric()
	f.Nodes[0].Name, f.Nodes[1].Name = "a\x01", "a\x02"
	fabricForm(t, "openmetrics", f)
}

func TestFabricConfigMapFits(t *testing.T) {
	big := resulttest.Fabric(1000, 1, 1, resulttest.Generations(300, 0.5), resulttest.SlowReceiver(900, 0, 0.1))
	for i := range big.Nodes {
		big.Nodes[i].Name = strings.Repeat("ä", 120) + big.Nodes[i].Name
	}
	failure := errors.New(strings.Repeat("ä", 5000))
	for name, f := range map[string]result.Fabric{"1000 nodes": big, "small": fabricSamples()["small"], "hostile": hostileFabric(), "empty": fabricSamples()["empty"]} {
		for _, most := range []int{12 << 10, FabricConfigMapBytes} {
			for _, failure := range []error{nil, failure} {
				if name == "1000 nodes" && (failure != nil) != (most < FabricConfigMapBytes) {
					continue // takes seconds
				}
				data := FabricConfigMap(f, failure, "{}", most)
				for k, v := range data {
					if !configMapKey.MatchString(k) || !utf8.ValidString(v) {
						t.Errorf("%s: %q is %.100q", name, k, v)
					}
				}
				for _, k := range []string{"outliers", "worst"} {
					if !json.Valid([]byte(data[ResultsPrefix+k])) {
						t.Errorf("%s: %s is %.100q", name, k, data[ResultsPrefix+k])
					}
				}
				if n := dataSize(data); n > most {
					t.Errorf("%s: %d bytes for at most %d", name, n, most)
				} else if failure == nil && most == FabricConfigMapBytes {
					t.Logf("%s: %d bytes of %d", name, n, most)
				}
			}
		}
	}
}

func TestFabricConfigMap(t *testing.T) {
	data := FabricConfigMap(fabricSamples()["small"], nil, "", FabricConfigMapBytes)
	for k, want := range map[string]string{
		"status.succeeded":                  "false",
		"status.result.method":              "fabric",
		"status.result.complete":            "true",
		"status.result.valid":               "true",
		"status.result.nodes":               "4",
		"status.result.pairs":               "24",
		"status.result.missing":             "0",
		"status.result.invalid":             "0",
		"status.result.rail.1.1.medianMpps": "1",
		"status.result.omitted":             "the document, which had no room",
		"status.result.rail.0.0.lossRatio":  data["status.result.rail.0.0.lossRatio"],
		"status.startTimestamp":             "2026-03-01T12:00:00Z",
	} {
		if data[k] != want || want == "" {
			t.Errorf("%s is %q, want %q", k, data[k], want)
		}
	}
	if reason := data["status.failureReason"]; !strings.Contains(reason, "--min-fraction-of-median") {
		t.Errorf("the reason is %q", reason)
	}
	var worst []worstPair
	if err := json.Unmarshal([]byte(data["status.result.worst"]), &worst); err != nil || len(worst) != 5 || worst[0].To != "node-3" || worst[0].FromRail != 1 {
		t.Errorf("%v: %+v", err, worst)
	}
	var outliers []result.FabricOutlier
	if err := json.Unmarshal([]byte(data["status.result.outliers"]), &outliers); err != nil || len(outliers) == 0 {
		t.Errorf("%v: %+v", err, outliers)
	}
	if data := FabricConfigMap(fabricSamples()["small"], nil, `{"chunks":[]}`, FabricConfigMapBytes); data[ManifestKey] != `{"chunks":[]}` || data[OmittedKey] != "" {
		t.Errorf("with a manifest: %q, omitted %q", data[ManifestKey], data[OmittedKey])
	}
}

func TestFabricSummaryFits(t *testing.T) {
	for _, most := range []int{0, 1, 7, 60, 300, SummaryBytes} {
		got := FabricSummary(fabricSamples()["many"], most)
		if len(got) > most || !utf8.Valid(got) {
			t.Errorf("%d bytes for at most %d", len(got), most)
		}
	}
}

// Whatever the numbers are, a document can be written in every form.
func TestFabricOfOddNumbers(t *testing.T) {
	b, err := os.ReadFile("testdata/fabric/small.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"0", "-1", "1e-300", "1e300"} {
		for _, field := range []string{"mpps", "lossRatio", "us", "fraction"} {
			var kept []string
			for i, part := range strings.Split(string(b), `"`+field+`":`) {
				if i > 0 {
					part = v + part[strings.IndexAny(part, ",}\n"):]
				}
				kept = append(kept, part)
			}
			var f result.Fabric // which ParseFabric would refuse
			if err := json.Unmarshal([]byte(strings.Join(kept, `"`+field+`":`)), &f); err != nil {
				t.Fatal(err)
			}
			f = f.Judged()
			for _, format := range FabricFormats() {
				fabricForm(t, format, f)
			}
			FabricConfigMap(f, nil, "", FabricConfigMapBytes)
		}
	}
}

// A document that is read can be judged and written in every form, whatever it says.
func FuzzFabric(f *testing.F) {
	// Small ones: a fuzzer changes few bytes at a time.
	for _, doc := range []result.Fabric{
		resulttest.Fabric(2, 1, 1), resulttest.Lose(resulttest.Fabric(2, 1, 1), 1, result.FabricDead, "gone"),
		resulttest.Fabric(3, 1, 1, resulttest.SlowReceiver(1, 0, 0.4)), fabricSamples()["empty"],
	} {
		var b bytes.Buffer
		if err := doc.Encode(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		doc, err := result.ParseFabric(document)
		if err != nil || len(doc.Nodes) > 50 {
			return
		}
		for _, doc := range []result.Fabric{doc, doc.Judged()} {
			for _, format := range FabricFormats() {
				fabricForm(t, format, doc)
			}
			FabricSummary(doc, 100)
			FabricConfigMap(doc, nil, "", FabricConfigMapBytes)
		}
	})
}
