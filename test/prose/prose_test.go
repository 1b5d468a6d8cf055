// Package prose counts phrases that make our documents, messages and comments
// hard to read, and fails where there are more of one than its limit. The list
// is in patterns_test.go; lower a limit when you have removed some, never raise
// it.
package prose

import (
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	dir  = flag.String("dir", "../..", "the tree to count in, such as a checkout of an older commit")
	show = flag.String("show", "", "print each match of the pattern of this name, or of all")
)

// pattern is a phrase to avoid.
type pattern struct {
	name   string
	limit  int    // how many there may be
	phrase string // a regular expression, in which a blank stands for any white space
	except string // matches of phrase, with the word after them, that are meant
	why    string
	not    string // an example, which phrase matches
	but    string // how to say it, which phrase does not match
}

// matcher finds a pattern.
type matcher struct{ phrase, except *regexp.Regexp }

func (p pattern) matcher() matcher {
	blank := func(s string) string { return strings.ReplaceAll(s, " ", `\s+`) }
	m := matcher{phrase: regexp.MustCompile(blank(p.phrase))}
	if p.except != "" {
		m.except = regexp.MustCompile(blank(p.except))
	}
	return m
}

// find gives the matches in a text, as pairs of offsets.
func (m matcher) find(text string) [][]int {
	var found [][]int
	for _, at := range m.phrase.FindAllStringIndex(text, -1) {
		context := text[max(0, at[0]-30):min(len(text), at[1]+30)]
		if m.except == nil || !m.except.MatchString(context) {
			found = append(found, at)
		}
	}
	return found
}

// TestExamples holds each pattern to its own examples.
func TestExamples(t *testing.T) {
	for _, p := range patterns {
		if len(p.matcher().find(p.not)) == 0 {
			t.Errorf("%s does not find %q", p.name, p.not)
		}
		if len(p.matcher().find(p.but)) != 0 {
			t.Errorf("%s finds %q", p.name, p.but)
		}
		if p.why == "" {
			t.Errorf("%s has no reason", p.name)
		}
	}
}

// TestReaders shows where a match is, in each kind of file.
func TestReaders(t *testing.T) {
	const text = "in vain"
	for path, content := range map[string]string{
		"a.md":     "one\ntwo in\nvain\n\n```sh\nin vain\n```\n",
		"a.go":     "package a\n\n// A is in\n// vain.\nconst A = `x` // no\n",
		"b.go":     "package a\nconst A =\n\"in \" +\n\"vain\" // no\n",
		"a.c":      "int x;\n\n/* It is in\n * vain. */\nint y;\n",
		"b.h":      "\n\n#define X \"in vain\"\n",
		"Makefile": "x:\n\ty\n# It is in\n# vain.\n",
		"a.sh":     "#!/bin/sh\n\ntrue # in vain\n",
	} {
		var lines []int
		p := pattern{phrase: text}.matcher()
		for _, passage := range reader(path)([]byte(content)) {
			for _, at := range p.find(passage.text) {
				lines = append(lines, passage.line+strings.Count(passage.text[:at[0]], "\n"))
			}
		}
		if want := map[string]int{"a.md": 2}[path]; len(lines) != 1 || want == 0 && lines[0] != 3 || want != 0 && lines[0] != want {
			t.Errorf("%s: found at lines %v", path, lines)
		}
	}
}

// TestPatterns counts the phrases of the whole project.
func TestPatterns(t *testing.T) {
	docs, code, places := make(map[string]int), make(map[string]int), make(map[string][]string)
	matchers := make(map[string]matcher)
	for _, p := range patterns {
		matchers[p.name] = p.matcher()
	}
	read := files(t, *dir)
	if len(read) < 100 {
		t.Fatalf("only %d files in %s", len(read), *dir)
	}
	for _, path := range read {
		for _, passage := range passages(t, *dir, path) {
			for _, p := range patterns {
				for _, at := range matchers[p.name].find(passage.text) {
					line := passage.line + strings.Count(passage.text[:at[0]], "\n")
					around := strings.Join(strings.Fields(passage.text[max(0, at[0]-40):min(len(passage.text), at[1]+50)]), " ")
					places[p.name] = append(places[p.name], fmt.Sprintf("%s:%d: %s", path, line, around))
					if filepath.Ext(path) == ".md" {
						docs[p.name]++
					} else {
						code[p.name]++
					}
				}
			}
		}
	}
	for _, p := range patterns {
		t.Logf("%-12s %4d in documents, %4d in code, limit %d", p.name, docs[p.name], code[p.name], p.limit)
		count := docs[p.name] + code[p.name]
		over := count > p.limit && *dir == "../.."
		if over || *show == p.name || *show == "all" {
			for _, place := range places[p.name] {
				t.Log("  " + place)
			}
		}
		if over {
			t.Errorf("%d times %s, and the limit is %d: %s\n  not: %s\n  but: %s", count, p.name, p.limit, p.why, p.not, p.but)
		}
	}
}
