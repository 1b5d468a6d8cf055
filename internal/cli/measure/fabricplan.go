package measure

import (
	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/fabric"
)

const fabricPlanHelp = `plan prints how many rounds a run of fabric has and how long it takes, and starts
nothing: it needs neither pods nor DPDK.`

func newFabricPlanCmd(d deps) *cobra.Command {
	var scope fabricScope
	var output string
	cmd := &cobra.Command{
		Use:   "plan --nodes N",
		Short: "Print the schedule of a fabric run and how long it takes",
		Long:  fabricPlanHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, timing, err := scope.config(cmd.Flags())
			if err != nil {
				return err
			}
			plan, err := fabric.NewPlan(c, timing)
			if err != nil {
				return cli.UsageError(err)
			}
			if output == "json" {
				return cli.PrintJSON(d.Out, plan)
			}
			return plan.WriteText(d.Out)
		},
	}
	scope.addFlags(cmd)
	cli.AddOutputFlag(cmd, &output, "text", "json")
	return cmd
}
