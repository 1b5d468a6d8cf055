// Package hugepages reads the hugepages of each of a pod's containers from the files of
// the Downward API. It is separate from package appnetutil so that a program that needs
// nothing else of it, such as podnet as the C library's helper, links none of Kubernetes'
// packages. Start at Read.
package hugepages

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/downward"
	"github.com/podnet/podnet/lib/podnet"
)

// Response is what Read returns.
type Response struct {
	// MyContainerName is the name of this container, and so of its element of
	// Hugepages; empty: not known.
	MyContainerName string
	Hugepages       []*Data // by the name of the container
}

// Data is what one container of the pod asked for. The numbers come from the files
// as they are; 0: there is no such file. They are MiB if the network resources
// injector made the files. In a volume that was made by hand their unit is its
// divisor, which is 1 byte by default.
type Data struct {
	ContainerName string // empty: the files do not say
	Request       int64  // of a size that the file does not say
	Limit         int64
	Request1G     int64
	Limit1G       int64
	Request2M     int64
	Limit2M       int64
}

// Read reads the files below the root, in the directory of the Downward API volume,
// and the container's name in the environment. It is an error if there is no
// directory, or no usable file of hugepages in it.
func Read(opts podnet.Options) (*Response, error) {
	root, err := rootfs.New(opts.Root)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	dirs := downward.DefaultDirs
	if opts.Podinfo != "" {
		dirs = []string{opts.Podinfo}
	}
	response := &Response{MyContainerName: containerName(opts.Environ)}
	containers := map[string]*Data{}
	var problems []error
	for _, f := range downward.Read(root, dirs).Facts {
		switch f := f.(type) {
		case fact.HugepageAmount:
			if f.Value > math.MaxInt64 {
				problems = append(problems, fmt.Errorf("%s: %d is out of range", f.Where, f.Value))
				continue
			}
			data := containers[f.Container]
			if data == nil {
				data = &Data{ContainerName: f.Container}
				containers[f.Container] = data
				response.Hugepages = append(response.Hugepages, data)
			}
			if field := data.field(f); field != nil {
				*field = int64(f.Value)
			}
		case fact.Problem:
			if strings.HasPrefix(path.Base(f.Where), "hugepages_") {
				problems = append(problems, fmt.Errorf("%s: %w", f.Where, f.Err))
			}
		}
	}
	if len(response.Hugepages) == 0 {
		return nil, noHugepages(root, dirs, problems)
	}
	slices.SortFunc(response.Hugepages, func(a, b *Data) int { return cmp.Compare(a.ContainerName, b.ContainerName) })
	return response, nil
}

// field is where an amount goes; nil: there is no field for its size.
func (d *Data) field(f fact.HugepageAmount) *int64 {
	request, limit := (*int64)(nil), (*int64)(nil)
	switch f.Size {
	case 0:
		request, limit = &d.Request, &d.Limit
	case 1 << 30:
		request, limit = &d.Request1G, &d.Limit1G
	case 2 << 20:
		request, limit = &d.Request2M, &d.Limit2M
	}
	if f.Limit {
		return limit
	}
	return request
}

// noHugepages says why there is nothing to return.
func noHugepages(root rootfs.FS, dirs []string, problems []error) error {
	if len(problems) > 0 {
		return fmt.Errorf("hugepage data not found: %w", errors.Join(problems...))
	}
	var missing error
	for _, dir := range dirs {
		_, err := root.ReadDir(dir)
		if err == nil {
			return fmt.Errorf("hugepage data not found in %s: "+
				"give its downwardAPI volume files of the pod's requests.hugepages-* or limits.hugepages-*", dir)
		}
		missing = cmp.Or(missing, err)
	}
	return missing
}

// containerName is what the network resources injector tells a container of
// itself.
func containerName(environ []string) string {
	for _, variable := range environ {
		if name, ok := strings.CutPrefix(variable, "CONTAINER_NAME="); ok {
			return name
		}
	}
	return ""
}
