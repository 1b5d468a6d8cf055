package prose

import (
	"bytes"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// passage is a piece of text that someone reads as a whole: a paragraph, a
// comment, or a string of the program. Its lines stay lines, so that a match can
// be located.
type passage struct {
	file string
	line int
	text string
}

// files are the files below dir, by path, that have text of the project. Data of
// tests and what the build makes are left out.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains([]string{".git", "testdata"}, d.Name()) || path == "bin" || path == "test/prose"):
			return fs.SkipDir
		case d.Type().IsRegular() && reader(path) != nil:
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// reader tells how passages are taken from a file, or nil if it has none.
func reader(path string) func(text []byte) []passage {
	base := filepath.Base(path)
	switch ext := filepath.Ext(path); {
	case ext == ".md":
		return markdown
	case ext == ".go":
		return goCode
	case ext == ".c", ext == ".h":
		return cCode
	case ext == ".sh", ext == ".yaml", ext == ".mk", base == "Makefile", base == "Dockerfile", path == ".ci/run":
		return hashComments
	}
	return nil
}

// passages reads the passages of a file.
func passages(t *testing.T, dir, path string) []passage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	found := reader(path)(text)
	for i := range found {
		found[i].file = path
	}
	return found
}

// markdown takes paragraphs, list items and rows of tables; code is left out.
func markdown(text []byte) []passage {
	var found []passage
	fenced, open := false, false
	for i, line := range strings.Split(string(text), "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "```") {
			fenced, open = !fenced, false
			continue
		}
		starts := strings.HasPrefix(trimmed, "- ") || strings.HasPrefix(trimmed, "|") || strings.HasPrefix(trimmed, "#")
		switch {
		case fenced:
		case trimmed == "":
			open = false
		case open && !starts:
			found[len(found)-1].text += "\n" + trimmed
		default:
			found = append(found, passage{line: i + 1, text: trimmed})
			open = true
		}
	}
	return found
}

// goCode takes comments, and strings that are joined by +.
func goCode(text []byte) []passage {
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	var found []passage
	var last, before token.Token // of those that are not comments
	commentEnds, stringAt := 0, -1
	for {
		pos, tok, lit := s.Scan()
		line := file.Line(pos)
		switch tok {
		case token.EOF:
			return found
		case token.COMMENT:
			if strings.HasPrefix(lit, "//go:") {
				continue
			}
			lit = strings.TrimPrefix(strings.TrimPrefix(lit, "//"), " ")
			if commentEnds > 0 && line == commentEnds+1 {
				found[len(found)-1].text += "\n" + lit
			} else {
				found = append(found, passage{line: line, text: lit})
				stringAt = -1
			}
			commentEnds = line + strings.Count(lit, "\n")
			continue
		case token.STRING:
			commentEnds = 0
			lit = strings.ReplaceAll(lit, `\n`, " \r")[1:] // a paragraph of its own
			lit = lit[:len(lit)-1]
			if last == token.ADD && before == token.STRING && stringAt >= 0 {
				p := &found[stringAt]
				p.text += strings.Repeat("\n", max(0, line-p.line-strings.Count(p.text, "\n"))) + lit
			} else {
				found = append(found, passage{line: line, text: lit})
				stringAt = len(found) - 1
			}
		}
		if tok != token.SEMICOLON || lit != "\n" {
			commentEnds = 0
		}
		before, last = last, tok
	}
}

var (
	cText    = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"`)
	cMargin  = regexp.MustCompile(`\n[ \t]*\*[ \t]?`)
	hashMark = regexp.MustCompile(`(?:^|\s)##? (.*)$`)
)

// cCode takes comments and strings.
func cCode(text []byte) []passage {
	var found []passage
	for _, at := range cText.FindAllIndex(text, -1) {
		lit := strings.ReplaceAll(string(text[at[0]:at[1]]), `\n`, " \r")
		found = append(found, passage{line: 1 + bytes.Count(text[:at[0]], []byte("\n")), text: cMargin.ReplaceAllString(lit, "\n")})
	}
	return found
}

// hashComments takes comments that begin with #, and the help of targets.
func hashComments(text []byte) []passage {
	var found []passage
	ends := -1
	for i, line := range strings.Split(string(text), "\n") {
		m := hashMark.FindStringSubmatch(line)
		switch {
		case m == nil:
		case ends == i && strings.HasPrefix(strings.TrimSpace(line), "#"):
			found[len(found)-1].text += "\n" + m[1]
			ends = i + 1
		default:
			found = append(found, passage{line: i + 1, text: m[1]})
			ends = i + 1
		}
	}
	return found
}
