package check

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

// formats are lines of DPDK's log, and what they mean.
func formats(t *testing.T) []format {
	t.Helper()
	text, err := os.ReadFile("testdata/lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []format
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			t.Fatalf("%d columns in %q", len(f), line)
		}
		all = append(all, format{f[0], podnet.Code(f[1]), f[3], strings.ReplaceAll(f[4], "|", "\n")})
	}
	return all
}

type format struct {
	row    string // of the list of failures
	code   podnet.Code
	format string // in DPDK's libraries, where test/lines looks for it
	log    string
}

// verb is one of printf's.
var verb = regexp.MustCompile(`%[-+.0-9]*(hh|l|z)?[a-zA-Z]`)

func TestOfLog(t *testing.T) {
	rows := map[string]bool{}
	for _, f := range formats(t) {
		rows[f.row] = true
		pattern := ""
		for i, part := range verb.Split(f.format, -1) {
			if i > 0 {
				pattern += ".*"
			}
			pattern += regexp.QuoteMeta(part)
		}
		if !regexp.MustCompile(pattern).MatchString(f.log) {
			t.Errorf("%q is no log with %q", f.log, f.format)
		}
		results := OfLog(f.log)
		if len(results) == 0 || results[0].Code != f.code {
			t.Errorf("row %s: %q: %+v, want %s", f.row, f.log, results, f.code)
			continue
		}
		for _, r := range results {
			if r.Cause == "" || r.Remedy == "" || len(r.Evidence) != 1 {
				t.Errorf("%q: %+v", f.log, r)
			}
		}
	}
	if len(rows) < 41 {
		t.Errorf("%d kinds of failure are known", len(rows))
	}
}

// What EAL always says is no reason, and neither is it where the program fails by itself.
func TestOfLogWithoutReason(t *testing.T) {
	const good = "EAL: Detected CPU lcores: 2\nEAL: 512 hugepages of size 2097152 reserved, but no mounted hugetlbfs found for that size\n" +
		"EAL: No free 1048576 kB hugepages reported on node 0\nEAL: No available 1048576 kB hugepages reported\n" +
		"EAL: Failed to get current mempolicy: Operation not permitted. Assuming MPOL_DEFAULT.\nEAL: alloc_seg(): mmap() failed: Cannot allocate memory\n" +
		"EAL: Selected IOVA mode 'VA'\nEAL: VFIO support initialized\nTELEMETRY: No legacy callbacks, legacy socket not created\n"
	if got := OfLog(good); len(got) != 0 {
		t.Errorf("of a good start: %+v", got)
	}
	for log, want := range map[string]podnet.Code{
		"EAL: Error - exiting with code: 1\n  Cause: rxq 100 invalid - must be >= 0 && <= 1":                   podnet.CodeEndedByDPDK,
		"EAL: Error - exiting with code: 1\nCreation of mbuf pool for socket 0 failed: Cannot allocate memory": podnet.CodeEALMemory,
	} {
		if got := OfLog(good + log); len(got) != 1 || got[0].Code != want {
			t.Errorf("%q after a good start: %+v, want %s", log, got, want)
		}
	}
}

// Lines in other words than EAL's, among them podnet's own, which a dry start reads.
func TestOfLogInOtherWords(t *testing.T) {
	for log, want := range map[string]podnet.Code{
		"testpmd-wrapper: DPDK's runtime directory: mkdir /var/run/dpdk: read-only file system":                   podnet.CodeNoRuntimeDir,
		`testpmd-wrapper: interface "net1" (memif socket /run/m.sock): no peer connected in time: start the peer`: podnet.CodeSocketMissing,
		"PANIC in eal_thread_loop():\ncannot set affinity":                                                        podnet.CodeCPUNotAllowed,
	} {
		if got := OfLog(log); len(got) != 1 || got[0].Code != want {
			t.Errorf("%q: %+v, want %s", log, got, want)
		}
	}
}

// Each line of the table is shown.
func TestOfLogIsComplete(t *testing.T) {
	logs := []string{`testpmd-wrapper: interface "net1" (memif socket /run/m.sock): another process listens on it already`, "VDEV_BUS: vdev_probe(): failed to initialize net_null0 device", `EAL: failed to parse device "net_nosuch0"`, "EAL: Error - exiting with code: 1", "EAL: invalid parameter for --lcores", "Creation of mbuf pool for socket 0 failed: Cannot allocate memory"}
	for _, f := range formats(t) {
		logs = append(logs, f.log)
	}
	for _, l := range logLines {
		if !slices.ContainsFunc(logs, func(log string) bool {
			return slices.ContainsFunc(OfLog(log), func(r Result) bool { return r.Cause == l.cause })
		}) {
			t.Errorf("no log shows %s: %s", l.code, l.pattern)
		}
	}
}

// Logs that DPDK's releases really wrote, whose names begin with the code.
func TestOfRealLogs(t *testing.T) {
	files, err := filepath.Glob("testdata/logs/*/*.log")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d logs, %v", len(files), err)
	}
	number := regexp.MustCompile(`\.\d+$`)
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := number.ReplaceAllString(strings.TrimSuffix(filepath.Base(file), ".log"), "")
		results := OfLog(string(log))
		if len(results) == 0 && want != "good" || len(results) > 0 && string(results[0].Code) != want {
			t.Errorf("%s: %+v", file, results)
		}
		for _, r := range results[min(1, len(results)):] {
			t.Errorf("%s: %s, too: %s", file, r.Code, r.Evidence[0])
		}
	}
}
