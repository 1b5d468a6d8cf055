package appnetutil

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"

	"github.com/podnet/podnet/lib/appnetutil/hugepages"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/podnet"
)

// defaultMountPath is where the network resources injector mounts the Downward
// API volume.
const defaultMountPath = "/etc/podnetinfo"

var mountPath atomic.Pointer[string]

// GetDownwardAPIMountPath returns the directory where the Downward API volume is
// mounted.
func GetDownwardAPIMountPath() string {
	if dir := mountPath.Load(); dir != nil {
		return *dir
	}
	return defaultMountPath
}

// SetDownwardAPIMountPath sets the directory where the Downward API volume is mounted, for
// all calls that follow. Without it, podnet reads /etc/podinfo if /etc/podnetinfo has
// nothing.
func SetDownwardAPIMountPath(dir string) { mountPath.Store(&dir) }

// GetCPUInfo returns the CPUs that this process may run on: the container's CPU set, without
// the CPUs that the process's own affinity excludes. A program that pins its main thread
// has to call GetCPUInfo first.
func GetCPUInfo() (*CPUResponse, error) { return cpuInfo(here()) }

// GetHugepages returns the hugepages of each container, from the files of the Downward API.
// It has fields for the sizes 1G and 2M only: a container with other sizes is in the list
// with zeros, and podnet.Pod has its amounts. It fails if there is no directory, or no
// usable file of hugepages in it.
func GetHugepages() (*HugepagesResponse, error) { return hugepages.Read(here()) }

// GetInterfaces returns the interfaces of the pod. Behind them, as entries without a name,
// it returns the PCI devices of this container that no evidence puts on one interface. It
// returns an empty list for a pod without data about its networks; their status may still
// come.
func GetInterfaces() (*InterfaceResponse, error) { return interfaces(here()) }

// here are the options for this process's own container.
func here() podnet.Options {
	opts := podnet.Options{Environ: os.Environ()}
	if dir := mountPath.Load(); dir != nil && *dir != "" {
		opts.Podinfo = *dir
		if abs, err := filepath.Abs(*dir); err == nil { // a path of podnet's is below the root
			opts.Podinfo = filepath.ToSlash(abs)
		}
	}
	return opts
}

func cpuInfo(opts podnet.Options) (*CPUResponse, error) {
	pod, err := podnet.Discover(context.Background(), opts)
	switch {
	case err != nil:
		return nil, err
	case pod.CPUs == nil:
		return nil, errors.New("no CPU set: neither a cgroup nor /proc/self/status has one that can be read")
	}
	return &CPUResponse{CPUSet: pod.CPUs.Allowed.String()}, nil
}

func interfaces(opts podnet.Options) (*InterfaceResponse, error) {
	pod, err := podnet.Discover(context.Background(), opts)
	switch {
	case errors.Is(err, podnet.ErrNoAnnotations):
		return &InterfaceResponse{}, nil
	case err != nil:
		return nil, err
	}
	// A file that is there and cannot be read is no pod without networks.
	for _, w := range pod.Warnings {
		if w.Code == podnet.CodeUnreadable && w.Source == fact.DownwardAPI && path.Base(w.Where) == "annotations" {
			return nil, fmt.Errorf("the pod's annotations: %w", w.Err())
		}
	}
	return Interfaces(pod), nil
}

// Interfaces gives the result of GetInterfaces for a pod. It is for programs that call
// podnet.Discover themselves and still use app-netutil's types elsewhere.
func Interfaces(pod *podnet.Pod) *InterfaceResponse {
	response := &InterfaceResponse{}
	for i := range pod.Interfaces {
		response.Interface = append(response.Interface, interfaceData(&pod.Interfaces[i]))
	}
	for i := range pod.Unassigned {
		if data := unassignedData(&pod.Unassigned[i]); data != nil {
			response.Interface = append(response.Interface, data)
		}
	}
	return response
}
