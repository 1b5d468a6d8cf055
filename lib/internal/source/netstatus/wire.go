package netstatus

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/podnet/podnet/lib/internal/fact"
)

// wire reads JSON token by token: a value of the wrong type costs that value
// alone and is reported at its place, and nothing is read twice. That is also
// several times as fast as encoding/json. Its methods fail on a syntax error
// only, after which nothing can be read any more.
type wire struct {
	*jsontext.Decoder
	d *decoder
}

func (d *decoder) wire(text string) wire {
	var from io.Reader = bytes.NewBufferString(text) // read where it is
	if len(text) > 16<<10 {
		from = strings.NewReader(text) // read in parts, which takes less than a copy
	}
	return wire{jsontext.NewDecoder(from,
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), d}
}

// wrong skips a value that is not what belongs at a place, and reports it.
func (w wire) wrong(at fact.Origin, path ...string) error {
	kind := w.PeekKind()
	if err := w.SkipValue(); err != nil {
		return err
	}
	w.d.problem(at.At(strings.Join(path, "")), fact.Malformed, "a JSON %s does not belong here", kindName(kind))
	return nil
}

func kindName(kind jsontext.Kind) string {
	switch kind {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case '0':
		return "number"
	case 't', 'f':
		return "bool"
	}
	return "null"
}

// text reads a string; null leaves what there is. The place of a value is in
// pieces, which are put together if it has to be named.
func (w wire) text(into *string, at fact.Origin, path ...string) error {
	switch w.PeekKind() {
	case 'n':
		return w.SkipValue()
	case '"':
		token, err := w.ReadToken()
		if err == nil {
			*into = token.String()
		}
		return err
	}
	*into = ""
	return w.wrong(at, path...)
}

// texts reads an array of strings.
func (w wire) texts(into *[]string, at fact.Origin, path string) error {
	*into = nil
	switch w.PeekKind() {
	case 'n':
		return w.SkipValue()
	case '[':
	default:
		return w.wrong(at, path)
	}
	if _, err := w.ReadToken(); err != nil {
		return err
	}
	for index := 0; ; index++ {
		switch w.PeekKind() {
		case ']':
			_, err := w.ReadToken()
			return err
		case '"', 'n':
			var text string
			if err := w.text(&text, at, path); err != nil {
				return err
			}
			*into = append(*into, text)
		default:
			*into = append(*into, "") // the others keep their places
			if err := w.wrong(at, path+"["+strconv.Itoa(index)+"]"); err != nil {
				return err
			}
		}
	}
}

// number reads a whole number.
func (w wire) number(into *int, at fact.Origin, path string) error {
	*into = 0
	switch w.PeekKind() {
	case 'n':
		return w.SkipValue()
	case '0':
	default:
		return w.wrong(at, path)
	}
	value, err := w.ReadValue()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(value))
	if err != nil {
		w.d.problem(at.At(path), fact.Malformed, "%.100q is not a whole number", value)
		return nil
	}
	*into = n
	return nil
}

// boolean reads true or false; it is not ok if it is neither, nor null.
func (w wire) boolean(into *bool, at fact.Origin, path string) (ok bool, err error) {
	*into = false
	switch kind := w.PeekKind(); kind {
	case 't', 'f', 'n':
		*into = kind == 't'
		return true, w.SkipValue()
	}
	return false, w.wrong(at, path)
}

// object calls member with the name of each member of an object, which has to
// read the value or skip it; the name is its own until then. It is not ok if the next value is no object.
func (w wire) object(at fact.Origin, member func(name []byte) error, path ...string) (ok bool, err error) {
	switch w.PeekKind() {
	case 'n':
		return false, w.SkipValue()
	case '{':
	default:
		return false, w.wrong(at, path...)
	}
	if _, err := w.ReadToken(); err != nil {
		return false, err
	}
	for w.PeekKind() != '}' {
		raw, err := w.ReadValue()
		if err != nil {
			return false, err
		}
		name := []byte(raw[1 : len(raw)-1])
		if bytes.IndexByte(raw, '\\') >= 0 {
			if name, err = jsontext.AppendUnquote(nil, raw); err != nil {
				return false, err
			}
		}
		if err := member(name); err != nil {
			return false, err
		}
	}
	_, err = w.ReadToken()
	return true, err
}

// textMembers reads an object of strings into the fields that there are for
// them, and skips its other members.
func (w wire) textMembers(at fact.Origin, key, object string, field func(name []byte) *string) (ok bool, err error) {
	return w.object(at, func(name []byte) error {
		if into := field(name); into != nil {
			return w.text(into, at, key, object, ".", string(name))
		}
		return w.SkipValue()
	}, key, object)
}

// elements calls f for each element of an array, which has to read it, up to the
// first syntax error. It gives the place of that error, or the zero
// Origin.
func (w wire) elements(text string, at fact.Origin, f func(at fact.Origin, index int) error) (bad fact.Origin) {
	switch kind := w.PeekKind(); kind {
	case 'n':
		if err := w.SkipValue(); err != nil {
			w.d.problem(at, fact.Malformed, "not a JSON array")
			return at
		}
	case '[':
		if _, err := w.ReadToken(); err != nil {
			w.d.problem(at, fact.Malformed, "%w", err)
			return at
		}
		for index := 0; w.PeekKind() != ']'; index++ {
			here, before := elementAt(at, index), len(w.d.facts)
			empty := w.PeekKind() == 0
			if err := f(here, index); err != nil {
				w.d.facts = w.d.facts[:before]
				if empty && errors.Is(err, io.ErrUnexpectedEOF) {
					w.d.problem(here, fact.Malformed, "the JSON array is cut off")
				} else {
					w.d.problem(here, fact.Malformed, "%w; this entry and all after it are lost", err)
				}
				return here
			}
		}
		_, _ = w.ReadToken() // the bracket that was seen
	default:
		w.d.problem(at, fact.Malformed, "not a JSON array")
		return at
	}
	if strings.TrimSpace(text[w.InputOffset():]) != "" {
		w.d.problem(at, fact.Malformed, "more text after the JSON array, which is not used")
	}
	return fact.Origin{}
}
