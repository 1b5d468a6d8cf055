package result

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// ReadDocument reads a file with a result of bench or of fabric, also an older or a newer
// one: fields that are not known are left out. One of the two is not nil.
func ReadDocument(path string) (*Result, *Fabric, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	r, f, err := readDocument(bufio.NewReaderSize(file, 64<<10))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, f, nil
}

// startOfFabric is the beginning of a document as fabric writes it.
var startOfFabric = regexp.MustCompile(`^\s*\{\s*"schema"\s*:\s*"` + fabricFamily)

// fabricFamily is what the schemas of all documents of fabric begin with.
const fabricFamily = "podnet.fabric/"

func readDocument(in *bufio.Reader) (*Result, *Fabric, error) {
	const enough = 512 // bytes for the schema
	if start, _ := in.Peek(enough); startOfFabric.Match(start) {
		f, err := ReadFabric(in)
		return nil, &f, err
	}
	data, err := io.ReadAll(io.LimitReader(in, MaxFile+1))
	if err != nil {
		return nil, nil, err
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if json.Unmarshal(bytes.TrimSpace(data), &head) == nil && strings.HasPrefix(head.Schema, fabricFamily) {
		f, err := ParseFabric(data)
		return nil, &f, err
	}
	r, err := parse(data)
	return &r, nil, err
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
