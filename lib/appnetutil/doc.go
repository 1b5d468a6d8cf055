// Package appnetutil is for programs written against
// github.com/openshift/app-netutil. It has that library's functions and types by
// their names, fields and JSON names, and answers them from podnet.Discover. New
// programs are better served by package podnet, which says more: which evidence
// an answer rests on, why a device is on no interface, and what could not be
// read.
//
// # Migration
//
// A program changes the paths that it imports, and nothing else:
//
//	github.com/openshift/app-netutil/lib/v1alpha  github.com/podnet/podnet/lib/appnetutil
//	github.com/openshift/app-netutil/pkg/types    github.com/podnet/podnet/lib/appnetutil/types
//
// The package under lib/v1alpha is named apputil, so its import has a name in
// most programs already (netlib, in app-netutil's own example); one that has none
// needs the name apputil. The types are in this package, and package types is
// another name for them.
//
// Nothing replaces github.com/openshift/app-netutil/pkg/logging. This package does not
// log, so there is nothing to set up. A program that logs through that package needs
// another logger, such as log/slog. The warnings of podnet.Discover name the unreadable
// parts of the pod.
//
// # Differences
//
// The answers are app-netutil's wherever those were right. These differ:
//
//   - A device is on an interface because evidence says so, or because nothing
//     else is possible; app-netutil went by the order of a map. An
//     interface without a known device has the type "unknown", with its possible
//     devices at the end of the list.
//   - The default network comes first.
//   - Accelerators, auxiliary devices, and names that are not a device's do not
//     appear as PCI addresses.
//   - Annotations of any content are read as kubelet wrote them, also those with
//     the older key of network-status.
//   - GetCPUInfo works with cgroup v2.
//
// The functions may be called from several goroutines.
package appnetutil
