package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

var extensions = map[string]string{
	"table": "txt", "json": "json", "csv": "csv", "csv-trials": "trials.csv", "junit": "xml", "markdown": "md", "openmetrics": "om", "summary": "summary", "html": "html",
	"hdr": "hlog", "csit": "csit",
}

// Every form of every sample is held by a file.
func TestFormats(t *testing.T) {
	for name, r := range resulttest.Samples() {
		for _, format := range Formats() {
			t.Run(name+"/"+format, func(t *testing.T) {
				ext, ok := extensions[format]
				if !ok {
					t.Fatalf("no golden file for the form %s", format)
				}
				var b bytes.Buffer
				if err := Write(&b, format, r); err != nil {
					t.Fatal(err)
				}
				got := b.Bytes()
				if format == "html" {
					got = withoutStyle(t, got)
				}
				golden(t, "testdata/"+name+"."+ext, got)
				if format != "json" && strings.ContainsRune(b.String(), '\x1b') {
					t.Error("an escape sequence came through")
				}
			})
		}
	}
	if err := Write(&bytes.Buffer{}, "pdf"); err == nil || !strings.Contains(err.Error(), "markdown") {
		t.Errorf("unknown form: %v, want an error that names those there are", err)
	}
}

// withoutStyle is a page in which the style sheet, which has a file of its own, is
// replaced by its name.
func withoutStyle(t *testing.T, page []byte) []byte {
	t.Helper()
	if n := bytes.Count(page, []byte("<style>"+pageCSS+"</style>")); n != 1 {
		t.Fatalf("the page has the style sheet %d times, want once and unchanged", n)
	}
	return bytes.Replace(page, []byte(pageCSS), []byte("page.css"), 1)
}

func form(t *testing.T, format string, results ...result.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, results...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func all() (list []result.Result) {
	for _, r := range resulttest.Samples() {
		list = append(list, r)
	}
	return list
}

func TestCSVIsRead(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(form(t, "csv-trials", all()...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	trials := 0
	for _, r := range all() {
		for _, m := range r.Measurements {
			trials += len(m.Trials)
		}
	}
	if len(rows) != trials+1 {
		t.Errorf("%d rows, want a header and %d trials", len(rows), trials)
	}
	for _, row := range rows {
		for i, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@") {
				t.Errorf("%s is %q, which a spreadsheet takes for a formula", rows[0][i], cell)
			}
		}
	}
}

func TestJUnitIsRead(t *testing.T) {
	var doc junitSuites
	if err := xml.Unmarshal([]byte(form(t, "junit", all()...)), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Suites) != len(resulttest.Samples()) {
		t.Errorf("%d suites, want %d", len(doc.Suites), len(resulttest.Samples()))
	}
	for _, s := range doc.Suites {
		failures, errors := 0, 0
		for _, c := range s.Cases {
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errors++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Errors != errors {
			t.Errorf("%s says %d tests, %d failures, %d errors, and has %d, %d, %d", s.Name, s.Tests, s.Failures, s.Errors, len(s.Cases), failures, errors)
		}
	}
	for name, want := range map[string][2]int{"fixed": {0, 0}, "ndr": {1, 0}, "soak": {0, 1}} {
		if s := junitOf(resulttest.Samples()[name]); s.Failures != want[0] || s.Errors != want[1] {
			t.Errorf("%s: %d failures and %d errors, want %v", name, s.Failures, s.Errors, want)
		}
	}
}

func TestOpenMetricsIsRead(t *testing.T) {
	text := form(t, "openmetrics", all()...)
	body, ended := strings.CutSuffix(text, "# EOF\n")
	if !ended {
		t.Fatal("the end mark is missing")
	}
	// The parser of the older text form reads all of it but that a counter's
	// family has no suffix.
	var old []string
	for line := range strings.Lines(body) {
		if f := strings.Fields(line); f[0] == "#" && strings.Contains(body, "\n"+f[2]+"_total") {
			line = strings.Replace(line, f[2], f[2]+"_total", 1)
		}
		old = append(old, line)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(strings.Join(old, "")))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range result.TrialCounters {
		if families[c.Name] == nil {
			t.Errorf("%s is missing", c.Name)
		}
	}
	for _, name := range []string{"podnet_goal_packets_per_second", "podnet_rtt_seconds", "podnet_burst_frames"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestMarkdownTableHasItsColumns(t *testing.T) {
	for name, r := range resulttest.Samples() {
		for line := range strings.Lines(form(t, "markdown", r)) {
			if !strings.HasPrefix(line, "|") {
				continue
			}
			if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 6 {
				t.Errorf("%s: %d bars in %q, want 6", name, n, line)
			}
		}
	}
}

func TestSummaryFits(t *testing.T) {
	r := resulttest.NDR()
	for range 6 {
		r.Measurements = append(r.Measurements, r.Measurements...)
	}
	r.Reason = strings.Repeat("ä", 50)
	whole := string(Summary(r, 1<<30))
	for _, most := range []int{0, 1, 2, 7, 60, 61, 100, 300, SummaryBytes, len(whole) - 1, len(whole)} {
		got := Summary(r, most)
		if len(got) > most || !utf8.Valid(got) {
			t.Errorf("%d bytes for at most %d, valid UTF-8: %t", len(got), most, utf8.Valid(got))
		}
		if most == len(whole) && string(got) != whole {
			t.Error("it is cut although it fits")
		}
		if most < len(whole) && most >= 100 && !strings.Contains(string(got), "lines more") {
			t.Errorf("at most %d: nothing says that it is cut:\n%s", most, got)
		}
	}
}
