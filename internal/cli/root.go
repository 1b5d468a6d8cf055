package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

const environmentHelp = `The environment variables that are read:

  PCIDEVICE_<resource>        the devices that a device plugin gave to the
  PCIDEVICE_<resource>_INFO   container, and details of them
  SRIOVNETWORK_*              the same from the SR-IOV driver for resource claims
  CONTAINER_NAME              the container's name, to find its files among the
                              pod's hugepage files
  KUBERNETES_SERVICE_HOST     the API server's address, for bench with
  KUBERNETES_SERVICE_PORT     --result-configmap, --params-configmap,
                              --peer-pod or --events
  POD_NAME, POD_UID           the pod that --events is about (fieldRef); by
                              default the one of the service account's token,
                              else the pod of the name HOSTNAME
  NODE_NAME                   the pod's node (fieldRef: spec.nodeName), for the
                              results of bench and fabric
  JOB_COMPLETION_INDEX        the index of this pod in its Job, for fabric

any variable that holds one of the pod's annotations (fieldRef),

and by DPDK itself:

  RUNTIME_DIRECTORY   the parent directory of dpdk/<file-prefix>, in which the
                      telemetry socket lies; by default /var/run for root,
                      else XDG_RUNTIME_DIR, else /tmp

With --environ FILE inspect, args, check, render, exec, run and bench read the
environment from a file. With --pid inspect, args, check and render read it from
that process. Values are never logged.
`

// commands are the constructors of every program's commands.
func commands() []func(Deps) *cobra.Command {
	return []func(Deps) *cobra.Command{
		newInspectCmd,
		newArgsCmd,
		newCheckCmd,
		newRenderCmd,
		newExecCmd,
		newWaitCmd,
		newVersionCmd,
		newCapiCmd,
	}
}

func newRootCmd(d Deps) *cobra.Command {
	root := &cobra.Command{
		Use:           d.Name,
		Short:         d.Short,
		Long:          d.Long,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Without a command there is no result: the help goes to
			// stderr, and a script learns that it forgot something.
			cmd.SetOut(d.Err)
			if err := cmd.Help(); err != nil {
				return err
			}
			return UsageErrorf("no command given")
		},
	}
	root.SetIn(d.In)
	root.SetOut(d.Out)
	root.SetErr(d.Err)
	for _, newCmd := range append(commands(), d.Commands...) {
		root.AddCommand(newCmd(d))
	}
	root.AddCommand(
		newHelpTopic(d, "exit-codes", "The meaning of the exit codes", exitCodesHelp),
		newHelpTopic(d, "environment", "Which environment variables are read", environmentHelp),
	)
	for _, cmd := range root.Commands() {
		groupCommon(cmd)
	}
	wrapHelp(root)
	return root
}

// newHelpTopic makes a page of `help`: a command that cannot be run.
func newHelpTopic(d Deps, name, short, text string) *cobra.Command {
	topic := &cobra.Command{Use: name, Short: short, Long: text}
	topic.SetHelpFunc(func(*cobra.Command, []string) { fmt.Fprint(d.Out, text) })
	return topic
}
