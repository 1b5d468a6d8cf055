package appnetutil

import (
	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/appnetutil/hugepages"
)

// Values of InterfaceData.DeviceType. The others are the NAD client's
// DeviceInfoTypePCI, DeviceInfoTypeVHostUser, DeviceInfoTypeMemif and
// DeviceInfoTypeVDPA.
//
//nolint:revive // the names are app-netutil's
const (
	INTERFACE_TYPE_HOST    = "host"    // an ordinary network interface of the kernel
	INTERFACE_TYPE_SRIOV   = "sr-iov"  // a PCI device that was given to this container
	INTERFACE_TYPE_UNKNOWN = "unknown" // there is a device, but it is not known which
	INTERFACE_TYPE_INVALID = "invalid" // never returned
)

// CPUResponse is what GetCPUInfo returns.
type CPUResponse struct {
	CPUSet string `json:"cpuset,omitempty"` // in the kernel's list form, such as 4-7,68
}

// HugepagesResponse is what GetHugepages returns.
type HugepagesResponse = hugepages.Response

// HugepagesData is what one container of the pod asked for.
type HugepagesData = hugepages.Data

// InterfaceResponse is what GetInterfaces returns.
type InterfaceResponse struct {
	Interface []*InterfaceData
}

// InterfaceData is one interface of the pod.
type InterfaceData struct {
	// DeviceType is NetworkStatus.DeviceInfo.Type, with these differences: a PCI
	// device that the environment gives to this container is
	// INTERFACE_TYPE_SRIOV, and an interface without DeviceInfo is
	// INTERFACE_TYPE_HOST or INTERFACE_TYPE_UNKNOWN.
	DeviceType    string              `json:"device-type,omitempty"`
	NetworkStatus nadv1.NetworkStatus `json:"network-status"`
}
