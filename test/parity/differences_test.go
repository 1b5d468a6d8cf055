package parity

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	differencesFile = "differences.txt"
	noReason        = "no reason yet"
)

var update = flag.Bool("update", false, "write the fields that differ into differences.txt; give each new one its reason there")

// differences are the fields in which two answers differ.
type differences map[string]pair

// pair has the answers of both libraries.
type pair struct{ theirs, ours string }

func (d differences) fields() []string { return slices.Sorted(maps.Keys(d)) }

// add compares each of app-netutil's answers with ours.
func (d differences) add(what string, theirs []answer, ours answer) {
	for _, a := range theirs {
		if a.Panic == "" && a.Err != "" && ours.Err != "" {
			continue // each has its own words for it
		}
		d.compare(what, a.tree(), ours.tree())
	}
}

// tree is an answer as JSON values, with its entries by their names.
func (a answer) tree() map[string]any {
	tree := map[string]any{}
	if a.Panic != "" {
		tree["panic"] = a.Panic
	}
	if a.Err != "" {
		tree["error"] = a.Err
	}
	if a.Container != "" {
		tree["MyContainerName"] = a.Container
	}
	var order []string
	put := func(label string, entry any) {
		unique := label
		for n := 2; tree[unique] != nil; n++ {
			unique = fmt.Sprintf("%s#%d", label, n)
		}
		order = append(order, unique)
		tree[unique] = values(entry)
	}
	for _, e := range a.Interfaces {
		label := e.NetworkStatus.Interface
		if label == "" {
			label = e.NetworkStatus.Name
		}
		if info := e.NetworkStatus.DeviceInfo; label == "" && info != nil && info.Pci != nil {
			label = "<" + info.Pci.PciAddress + ">"
		}
		put(label, e)
	}
	if len(order) > 0 {
		tree["order"] = order
	}
	// Lists without an order in app-netutil need no order in podnet.
	for _, h := range a.Hugepages {
		put("<"+h.ContainerName+">", h)
	}
	return tree
}

func values(v any) (tree any) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &tree)
	}
	if err != nil {
		panic(err)
	}
	return tree
}

func (d differences) compare(field string, theirs, ours any) {
	a, ok := theirs.(map[string]any)
	b, ok2 := ours.(map[string]any)
	if !ok || !ok2 {
		if !reflect.DeepEqual(theirs, ours) {
			d[field] = pair{text(theirs), text(ours)}
		}
		return
	}
	keys := slices.Collect(maps.Keys(a))
	for key := range b {
		if _, both := a[key]; !both {
			keys = append(keys, key)
		}
	}
	// An additional or missing entry is a difference by itself. The other entries have to
	// be in the same order.
	if inBoth(a["order"], b) != inBoth(b["order"], a) {
		d[field+" order"] = pair{inBoth(a["order"], b), inBoth(b["order"], a)}
	}
	for _, key := range keys {
		if key != "order" {
			d.compare(field+" "+key, a[key], b[key])
		}
	}
}

func inBoth(order any, other map[string]any) string {
	labels, _ := order.([]string)
	var both []string
	for _, label := range labels {
		if other[label] != nil {
			both = append(both, label)
		}
	}
	return strings.Join(both, " ")
}

func text(v any) string {
	if v == nil {
		return "nothing"
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%.300s", data)
}

// knownDifferences are the differences of each scenario, and why they are right.
type knownDifferences map[string]knownDifference

type knownDifference struct {
	reason string
	fields []string
}

var knownMutex sync.Mutex

func (k knownDifferences) set(scenario string, fields []string) {
	knownMutex.Lock()
	defer knownMutex.Unlock()
	if len(fields) == 0 {
		delete(k, scenario)
		return
	}
	reason := noReason
	if old, ok := k[scenario]; ok {
		reason = old.reason
	}
	k[scenario] = knownDifference{reason, fields}
}

// readDifferences reads lines "scenario: reason", each with the fields that
// differ, one per line behind a tab.
func readDifferences(t *testing.T) knownDifferences {
	t.Helper()
	data, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	known := knownDifferences{}
	current := ""
	for number, line := range strings.Split(string(data), "\n") {
		switch field, isField := strings.CutPrefix(line, "\t"); {
		case line == "" || strings.HasPrefix(line, "#"):
		case isField && current != "":
			d := known[current]
			d.fields = append(d.fields, field)
			known[current] = d
		default:
			name, reason, ok := strings.Cut(line, ": ")
			if _, twice := known[name]; !ok || twice || reason == "" || reason == noReason && !*update {
				t.Fatalf("%s:%d: not of the form scenario: reason, or there twice", differencesFile, number+1)
			}
			current = name
			known[name] = knownDifference{reason: reason}
		}
	}
	return known
}

// write puts the fields into the file; the comment at its head stays.
func (k knownDifferences) write(t *testing.T) {
	data, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Error(err)
		return
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		b.WriteString(line)
	}
	for _, name := range slices.Sorted(maps.Keys(k)) {
		fmt.Fprintf(&b, "\n%s: %s\n", name, k[name].reason)
		for _, field := range k[name].fields {
			fmt.Fprintf(&b, "\t%s\n", field)
		}
	}
	if err := os.WriteFile(differencesFile, []byte(b.String()), 0o644); err != nil {
		t.Error(err)
	}
}
