package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

type versionOptions struct {
	deps
	Output string
}

func newVersionCmd(d deps) *cobra.Command {
	opts := versionOptions{deps: d}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program and of its DPDK",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return versionRun(opts)
		},
	}
	addOutputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func versionRun(o versionOptions) error {
	if o.Output == "json" {
		return printJSON(o.Out, struct {
			Version string `json:"version"`
			DPDK    string `json:"dpdk"` // empty: built without DPDK
			Go      string `json:"go"`
		}{o.version, o.dpdkVersion, runtime.Version()})
	}
	dpdk := o.dpdkVersion
	if dpdk == "" {
		dpdk = "none (built without DPDK)"
	}
	_, err := fmt.Fprintf(o.Out, "%s %s\nDPDK %s\n%s\n", program, o.version, dpdk, runtime.Version())
	return err
}
