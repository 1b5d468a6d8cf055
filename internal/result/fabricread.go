package result

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// What a document of fabric may have at most. One of 1000 nodes with two rails each has
// 1 998 000 pairs.
const (
	MaxFabricNodes = 1000
	MaxFabricRails = 16
	MaxFabricPairs = 2_000_000
	MaxFabricFile  = 2 << 30 // bytes
)

// maxFabricPair is how long a pair may be in bytes.
const maxFabricPair = 1 << 20

// ParseFabric reads a document that is in memory.
func ParseFabric(data []byte) (Fabric, error) { return ReadFabric(bytes.NewReader(data)) }

// ReadFabric reads a document as it comes, so that no more of its text is in memory than a
// pair. Whoever renders it may rely on it: nodes are listed by index, pairs are of two of
// them, and their figures are such as can be measured.
func ReadFabric(in io.Reader) (Fabric, error) {
	r := fabricReader{in: &metered{in: in, left: MaxFile, total: MaxFabricFile}, around: map[string]json.RawMessage{}}
	r.json = json.NewDecoder(r.in)
	err := r.read()
	if err == nil {
		err = r.doc.check()
	}
	if err != nil && !errors.Is(err, errSchema) {
		err = fmt.Errorf("%w. Give the file as --result-file or -o json wrote it", err)
	}
	return r.doc, err
}

// errSchema means that a document is of another schema.
var errSchema = errors.New("has another schema")

func checkFabricSchema(schema string) error {
	if schema != FabricSchema {
		return fmt.Errorf("%w, %.60q, and %s is read: use the release of testpmd-wrapper that wrote the file", errSchema, schema, FabricSchema)
	}
	return nil
}

// fabricReader reads a document of fabric.
type fabricReader struct {
	in     *metered
	json   *json.Decoder
	around map[string]json.RawMessage // the document without its pairs
	kept   int64                      // bytes of around
	doc    Fabric
}

func (r *fabricReader) read() error {
	if err := r.expect(json.Delim('{')); err != nil {
		return fmt.Errorf("is not a result of fabric: %w", err)
	}
	var pairs []FabricPair
	for r.json.More() {
		token, err := r.json.Token()
		if err != nil {
			return r.misread("the document", err)
		}
		switch name, _ := token.(string); name { // a member begins with nothing else
		case "pairs":
			pairs, err = r.pairs()
		default:
			err = r.member(name)
		}
		if err != nil {
			return err
		}
	}
	if err := r.expect(json.Delim('}')); err != nil {
		return r.misread("the document", err)
	}
	if _, err := r.json.Token(); !errors.Is(err, io.EOF) {
		return errors.New("has text after the document")
	}
	text, err := json.Marshal(r.around)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &r.doc); err != nil {
		return r.misread("", err)
	}
	r.doc.Pairs = pairs
	return checkFabricSchema(r.doc.Schema)
}

// expect reads what must come next.
func (r *fabricReader) expect(want json.Delim) error {
	switch got, err := r.json.Token(); {
	case err != nil:
		return err
	case got != want:
		return fmt.Errorf("it has %.20v where %v belongs", got, want)
	}
	return nil
}

// member keeps one of the document's members. Another schema is known at once: its other
// members may be different.
func (r *fabricReader) member(name string) error {
	var text json.RawMessage
	r.in.left = MaxFile - r.kept
	if err := r.json.Decode(&text); err != nil {
		return r.misread(fmt.Sprintf("%.40s", name), err)
	}
	var schema string
	if name == "schema" && json.Unmarshal(text, &schema) == nil {
		if err := checkFabricSchema(schema); err != nil {
			return err
		}
	}
	r.around[name] = text
	r.kept += int64(len(text))
	return nil
}

// pairs reads them one by one.
func (r *fabricReader) pairs() (list []FabricPair, err error) {
	list = []FabricPair{}
	if err := r.expect(json.Delim('[')); err != nil {
		return nil, r.misread("pairs", err)
	}
	for r.json.More() {
		if len(list) == MaxFabricPairs {
			return nil, fmt.Errorf("pairs: there are more than %d", MaxFabricPairs)
		}
		place := len(list)
		list = append(list, FabricPair{})
		r.in.left = maxFabricPair
		if err := r.json.Decode(&list[place]); err != nil {
			return nil, r.misread(pairPlace(place), err)
		}
		if err := list[place].check(); err != nil {
			return nil, fmt.Errorf("%s.%w", pairPlace(place), err)
		}
	}
	r.in.left = MaxFile
	if err := r.expect(json.Delim(']')); err != nil {
		return nil, r.misread(pairPlace(len(list)), err)
	}
	return list, nil
}

func pairPlace(i int) string { return fmt.Sprintf("pairs[%d]", i) }

// misread says where the text is not what it should be, and what is there.
func (r *fabricReader) misread(place string, err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		place = strings.Trim(place+"."+wrong.Field, ".")
		got, number := strings.CutPrefix(wrong.Value, "number ")
		if !number {
			got = "of the kind " + got
		}
		return fmt.Errorf("%s is %.40s: must be %s", place, got, wanted(wrong.Type))
	}
	place = cmp.Or(place, "the document")
	switch {
	case errors.Is(err, errTooLong):
		return fmt.Errorf("%s %w", place, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("ends in %s, and so is not whole", place)
	}
	return fmt.Errorf("%s, at byte %d or later: %w", place, r.json.InputOffset(), err)
}

// wanted says which values a field of that type takes.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Int:
		return "a whole number"
	case reflect.Uint64:
		return "a whole number, 0 or above"
	case reflect.Float64:
		return "a number below 1e308"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// metered hands on what it reads, up to a bound for one value and one for all.
type metered struct {
	in          io.Reader
	left, total int64
}

var errTooLong = errors.New("is longer than what fabric writes")

// Read implements io.Reader.
func (m *metered) Read(b []byte) (int, error) {
	most := min(m.left, m.total)
	if most <= 0 {
		return 0, errTooLong
	}
	n, err := m.in.Read(b[:min(int64(len(b)), most)])
	m.left -= int64(n)
	m.total -= int64(n)
	return n, err
}
