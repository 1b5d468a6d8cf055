package render

import (
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/podnet/podnet/lib/podnet"
)

// Text is what a function made fit for a configuration. It is written as it is.
type Text struct{ s string }

// String gives the text, which is an ordinary string then.
func (t Text) String() string { return t.s }

// guardName is the function that each action of a template ends with. A template
// cannot name it.
const guardName = "_write"

// guard has each action that writes something end in guardName, as html/template
// does with its escapers.
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
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{
					NodeType: parse.NodeCommand, Pos: n.Pos,
					Args: []parse.Node{parse.NewIdentifier(guardName).SetTree(tree).SetPos(n.Pos)},
				})
			}
		case *parse.IfNode:
			guardList(tree, n.List)
			guardList(tree, n.ElseList)
		case *parse.RangeNode:
			guardList(tree, n.List)
			guardList(tree, n.ElseList)
		case *parse.WithNode:
			guardList(tree, n.List)
			guardList(tree, n.ElseList)
		}
	}
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
	return inexpressible(fmt.Sprintf("the text %.100q %s, so it cannot be written without quotes", s, reason),
		"use one of yaml, json, shell and vpp, such as {{.name | yaml}}")
}

func missing(message, remedy string) error { return problem(podnet.CodeMissing, message, remedy) }

func inexpressible(message, remedy string) error {
	return problem(podnet.CodeInexpressible, message, remedy)
}

func problem(code podnet.Code, message, remedy string) error {
	return &podnet.Error{Problem: podnet.Problem{Code: code, Message: message, Remedy: remedy, Transient: code.Transient()}}
}
