package measure

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
)

const reportHelp = `report reads results that bench or fabric wrote (--result-file, or -o json) and prints
them in another form. It also reads the result of a run that was killed, and says that
it is not complete. Some forms are for results of bench alone.`

func newReportCmd(d deps) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "report FILE...",
		Short: "Write results of bench or fabric in another form",
		Long:  reportHelp,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			results, fabrics, err := readDocuments(args)
			switch {
			case err != nil:
				return err
			case fabrics == nil:
				return report.Write(d.Out, output, results...)
			case !slices.Contains(report.FabricFormats(), output):
				return cli.UsageErrorf("--output %s is for results of bench: results of fabric have %s", output, strings.Join(report.FabricFormats(), ", "))
			}
			return report.WriteFabric(d.Out, output, fabrics...)
		},
	}
	cli.AddOutputFlag(cmd, &output, report.Formats()...)
	return cmd
}

// readResults reads every file.
func readResults(files []string) ([]result.Result, error) {
	var results []result.Result
	for _, f := range files {
		r, err := result.ReadFile(f)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// readDocuments reads every file: results of bench, or of fabric.
func readDocuments(files []string) (results []result.Result, fabrics []result.Fabric, err error) {
	for _, name := range files {
		r, f, err := result.ReadDocument(name)
		switch {
		case err != nil:
			return nil, nil, err
		case f != nil:
			fabrics = append(fabrics, *f)
		default:
			results = append(results, *r)
		}
	}
	if results != nil && fabrics != nil {
		return nil, nil, cli.UsageErrorf("the files are results of bench and of fabric: give one kind at a time")
	}
	return results, fabrics, nil
}
