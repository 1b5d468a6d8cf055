package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Help fits into the narrowest usual terminal. The descriptions of flags begin in
// flagColumn.
const (
	helpColumns = 80
	flagColumn  = 30
)

// groupAnnotation names the group that a flag's help stands in.
const groupAnnotation = "podnet_group"

// Group puts the help of flags that the command has under a heading. Headings stand in
// the order in which they are first given; flags without one come last.
func Group(cmd *cobra.Command, heading string, flags ...string) {
	for _, name := range flags {
		if f := cmd.Flags().Lookup(name); f != nil {
			if f.Annotations == nil {
				f.Annotations = map[string][]string{}
			}
			f.Annotations[groupAnnotation] = []string{heading}
		}
	}
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	if old := cmd.Annotations[groupAnnotation]; old != "" {
		heading = old + "\n" + heading
	}
	cmd.Annotations[groupAnnotation] = heading
}

// usage writes how a command is called, wrapped and in groups.
func usage(cmd *cobra.Command) error {
	w := &errorWriter{w: cmd.OutOrStderr()}
	fmt.Fprint(w, "Usage:\n")
	if cmd.Runnable() {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(wrap(cmd.UseLine(), helpColumns-6), "\n", "\n    "))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s [command]\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", strings.TrimRight(cmd.Example, "\n"))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nAvailable Commands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprint(w, entry("  "+sub.Name(), sub.Short, sub.NamePadding()+4))
			}
		}
	}
	for _, g := range grouped(cmd) {
		fmt.Fprintf(w, "\n%s:\n", g.heading)
		for _, f := range g.flags {
			name, text := described(f)
			fmt.Fprint(w, entry(name, text, flagColumn))
		}
	}
	if cmd.HasHelpSubCommands() {
		fmt.Fprint(w, "\nAdditional help topics:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAdditionalHelpTopicCommand() {
				fmt.Fprint(w, entry("  "+sub.CommandPath(), sub.Short, sub.CommandPathPadding()+4))
			}
		}
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\nUse \"%s [command] --help\" for more about a command.\n", cmd.CommandPath())
	}
	return w.err
}

// flagGroup is flags under a heading.
type flagGroup struct {
	heading string
	flags   []*pflag.Flag
}

// grouped are a command's flags by their headings.
func grouped(cmd *cobra.Command) (list []flagGroup) {
	of := map[string][]*pflag.Flag{}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		heading := ""
		if h := f.Annotations[groupAnnotation]; h != nil {
			heading = h[0]
		}
		if !f.Hidden {
			of[heading] = append(of[heading], f)
		}
	})
	for heading := range strings.SplitSeq(cmd.Annotations[groupAnnotation], "\n") {
		if flags := of[heading]; flags != nil && heading != "" {
			list = append(list, flagGroup{heading, flags})
			delete(of, heading)
		}
	}
	if flags := of[""]; flags != nil {
		heading := "Flags"
		if list != nil {
			heading = "Other flags"
		}
		list = append(list, flagGroup{heading, flags})
	}
	return list
}

// described gives a flag with its kind of value, and its description.
func described(f *pflag.Flag) (name, text string) {
	name = "      --" + f.Name
	if f.Shorthand != "" {
		name = "  -" + f.Shorthand + ", --" + f.Name
	}
	kind, text := pflag.UnquoteUsage(f)
	if words := strings.ReplaceAll(kind, "|", ", "); len(name)+1+len(kind) > flagColumn-2 && words != kind {
		kind, text = "string", text+": "+words
	}
	if kind != "" {
		name += " " + kind
	}
	if f.NoOptDefVal != "" && kind != "" {
		name += "[=...]"
	}
	switch f.DefValue {
	case "", "0", "0s", "false", "[]":
	default:
		text += " (default " + f.DefValue + ")"
	}
	return name, text
}

// entry formats a name and, from a column on beside it or below it, a wrapped text.
func entry(name, text string, column int) string {
	var b strings.Builder
	if len(name) > column-2 {
		fmt.Fprintln(&b, name)
		name = ""
	}
	for line := range strings.SplitSeq(wrap(text, helpColumns-column), "\n") {
		fmt.Fprintf(&b, "%-*s%s\n", column, name, line)
		name = ""
	}
	return b.String()
}

// wrap breaks text between words into lines of at most so many columns.
func wrap(text string, columns int) string {
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case at == 0:
		case at+1+n > columns:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// fill wraps the paragraphs of a help text that are too wide. Lines that are indented
// stay as they are.
func fill(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		wide, list := false, false
		for line := range strings.SplitSeq(p, "\n") {
			wide = wide || utf8.RuneCountInString(line) > helpColumns
			list = list || strings.HasPrefix(line, " ")
		}
		if wide && !list {
			paragraphs[i] = wrap(p, helpColumns)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// wrapHelp wraps the help of a command and of its subcommands.
func wrapHelp(cmd *cobra.Command) {
	cmd.Long = fill(cmd.Long)
	cmd.SetUsageFunc(usage)
	for _, sub := range cmd.Commands() {
		wrapHelp(sub)
	}
}

// commonGroups are the headings of flags that commands have in common.
var commonGroups = []struct {
	heading string
	flags   []string
}{
	{"What to do", []string{"app", "for", "template", "mode", "forward", "duration", "dry-start", "udp-echo"}},
	{"Traffic", []string{"rate", "frame-size", "src-ip", "dst-ip", "src-port", "dst-port", "dst-mac", "vlan", "mtu"}},
	{"Faults", []string{"queue-depth", "delay", "loss", "duplicate", "reorder", "reorder-by", "seed"}},
	{"Interfaces", []string{"interfaces", "hint", "devargs", "vdev", "vhost-user", "memif", "iface"}},
	{"DPDK and CPUs", []string{
		"cpus", "queues", "memory", "multi-process", "file-prefix", "eal-arg", "dpdk-version", "peer-timeout", "no-check", "verbose",
	}},
	{"The pod", []string{"root", "pid", "environ", "podinfo", "wait"}},
	{"Output", []string{"output", "out", "metrics"}},
}

// groupCommon puts the flags that several commands have under headings, unless the
// command has put its own there.
func groupCommon(cmd *cobra.Command) {
	if cmd.Annotations[groupAnnotation] != "" {
		return
	}
	for _, g := range commonGroups {
		Group(cmd, g.heading, g.flags...)
	}
}

// errorWriter keeps the first error.
type errorWriter struct {
	w   io.Writer
	err error
}

func (e *errorWriter) Write(b []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.w.Write(b)
	e.err = err
	return n, err
}
