package sysfs

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// vdpaOf gives the names of the devices on the vdpa bus that are made of a
// device. Whoever makes them chooses their names, and only the link of each
// leads to the other device.
func (r *reader) vdpaOf(parent string) []string {
	if r.vdpa == nil {
		r.vdpa = map[string][]string{}
		for _, name := range r.names(vdpaDevices) {
			target, err := r.Readlink(vdpaDevices + "/" + name)
			if err != nil {
				continue // not a link: vdpaDevice says so if somebody claims it
			}
			parent := path.Base(path.Dir(target))
			r.vdpa[parent] = append(r.vdpa[parent], name)
		}
	}
	return r.vdpa[parent]
}

// vdpaDevice reads the directory of a device on the vdpa bus.
func (r *reader) vdpaDevice(name string) {
	dir := vdpaDevices + "/" + name
	target, err := r.Readlink(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	dev := fact.VDPADevice{Origin: origin(dir), Name: name}
	parentDir := ""
	if err != nil {
		r.unreadable(dir, err)
	} else {
		parent := path.Base(path.Dir(target))
		if dev.Parent, err = pciaddr.Parse(parent); err == nil {
			parentDir = pciDevices + "/" + dev.Parent.String()
		} else if isAuxiliary(parent) {
			dev.Auxiliary = parent
			parentDir = auxiliaryDevices + "/" + parent
		}
	}
	switch r.linkBase(dir, "driver") {
	case "vhost_vdpa":
		dev.Driver = "vhost"
		for _, entry := range r.names(dir) {
			if _, ok := index(entry, "vhost-vdpa-"); ok {
				dev.Path = "/dev/" + entry
				dev.Openable = r.Permitted(dev.Path)
				break
			}
		}
	case "virtio_vdpa":
		dev.Driver = "virtio"
		dev.Netdev = r.virtioNetdev(dir)
		if dev.Netdev == "" && parentDir != "" {
			dev.Netdev = r.virtioNetdev(parentDir)
		}
	}
	r.add(dev)
	r.parentOf(dev)
}

// parentOf reads the device that a vDPA device is made of, unless it was read
// for its own name.
func (r *reader) parentOf(dev fact.VDPADevice) {
	key := dev.Parent.String() + dev.Auxiliary
	switch {
	case key == "" || r.read[key]:
		return
	case dev.Auxiliary != "":
		if f := r.auxiliaryDevice(dev.Auxiliary); !f.Absent {
			r.add(f)
		}
	default:
		if f := r.pciFunction(dev.Parent); !f.Absent {
			r.add(f)
		}
	}
	r.read[key] = true
}

// isAuxiliary reports whether a name is one of the auxiliary bus: module, kind
// and number.
func isAuxiliary(name string) bool {
	parts := strings.Split(name, ".")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" {
		return false
	}
	_, ok := index(parts[2], "")
	return ok
}

// virtioNetdev finds the netdev of the one virtio device in a directory. Nothing
// tells which of several belongs to which vDPA device.
func (r *reader) virtioNetdev(dir string) string {
	virtio := ""
	for _, entry := range r.names(dir) {
		if _, ok := index(entry, "virtio"); ok {
			if virtio != "" {
				return ""
			}
			virtio = entry
		}
	}
	if virtio == "" {
		return ""
	}
	if names := r.names(dir, virtio, "net"); len(names) == 1 {
		return names[0]
	}
	return ""
}
