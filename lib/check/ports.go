package check

import (
	"cmp"
	"context"
	"errors"
	"path"

	"github.com/podnet/podnet/lib/podnet"
)

var _ = register(Check{
	ID: "ports-ready", Group: Devices,
	About: "DPDK can drive the device of each port as it stands: its driver, its device nodes, its socket and all else that the pod document lists under problems.",
	Findings: []Finding{
		{Code: podnet.CodeWrongDriver},
		{Code: podnet.CodeNotPresent},
		{Code: podnet.CodeNoUverbs},
		{Code: podnet.CodeNoIOMMU},
		{Code: podnet.CodeNoIOMMUPrivilege},
		{Code: podnet.CodeReadOnlySys},
		{Code: podnet.CodeDeviceNodeMissing},
		{Code: podnet.CodeOtherContainer},
		{Code: podnet.CodeDPDKVersion},
		{Code: podnet.CodeDeviceNodeClosed},
		{Code: podnet.CodeBusyGroup},
		{Code: podnet.CodeSocketMissing},
		{Code: podnet.CodeBondMember},
		{Code: podnet.CodeNeedsMAC},
		{Code: podnet.CodeMTU, Status: Warn},
	},
	Needs: func(s *Subject) string {
		if len(s.Ports) == 0 {
			return "there is no port"
		}
		return ""
	},
	Run: portsReady,
})

// portsReady repeats what is known of the ports since the pod was resolved.
func portsReady(_ context.Context, s *Subject) []Result {
	var results []Result
	devices := map[string]string{} // by interface
	for _, p := range s.PodPorts() {
		if pci := p.Interface.PCI; pci != nil && pci.Auxiliary == "" {
			devices[p.Port.Interface] = path.Join(pciDevices, pci.Address.String())
		}
	}
	for _, p := range s.Ports {
		for _, err := range split(p.NotReady) {
			if e, ok := errors.AsType[*podnet.InterfaceError](err); ok {
				r := result(e.Interface, e.Problem)
				r.Where = cmp.Or(r.Where, devices[p.Interface])
				results = append(results, r)
			} else {
				results = append(results, result(p.Interface, podnet.Problem{Message: err.Error()}))
			}
		}
	}
	return results
}

// split gives the errors that were joined.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
