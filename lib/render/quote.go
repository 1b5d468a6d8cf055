package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// quoteYAML writes a value as a YAML flow value: a string in double quotes.
// JSON is YAML, if the characters that YAML does not print are escaped.
func quoteYAML(v any) (Text, error) {
	text, err := quoteJSON(v)
	if err != nil {
		return Text{}, err
	}
	var b strings.Builder
	for _, r := range text.s {
		if r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0xd800 && r < 0xe000 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return Text{b.String()}, nil
}

// quoteJSON writes a value as JSON, on one line. It has no single quote, so that it
// stays one string where a template puts single quotes around it.
func quoteJSON(v any) (Text, error) {
	if err := checkText(v); err != nil {
		return Text{}, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return Text{}, err
	}
	return Text{strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "'", `\u0027`)}, nil
}

// quoteShell writes a word for a POSIX shell, or the words of a list.
func quoteShell(v any) (Text, error) {
	if err := checkText(v); err != nil {
		return Text{}, err
	}
	words, err := texts(v)
	if err != nil {
		return Text{}, err
	}
	for i, word := range words {
		words[i] = ShellQuote(word)
	}
	return Text{strings.Join(words, " ")}, nil
}

// ShellQuote puts single quotes around s unless each of its characters is plain
// to every POSIX shell.
func ShellQuote(s string) string {
	special := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-_./:,=@%+", r)
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// quoteVPP writes a string for a file that VPP reads, in braces if it has blanks.
// VPP undoes backslashes each time that a section passes through one more of its
// parsers, so that nothing escapes a brace, a backslash or a comment for good:
// text with these is refused.
func quoteVPP(v any) (Text, error) {
	s, ok := v.(string)
	if !ok {
		s, err := write(v)
		return Text{s}, err
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || strings.ContainsRune(`{}\#"`+"'`$", r) || r == utf8.RuneError {
			return Text{}, inexpressible(fmt.Sprintf("the text %.100q has %q, which VPP's files cannot carry", s, r), "give it another name or path")
		}
	}
	switch {
	case strings.TrimSpace(s) == "":
		return Text{}, inexpressible("an empty text is to be written, and VPP has no form of it", "")
	case strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r > 0x7f }):
		return Text{"{" + s + "}"}, nil
	}
	return Text{s}, nil
}

// texts gives the elements of a list, or the one value, as text without quotes.
func texts(v any) ([]string, error) {
	var list []string
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case []string:
		return slices.Clone(v), nil
	case []int:
		for _, n := range v {
			list = append(list, fmt.Sprint(n))
		}
		return list, nil
	case []any:
		for _, e := range v {
			text, ok := e.(string)
			if !ok {
				var err error
				if text, err = write(e); err != nil {
					return nil, err
				}
			}
			list = append(list, text)
		}
		return list, nil
	}
	text, err := write(v)
	return []string{text}, err
}

// checkText refuses what no encoding carries, wherever it is in a value.
func checkText(v any) error {
	bad := func(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) }
	switch v := v.(type) {
	case nil:
		return missing("a value is to be quoted that the pod does not have", "give one with default, or name it with required")
	case Text:
		return inexpressible(fmt.Sprintf("%.100q is to be quoted twice", v.s), "quote it once")
	case string:
		if bad(v) {
			return inexpressible(fmt.Sprintf("the text %.100q is not UTF-8, or has a NUL", v), "")
		}
	case []string:
		for _, s := range v {
			if bad(s) {
				return inexpressible(fmt.Sprintf("the text %.100q is not UTF-8, or has a NUL", s), "")
			}
		}
	case []any:
		for _, e := range v {
			if err := checkText(e); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, e := range v {
			if err := checkText(key); err != nil {
				return err
			}
			if err := checkText(e); err != nil {
				return err
			}
		}
	}
	return nil
}
