// Package types has the types of package appnetutil where programs written
// against app-netutil look for them: in a package of this name.
package types

import "github.com/podnet/podnet/lib/appnetutil"

// The values of InterfaceData.DeviceType.
//
//nolint:revive // the names are app-netutil's
const (
	INTERFACE_TYPE_HOST    = appnetutil.INTERFACE_TYPE_HOST
	INTERFACE_TYPE_SRIOV   = appnetutil.INTERFACE_TYPE_SRIOV
	INTERFACE_TYPE_UNKNOWN = appnetutil.INTERFACE_TYPE_UNKNOWN
	INTERFACE_TYPE_INVALID = appnetutil.INTERFACE_TYPE_INVALID
)

// CPUResponse is what appnetutil.GetCPUInfo returns.
type CPUResponse = appnetutil.CPUResponse

// HugepagesResponse is what appnetutil.GetHugepages returns.
type HugepagesResponse = appnetutil.HugepagesResponse

// HugepagesData is what one container of the pod asked for.
type HugepagesData = appnetutil.HugepagesData

// InterfaceResponse is what appnetutil.GetInterfaces returns.
type InterfaceResponse = appnetutil.InterfaceResponse

// InterfaceData is one interface of the pod.
type InterfaceData = appnetutil.InterfaceData
