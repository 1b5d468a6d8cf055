package result_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/racetest"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// largeFabric writes the document of a run of so many nodes, all of whose pairs have the
// figures of pair 0 of small.
func largeFabric(w io.Writer, small result.Fabric, nodes int) error {
	for i := 2; i < nodes; i++ {
		n := small.Nodes[1]
		n.Index, n.Name, n.Pod = i, fmt.Sprintf("node-%d", i), fmt.Sprintf("fabric-%d", i)
		small.Nodes = append(small.Nodes, n)
	}
	small.Pairs = small.Pairs[:1]
	var b bytes.Buffer
	if err := small.Encode(&b); err != nil {
		return err
	}
	const pair = "    {\"from\":0,\"to\":1,"
	separator, tail, _ := strings.Cut(b.String(), pair)
	figures, tail, ok := strings.Cut(tail, "\n")
	if !ok {
		return fmt.Errorf("the document has no line that begins with %q", pair)
	}
	for from := range nodes {
		for to := range nodes {
			if from == to {
				continue
			}
			if _, err := fmt.Fprintf(w, "%s    {\"from\":%d,\"to\":%d,%s", separator, from, to, figures); err != nil {
				return err
			}
			separator = ",\n"
		}
	}
	_, err := io.WriteString(w, "\n"+tail)
	return err
}

// The document of the largest run is read as it comes: beside what it says it takes no
// memory to speak of.
func TestFabricOfAThousandNodes(t *testing.T) {
	nodes, most := 1000, uint64(1536<<20)
	if racetest.Enabled { // which makes reading several times as slow
		nodes = 200
	}
	defer runtime.GC()
	in, out := io.Pipe()
	counted := &counter{in: in}
	small := resulttest.Fabric(2, 1, 1)
	go func() {
		b := bufio.NewWriterSize(out, 64<<10)
		out.CloseWithError(errors.Join(largeFabric(b, small, nodes), b.Flush()))
	}()
	f, err := result.ReadFabric(counted)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Nodes) != nodes || len(f.Pairs) != nodes*(nodes-1) {
		t.Fatalf("%d nodes and %d pairs, want %d and %d", len(f.Nodes), len(f.Pairs), nodes, nodes*(nodes-1))
	}
	want := small.Pairs[0]
	want.From, want.To = nodes-1, nodes-2
	if diff := cmp.Diff(want, f.Pairs[len(f.Pairs)-1]); diff != "" {
		t.Errorf("the last pair (-want +got):\n%s", diff)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d bytes were read; the heap took %d MiB at most", counted.n, m.HeapSys>>20)
	if m.HeapSys > most {
		t.Errorf("the heap took %d MiB, want %d MiB at most", m.HeapSys>>20, most>>20)
	}
	if !racetest.Enabled && counted.n <= result.MaxFile {
		t.Errorf("the document has %d bytes, which other files may have too", counted.n)
	}
}

type counter struct {
	in io.Reader
	n  int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.n += int64(n)
	return n, err
}

// What a file has that fabric does not write is said with the file, the place and what to
// do.
func TestFabricMisread(t *testing.T) {
	var b bytes.Buffer
	if err := resulttest.Fabric(3, 1, 1).Encode(&b); err != nil {
		t.Fatal(err)
	}
	good := b.String()
	const again = "Give the file as --result-file or -o json wrote it"
	replace := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("the document has no %s", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	for name, c := range map[string]struct{ text, want, remedy string }{
		"a later schema":   {replace("fabric/v1", "fabric/v2"), `has another schema, "podnet.fabric/v2", and podnet.fabric/v1 is read`, "use the release"},
		"the schema later": {`{"nodes": [{"index": "0"}], "schema": "podnet.fabric/v2"}`, `"podnet.fabric/v2"`, "use the release"},
		"NaN":              {replace(`"lossRatio":0`, `"lossRatio":NaN`), "pairs[0], at byte ", again},
		"a loss above 1":   {replace(`"lossRatio":0`, `"lossRatio":1.5`), "pairs[0].lossRatio is 1.5: must be 0 to 1", again},
		"a loss below 0":   {replace(`"returnLossRatio":0`, `"returnLossRatio":-1`), "pairs[0].returnLossRatio is -1: must be 0 to 1", again},
		"beyond float64":   {replace(`"seconds":1`, `"seconds":1e400`), "pairs[0].seconds is 1e400: must be a number below 1e308", again},
		"a huge rate":      {replace(`"mpps":`, `"mpps":1e300,"was":`), "pairs[0].received.mpps is 1e+300: must be 0 to 1e+09", again},
		"a huge time":      {replace(`"us":`, `"us":1e300,"was":`), "pairs[0].rtt.percentiles[0].us is 1e+300: must be 0 to 1e+15", again},
		"a count below 0":  {replace(`"offered":1`, `"offered":-1`), "pairs[0].offered is -1", "must be a whole number, 0 or above. " + again},
		"no whole number":  {replace(`"from":0`, `"from":0.5`), "pairs[0].from is 0.5: must be a whole number", again},
		"text":             {replace(`"valid":true}`, `"valid":"yes"}`), "pairs[0].valid is of the kind string: must be true or false", again},
		"in the settings":  {replace(`"trialSeconds": 1`, `"trialSeconds": 1e999`), "settings.trialSeconds is 1e999: must be a number below 1e308", again},
		"a time":           {replace(`"started":"2`, `"started":"yesterday 2`), "pairs[0], at byte", again},
		"half of it":       {good[:len(good)/2], "and so is not whole", again},
		"a long pair":      {replace(`"valid":true}`, `"valid":true,"reason":"`+strings.Repeat("x", 3<<20)+`"}`), "pairs[0] is longer than what fabric writes", again},
		"more text":        {good + "{}", "has text after the document", again},
		"pairs of nothing": {`{"schema":"podnet.fabric/v1","pairs":null}`, "pairs, at byte", again},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "fabric.json")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := result.ReadDocument(file)
			for _, says := range []string{file + ": ", c.want, c.remedy} {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("%.300v\nwant it to say %q", err, says)
				}
			}
		})
	}
}
