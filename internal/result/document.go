package result

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// ReadDocument reads a file with a result of bench or of fabric, also an older or a newer
// one: fields that are not known are left out. One of the two is not nil.
func ReadDocument(path string) (*Result, *Fabric, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if json.Unmarshal(bytes.TrimSpace(data), &head) == nil && head.Schema == FabricSchema {
		f, err := ParseFabric(data)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		return nil, &f, nil
	}
	r, err := parse(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return &r, nil, nil
}

// readFile reads a file up to one byte more than MaxFile; parse refuses larger ones.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFile+1))
}

// MaxFabricNodes and MaxFabricRails are how many a document may have.
const (
	MaxFabricNodes = 1000
	MaxFabricRails = 16
)

// ParseFabric reads a document. Whoever renders it may rely on it: nodes are listed by
// index, and pairs are of two of them.
func ParseFabric(data []byte) (f Fabric, err error) {
	if len(data) > MaxFile {
		return f, fmt.Errorf("is larger than %d MiB, which no result is", MaxFile>>20)
	}
	if err := json.Unmarshal(bytes.TrimSpace(data), &f); err != nil {
		return f, fmt.Errorf("is not a result of fabric (give a file of --result-file or -o json): %w", err)
	}
	return f, f.check()
}

func (f Fabric) check() error {
	if f.Schema != FabricSchema {
		return fmt.Errorf("has the schema %q, and %s is read", f.Schema, FabricSchema)
	}
	if len(f.Nodes) > MaxFabricNodes {
		return fmt.Errorf("nodes: there are %d, and at most %d are read", len(f.Nodes), MaxFabricNodes)
	}
	for i, n := range f.Nodes {
		if n.Index != i {
			return fmt.Errorf("nodes[%d].index is %d: must be %d", i, n.Index, i)
		}
	}
	known := func(node int) bool { return node >= 0 && node < len(f.Nodes) }
	rail := func(r int) bool { return r >= 0 && r < MaxFabricRails }
	type key struct{ from, to, fromRail, toRail int }
	seen := make(map[key]bool, len(f.Pairs))
	for i, p := range f.Pairs {
		k := key{p.From, p.To, p.FromRail, p.ToRail}
		switch {
		case !known(p.From) || !known(p.To) || p.From == p.To:
			return fmt.Errorf("pairs[%d] is from node %d to node %d: must be two of the %d nodes", i, p.From, p.To, len(f.Nodes))
		case !rail(p.FromRail) || !rail(p.ToRail):
			return fmt.Errorf("pairs[%d] is from rail %d to rail %d: must be 0 to %d", i, p.FromRail, p.ToRail, MaxFabricRails-1)
		case seen[k]:
			return fmt.Errorf("pairs[%d]: node %d to node %d on %s is there twice", i, p.From, p.To, p.Rails())
		}
		seen[k] = true
	}
	for i, o := range f.Outliers {
		for _, n := range append([]int{valueOr(o.From), valueOr(o.To)}, o.Nodes...) {
			if !known(n) {
				return fmt.Errorf("outliers[%d] is of node %d: there are %d nodes", i, n, len(f.Nodes))
			}
		}
	}
	return nil
}

func valueOr(node *int) int {
	if node == nil {
		return 0
	}
	return *node
}

// Encode writes the document as indented JSON, but with one line per pair: indented
// pairs would take several times as much.
func (f Fabric) Encode(w io.Writer) error {
	pairs := f.Pairs
	f.Pairs = []FabricPair{}
	around, err := marshal(f, "  ")
	if err != nil {
		return err
	}
	const key = "\n  \"pairs\": ["
	head, tail, _ := bytes.Cut(around, []byte(key)) // no text of others has a line's end
	b := bufio.NewWriter(w)
	put := func(parts ...[]byte) {
		for _, part := range parts {
			_, _ = b.Write(part) // Flush tells of any write that failed
		}
	}
	put(head, []byte(key))
	for i, p := range pairs {
		line, err := marshal(p, "")
		if err != nil {
			return err
		}
		separator := ",\n    "
		if i == 0 {
			separator = "\n    "
		}
		put([]byte(separator), line)
	}
	if len(pairs) > 0 {
		put([]byte("\n  "))
	}
	put(tail, []byte("\n"))
	return b.Flush()
}

func marshal(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
