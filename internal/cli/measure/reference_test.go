package measure

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/rundir"
)

var updateReference = flag.Bool("update-reference", false, "write docs/reference/cli.md")

const referencePage = "../../../docs/reference/cli.md"

const referenceIntro = `# Commands and flags

For people who write scripts and manifests: every command of ` + "`testpmd-wrapper`" + ` with every flag. The last column of the
first table says whether ` + "`podnet`" + ` has the command too, with the same flags. A test generates this page from the programs.

[Compatibility](compatibility.md#exit-codes) explains the exit codes. A flag that may be repeated takes one value each
time.

`

const referenceEnd = `
## Shell completion

` + "`completion bash`, `zsh`, `fish` and `powershell`" + ` print a script by which the shell completes commands and flags:

    source <(testpmd-wrapper completion bash)
    podnet completion zsh > "${fpath[1]}/_podnet"

` + "`testpmd-wrapper completion SHELL --help`" + ` says where each shell looks for such a script.
`

// reference makes the page of the commands.
func reference() string {
	var b strings.Builder
	b.WriteString(referenceIntro)
	p := program(nil)
	p.DPDKVersion = ""
	root, plugin := cli.Reference(p)
	alone, _ := cli.Reference(cli.Program{Name: "podnet"})
	b.WriteString("| command | purpose | in `podnet` |\n|---|---|---|\n")
	for _, cmd := range visible(root) {
		also := "no"
		if found, _, err := alone.Find([]string{cmd.Name()}); err == nil && found != alone {
			also = "yes"
		}
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", cmd.Name(), anchor(cmd), cell(cmd.Short), also)
	}
	for _, cmd := range visible(root) {
		describeCmd(&b, cmd, nil)
	}
	for _, cmd := range visible(plugin) {
		describeCmd(&b, cmd, nil)
	}
	for _, cmd := range root.Commands() {
		if !cmd.Runnable() && !cmd.HasSubCommands() && cmd.Name() != "help" {
			fmt.Fprintf(&b, "\n## Help topic: %s\n\n%s", cmd.Name(), indent(cmd.Long))
		}
	}
	b.WriteString(referenceEnd)
	return b.String()
}

// visible are the commands below one that do something.
func visible(parent *cobra.Command) (found []*cobra.Command) {
	for _, cmd := range parent.Commands() {
		if cmd.Runnable() && !cmd.Hidden && cmd.Name() != "help" && cmd.Name() != "completion" {
			found = append(found, cmd)
		}
	}
	return found
}

func anchor(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// describeCmd writes a command and those below it. A flag that parent has in the
// same words is named only.
func describeCmd(b *strings.Builder, cmd, parent *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n\n%s", cmd.CommandPath(), cmd.Short, indent(cmd.UseLine()))
	if cmd.Long != "" {
		fmt.Fprintf(b, "\n%s", indent(cmd.Long))
	}
	var same, rows []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if parent != nil {
			if of := parent.Flags().Lookup(f.Name); of != nil && of.Usage == f.Usage && of.DefValue == f.DefValue {
				same = append(same, "`--"+f.Name+"`")
				return
			}
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		kind, usage := pflag.UnquoteUsage(f)
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s |\n", name, cell(kind), cell(standard(f)), cell(usage)))
	})
	if rows != nil {
		fmt.Fprintf(b, "\n| flag | value | default | purpose |\n|---|---|---|---|\n%s", strings.Join(rows, ""))
	}
	if same != nil {
		fmt.Fprintf(b, "\nThese flags are the same as for [`%s`](#%s): %s.\n", parent.CommandPath(), anchor(parent), strings.Join(same, ", "))
	}
	for _, sub := range visible(cmd) {
		describeCmd(b, sub, cmd)
	}
}

// standard is a flag's default as the page shows it.
func standard(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "[]", "0s", "false", rundir.Prefix(0):
		if f.DefValue == rundir.Prefix(0) {
			return "podnet-PID"
		}
		return ""
	}
	return f.DefValue
}

func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "*", "\\*", "_", "\\_", "[", "\\[").Replace(s)
}

// indent makes a text a block of its own.
func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(s, "\n") + "\n") {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestReference holds the page of the commands to the commands.
func TestReference(t *testing.T) {
	want := reference()
	if *updateReference {
		if err := os.WriteFile(referencePage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" || strings.Count(want, "\n| `--") < 100 {
		t.Errorf("%s: run go test ./internal/cli/measure -run Reference -update-reference (-code +page):\n%s", referencePage, diff)
	}
}
