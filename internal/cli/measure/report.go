package measure

import (
	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
)

const reportHelp = `report reads results that bench wrote (--result-file, or -o json) and writes them
again in another form. A result of a run that was killed is read too; it says that
it is not complete.`

func newReportCmd(d deps) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "report FILE...",
		Short: "Write results of bench in another form",
		Long:  reportHelp,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			results, err := readResults(args)
			if err != nil {
				return err
			}
			return report.Write(d.Out, output, results...)
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
