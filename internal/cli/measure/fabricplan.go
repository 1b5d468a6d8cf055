package measure

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/fabric"
)

const fabricPlanHelp = `plan prints how many rounds a run of fabric has and how long it takes. It starts
nothing and needs neither pods nor DPDK. For up to 16 nodes it lists the pairs of each
round by index; -o json lists them for any number of nodes.`

// listedNodes is the largest number of nodes for which the text lists the rounds' pairs.
const listedNodes = 16

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
				return cli.PrintJSON(d.Out, struct {
					fabric.Plan
					Schedule []string `json:"schedule"` // the pairs of each round
				}{plan, c.Schedule()})
			}
			if err := plan.WriteText(d.Out); err != nil || plan.Nodes > listedNodes {
				return err
			}
			for i, pairs := range c.Schedule() {
				if _, err := fmt.Fprintf(d.Out, "%-13s %s\n", fmt.Sprintf("round %d", i+1), pairs); err != nil {
					return err
				}
			}
			return nil
		},
	}
	scope.addFlags(cmd)
	cli.AddOutputFlag(cmd, &output, "text", "json")
	return cmd
}
