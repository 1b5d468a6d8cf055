package render

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/podnet/podnet/lib/podnet"
)

// Text is what a function made fit for a configuration. It is written as it is.
type Text struct{ s string }

// String gives the text, which is an ordinary string then.
func (t Text) String() string { return t.s }

// Functions that guard adds to a template, which gains nothing by naming them itself.
const (
	guardName = "_write" // each action that writes something ends with it
	rangeName = "_range" // the list of each range passes through it
	stepName  = "_step"  // comes before each template that is called
)

// Limits of a template, so that an endless one fails.
const (
	maxSteps = 1 << 20  // rounds of its ranges, and calls of its templates
	maxText  = 16 << 20 // bytes
)

// guard has each action that writes something end in guardName, as html/template
// does with its escapers, and counts what is repeated.
func guard(t *template.Template) {
	for _, t := range t.Templates() {
		if t.Tree != nil {
			guardList(t.Tree, t.Root)
		}
	}
}

func guardList(tree *parse.Tree, list *parse.ListNode) {
	if list == nil {
		return
	}
	call := func(name string, pos parse.Pos) *parse.CommandNode {
		return &parse.CommandNode{
			NodeType: parse.NodeCommand, Pos: pos,
			Args: []parse.Node{parse.NewIdentifier(name).SetTree(tree).SetPos(pos)},
		}
	}
	var nodes []parse.Node
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				n.Pipe.Cmds = append(n.Pipe.Cmds, call(guardName, n.Pos))
			}
		case *parse.IfNode:
			guardList(tree, n.List)
			guardList(tree, n.ElseList)
		case *parse.TemplateNode:
			step := &parse.PipeNode{NodeType: parse.NodePipe, Pos: n.Pos, Line: n.Line, Cmds: []*parse.CommandNode{call(stepName, n.Pos)}}
			nodes = append(nodes, &parse.ActionNode{NodeType: parse.NodeAction, Pos: n.Pos, Line: n.Line, Pipe: step})
		case *parse.RangeNode:
			n.Pipe.Cmds = append(n.Pipe.Cmds, call(rangeName, n.Pos))
			guardList(tree, n.List)
			guardList(tree, n.ElseList)
		case *parse.WithNode:
			guardList(tree, n.List)
			guardList(tree, n.ElseList)
		}
		nodes = append(nodes, node)
	}
	list.Nodes = nodes
}

// errEndless is why a template ends that goes on for too long.
var errEndless = fmt.Errorf("the template repeats itself more than %d times, or writes more than %d MiB: see its range and template actions", maxSteps, maxText>>20)

// counter counts what a template repeats and writes.
type counter struct {
	steps int
	text  bytes.Buffer
}

func (c *counter) step(n int) error {
	if n > maxSteps-c.steps {
		return errEndless
	}
	c.steps += max(n, 0)
	return nil
}

// ranged counts the rounds of a range over v.
func (c *counter) ranged(v any) (any, error) {
	n := 0
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.String:
		n = r.Len()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n = int(min(r.Int(), maxSteps+1))
	}
	return v, c.step(n)
}

// called counts the call of a template, and writes nothing.
func (c *counter) called() (string, error) { return "", c.step(1) }

// Write implements io.Writer.
func (c *counter) Write(text []byte) (int, error) {
	if c.text.Len()+len(text) > maxText {
		return 0, errEndless
	}
	return c.text.Write(text)
}

// write gives the text of an action's value, if it may stand anywhere.
func write(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", missing("a value is asked for that the pod does not have", "give one with default, or name it with required")
	case Text:
		return v.s, nil
	case string:
		return v, plain(v)
	case bool, int, int64, float64:
		return fmt.Sprint(v), nil
	}
	return "", inexpressible("a list or an object is to be written", "quote it with yaml or json, or join it")
}

// quoteIt is the remedy for who has written the template.
const quoteIt = "use one of yaml, json, shell and vpp, such as {{.name | yaml}}"

// plain is nil for text in which the parsers of shells, YAML, VPP, Python and the
// like find nothing but a word.
func plain(s string) error {
	const marks = "-_./:,=@%+"
	isLetter := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	reason := ""
	switch i := strings.IndexFunc(s, func(r rune) bool { return !isLetter(r) && !strings.ContainsRune(marks, r) }); {
	case s == "":
		reason = "is empty"
	case i >= 0:
		reason = fmt.Sprintf("has %q in it", []rune(s[i:])[0])
	case !isLetter(rune(s[0])) && s[0] != '/':
		reason = fmt.Sprintf("begins with %q", s[0])
	case strings.HasSuffix(s, ":"):
		reason = "ends with a colon"
	default:
		return nil
	}
	return inexpressible(fmt.Sprintf("the text %.100q %s, so it cannot be written without quotes", s, reason), quoteIt)
}

func missing(message, remedy string) error { return problem(podnet.CodeMissing, message, remedy) }

func inexpressible(message, remedy string) error {
	return problem(podnet.CodeInexpressible, message, remedy)
}

func problem(code podnet.Code, message, remedy string) error {
	return &podnet.Error{Problem: podnet.Problem{Code: code, Message: message, Remedy: remedy, Transient: code.Transient()}}
}
