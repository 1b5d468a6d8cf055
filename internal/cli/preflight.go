package cli

import (
	"context"

	"github.com/podnet/podnet/lib/check"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// CheckReady joins the reasons why DPDK would not start on the ports as things
// stand: what their devices lack, and what this process does.
func CheckReady(ctx context.Context, pod *podnet.Pod, cfg eal.Config, ports []podnet.Port) error {
	results, err := check.Run(ctx, pod, check.Options{EAL: cfg, Ports: ports})
	if err != nil {
		return err
	}
	return NotReady(check.Err(results))
}
