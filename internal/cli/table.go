package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value   *string
	allowed []string
}

func (c choice) String() string {
	if c.value == nil { // pflag asks a zero value for its text
		return ""
	}
	return *c.value
}

func (c choice) Type() string { return strings.Join(c.allowed, "|") }

func (c choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	*c.value = s
	return nil
}

// AddChoiceFlag adds a flag that takes one of the words; the first is the
// default.
func AddChoiceFlag(cmd *cobra.Command, value *string, name, short, usage string, allowed ...string) {
	*value = allowed[0]
	cmd.Flags().VarP(choice{value, allowed}, name, short, usage)
}

// AddOutputFlag adds -o; the first form is the default.
func AddOutputFlag(cmd *cobra.Command, value *string, forms ...string) {
	AddChoiceFlag(cmd, value, "output", "o", "form of the output", forms...)
}

// PrintJSON writes v as one indented JSON document.
func PrintJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// PrintTable writes rows in aligned columns under an upper-case header.
func PrintTable(w io.Writer, header []string, rows [][]string) error {
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		for _, text := range row {
			fmt.Fprint(tw, cell(text), "\t")
		}
		fmt.Fprintln(tw)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// cell makes text safe for a terminal: text of a pod's author may contain escape
// sequences. Empty text becomes a hyphen.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}
