package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/podnet/podnet/lib/podnet"
)

var _ = register(Check{
	ID: "pod-information", Group: Pod,
	About: "The pod's annotations, variables and files are there, complete, and agree with one another.",
	Findings: []Finding{
		{
			Code: podnet.CodeNoAnnotations, Status: Warn,
			Remedy: "mount a downwardAPI volume with metadata.annotations on /etc/podnetinfo",
		},
		{Code: podnet.CodeNoStatus, Status: Warn, Remedy: "if the pod asks for networks, wait with --wait; if it stays so, see that Multus runs on the node (kubectl describe pod). Otherwise none is needed"},
		{Code: podnet.CodePending, Status: Warn, Remedy: "wait with --wait; if it stays so, see the pod's events (kubectl describe pod)"},
		{Code: podnet.CodeNoNetworks, Status: Warn, Remedy: "name the networks in the pod's annotation k8s.v1.cni.cncf.io/networks"},
		{Code: podnet.CodeConflict, Status: Warn, Remedy: "make the two places agree; inspect --explain says which one is used"},
		{Code: podnet.CodeMalformed, Status: Warn, Remedy: "correct the value at its place"},
		{Code: podnet.CodeUnreadable, Status: Warn, Remedy: "let the process read the file"},
		{Code: podnet.CodeMisspelled, Status: Warn, Remedy: "spell the name as the message says"},
		{Code: podnet.CodeStale, Status: Warn, Remedy: "none is needed; the later entry is used"},
		{Code: podnet.CodeRelativePath, Status: Warn, Remedy: "give the socket by an absolute path, or name its directory"},
		{Code: podnet.CodeUnknownVar, Status: Warn, Remedy: "name the devices that it has to --interfaces, or say by --hint which network they are of"},
		{Code: podnet.CodeBondMember, Status: Warn, Remedy: "leave the device to the bond (--interfaces without it), or let the pod's networks make no bond of it"},
		{Code: podnet.CodeMTU, Status: Warn, Remedy: "set the same MTU in the network and on its netdev"},
		{Code: podnet.CodeDefaultNetwork, Status: Warn, Remedy: "none is needed; name the device to --interfaces if it is to be a port"},
		{Code: podnet.CodeNoHugetlbfs, Status: Warn, Remedy: "in a virtual machine give the guest hugepages of its own; elsewhere mount a volume of medium HugePages"},
	},
	Run: podInformation,
})

// toldElsewhere are codes of warnings that other checks are about.
func toldElsewhere(code podnet.Code) bool {
	return code == podnet.CodeSharedCPUs || code == podnet.CodeNotPresent
}

func podInformation(_ context.Context, s *Subject) []Result {
	var results []Result
	for _, w := range s.Pod.Warnings {
		if toldElsewhere(w.Code) {
			continue
		}
		results = append(results, Result{
			Status: Warn, Code: w.Code, Where: strings.TrimSpace(w.Source + " " + w.Where), Cause: w.Message, Transient: w.Code.Transient(),
		})
	}
	if len(results) == 0 {
		return passed(fmt.Sprintf("%d interfaces", len(s.Pod.Interfaces)))
	}
	return results
}

var _ = register(Check{
	ID: "pod-devices", Group: Pod,
	About: "Each device that the container was given is on a network.",
	Findings: []Finding{
		{Code: podnet.CodeAmbiguous, Status: Warn, Remedy: "say which network has the resource: --hint NETWORK=RESOURCE, or give each network a resource of its own"},
		{Code: podnet.CodeUnclaimed, Status: Warn, Remedy: "name the device to --interfaces, by its address or resource, or add its network to k8s.v1.cni.cncf.io/networks"},
		{Code: podnet.CodeNotPresent, Status: Warn, Remedy: "restart the pod: it was given a device of another machine or guest"},
		{Code: podnet.CodeMalformed, Status: Warn, Remedy: "look at the value that the device plugin writes into its variable"},
	},
	Run: podDevices,
})

func podDevices(_ context.Context, s *Subject) []Result {
	var results []Result
	asked := map[string]bool{} // ports by their own address: the caller has said whose they are
	for _, p := range s.Ports {
		asked[p.Interface] = true
	}
	for _, u := range s.Pod.Unassigned {
		if u.Port || u.Reason == podnet.CodeAccelerator || asked[u.ID] {
			continue
		}
		cause := "no network claims the device " + u.ID
		switch {
		case len(u.Candidates) > 0:
			cause = "the device " + u.ID + " could belong to " + strings.Join(u.Candidates, ", ")
		case u.Reason == podnet.CodeNotPresent:
			cause = "the device " + u.ID + " is not on this machine"
		case u.Reason == podnet.CodeMalformed:
			cause = fmt.Sprintf("%.100q is no device", u.ID)
		}
		results = append(results, Result{Code: u.Reason, Where: u.Resource, Cause: cause})
	}
	return results
}
