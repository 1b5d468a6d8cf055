package downward

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errEscape = errors.New("the quoted value has a backslash that begins no escape of strconv.Quote's")

// unquote takes the double-quoted string at the beginning of s, and gives what
// is behind it as rest. It takes what strconv.Unquote takes, and gives the same
// value, but copies the text between backslashes in one piece: a network-status
// can be a hundred thousand bytes of it.
func unquote(s string) (value, rest string, err error) {
	s = s[1:]
	var buf strings.Builder
	start, ascii := 0, true
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case !special[c]:
			i++
			continue
		case c >= utf8.RuneSelf:
			ascii = false
			i++
			continue
		case c == '\n':
			return "", "", errUnended
		}
		run := s[start:i]
		if !ascii {
			run, ascii = validUTF8(run), true
		}
		if c == '"' {
			if buf.Cap() == 0 {
				return run, s[i+1:], nil // nothing in it that has to be changed
			}
			buf.WriteString(run)
			return buf.String(), s[i+1:], nil
		}
		if buf.Cap() == 0 {
			buf.Grow(len(s))
		}
		buf.WriteString(run)
		if i+1 < len(s) && simple[s[i+1]] != 0 {
			buf.WriteByte(simple[s[i+1]])
			i += 2
			start = i
			continue
		}
		r, multibyte, tail, err := strconv.UnquoteChar(s[i:], '"')
		switch {
		case err != nil && i+1 == len(s):
			return "", "", errUnended
		case err != nil:
			return "", "", errEscape
		case multibyte:
			buf.WriteRune(r)
		default:
			buf.WriteByte(byte(r))
		}
		i = len(s) - len(tail)
		start = i
	}
	return "", "", errUnended
}

// validUTF8 puts U+FFFD in the place of each byte that is not UTF-8.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// special are the bytes that are not copied as they are, or end the string.
var special = func() (t [256]bool) {
	t['"'], t['\\'], t['\n'] = true, true, true
	for c := utf8.RuneSelf; c < len(t); c++ {
		t[c] = true
	}
	return t
}()

// simple are the bytes behind a backslash that a JSON text has many of, and what
// each pair stands for.
var simple = [256]byte{'"': '"', '\\': '\\', 'n': '\n', 't': '\t', 'r': '\r'}
