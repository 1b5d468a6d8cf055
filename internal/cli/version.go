package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

type versionOptions struct {
	Deps
	Output string
}

func newVersionCmd(d Deps) *cobra.Command {
	opts := versionOptions{Deps: d}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program and of its DPDK",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return versionRun(opts)
		},
	}
	AddOutputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func versionRun(o versionOptions) error {
	if o.Output == "json" {
		return PrintJSON(o.Out, struct {
			Version string `json:"version"`
			DPDK    string `json:"dpdk"` // empty: built without DPDK
			Go      string `json:"go"`
		}{o.Version, o.DPDKVersion, runtime.Version()})
	}
	dpdk := o.DPDKVersion
	if dpdk == "" {
		dpdk = "none (built without DPDK)"
	}
	_, err := fmt.Fprintf(o.Out, "%s %s\nDPDK %s\n%s\n", o.Name, o.Version, dpdk, runtime.Version())
	return err
}
