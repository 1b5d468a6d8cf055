package downward

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// maxBadLines is the number of lines that are reported one by one. A file that
// is of another kind altogether has bad lines only.
const maxBadLines = 10

var (
	errForm = errors.New(`not of the form key="value"`)
	// A value that was written by kubelet has no raw newline.
	errUnended = errors.New(`the quoted value does not end on its line; a newline in it has to be written as \n`)
)

// parseAnnotations reads a file of annotations. A bad line is reported, and the
// rest is used.
func parseAnnotations(text string, at fact.Origin) (map[string]fact.Text, []fact.Fact) {
	annotations := map[string]fact.Text{}
	p := parser{at: at, what: "annotation", add: func(_ int, key, value string) bool {
		if first, twice := annotations[key]; twice && !first.Lost {
			return false
		}
		annotations[key] = fact.Text{Origin: fact.Origin{Source: fact.Annotation, Where: key}, Value: value}
		return true
	}}
	p.lost = func(key string) {
		if _, there := annotations[key]; !there {
			annotations[key] = fact.Text{Origin: fact.Origin{Source: fact.Annotation, Where: key}, Lost: true}
		}
	}
	p.parse(text)
	return annotations, p.problems
}

// parseLabels reads a file of labels.
func parseLabels(text string, at fact.Origin) []fact.Fact {
	var labels []fact.Fact
	seen := map[string]bool{}
	p := parser{at: at, what: "label", add: func(number int, key, value string) bool {
		if seen[key] {
			return false
		}
		seen[key] = true
		labels = append(labels, fact.Label{Origin: lineAt(at, number), Name: key, Value: value})
		return true
	}}
	p.parse(text)
	return append(labels, p.problems...)
}

func lineAt(at fact.Origin, number int) fact.Origin { return at.At(":" + strconv.Itoa(number)) }

// parser reads lines of the form key="value", the value quoted as strconv.Quote
// does.
type parser struct {
	at       fact.Origin
	what     string                                   // a line is one of
	add      func(number int, key, value string) bool // false: the key was there before
	lost     func(key string)                         // a value cannot be read; nil: nobody asks
	problems []fact.Fact
	bad      int // lines
}

// line is one line of the file, without its end.
type line struct {
	number int
	text   string
}

func (p *parser) parse(text string) {
	// After a quoted value that does not end on its line, the lines that do not
	// begin another are put off: they belong to that value if it ends on one of
	// them.
	var later []line
	inside := false
	settle := func() {
		for _, l := range later {
			p.line(l)
		}
		later, inside = nil, false
	}
	number := 0
	for text != "" {
		number++
		l := line{number: number}
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			l.text, text = text[:end], text[end+1:]
		} else {
			l.text, text = text, ""
		}
		l.text = strings.TrimRight(l.text, "\r")
		switch {
		case !inside:
			inside = p.line(l)
		case begins(l.text):
			settle()
			inside = p.line(l)
		case endsValue(l.text):
			later, inside = nil, false
		default:
			later = append(later, l)
		}
	}
	settle()
	if p.bad > maxBadLines {
		p.problems = append(p.problems, fact.Problemf(p.at, fact.Malformed, "%d more malformed lines", p.bad-maxBadLines))
	}
}

// line takes one line, and reports whether it is the beginning of a value that
// does not end on it.
func (p *parser) line(l line) (unended bool) {
	if strings.TrimSpace(l.text) == "" {
		return false
	}
	key, value, err := parseLine(l.text)
	unended = errors.Is(err, errUnended)
	switch {
	case err == nil && p.add(l.number, key, value):
		return false
	case err == nil:
		err = fmt.Errorf("%s %.100q is there twice, the first is used", p.what, key)
	case key != "":
		err = fmt.Errorf("%s %.100q: %w", p.what, key, err)
		if p.lost != nil {
			p.lost(key)
		}
	}
	if p.bad++; p.bad <= maxBadLines {
		p.problems = append(p.problems, fact.Problemf(lineAt(p.at, l.number), fact.Malformed, "%w", err))
	}
	return unended
}

// parseLine reads one line. An annotation's key has no '=' in it, its value may.
func parseLine(text string) (key, value string, err error) {
	key, value, ok := strings.Cut(text, "=")
	key = strings.TrimSpace(key)
	if !ok || key == "" {
		return "", "", errForm
	}
	// Kubelet quotes every value; people who write test files may not. A value
	// that begins with a quote has to be quoted properly.
	if trimmed := strings.TrimSpace(value); strings.HasPrefix(trimmed, `"`) {
		var rest string
		switch value, rest, err = unquote(trimmed); {
		case err != nil:
			return key, "", err
		case rest != "":
			return key, "", fmt.Errorf("text after the quoted value: %.100q", rest)
		}
	}
	return key, value, nil
}

// begins reports whether a line is a key and the beginning of a quoted value, so
// that it cannot be meant for a part of another value.
func begins(text string) bool {
	key, value, ok := strings.Cut(text, "=")
	return ok && strings.HasPrefix(strings.TrimSpace(value), `"`) && !strings.ContainsAny(strings.TrimSpace(key), "\" \t")
}

// endsValue reports whether a line is the end of a quoted value that began
// before.
func endsValue(text string) bool {
	text, ok := strings.CutSuffix(strings.TrimSpace(text), `"`)
	slashes := len(text) - len(strings.TrimRight(text, `\`))
	return ok && slashes%2 == 0
}
