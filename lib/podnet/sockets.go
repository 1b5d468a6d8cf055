package podnet

import "github.com/podnet/podnet/lib/internal/fact"

// addUserspace adds the Userspace CNI's entries: to the interface of that name or network,
// or as interfaces of their own. The plugin adds an entry each time it runs, so the last
// entry for an interface is the valid one.
func (r *resolver) addUserspace() {
	if len(r.userspace) == 0 {
		return
	}
	type subject struct{ iface, network string }
	about := func(u fact.Userspace) subject {
		if u.Interface != "" {
			return subject{iface: u.Interface}
		}
		return subject{network: u.Name}
	}
	last := map[subject]fact.Userspace{}
	for _, u := range r.userspace {
		last[about(u)] = u
	}
	files := map[subject]fact.Userspace{}
	for _, u := range r.userspace {
		live := last[about(u)]
		switch {
		case live.Index < 0: // files alone, which have no order
			if first, twice := files[about(u)]; twice {
				r.problem(u.Origin, fact.Conflict, "is about the same interface as %s, which is used", first.Where)
				continue
			}
			files[about(u)] = u
		case u.Index < 0:
			if !sameDevice(u.Device, live.Device) {
				r.problem(u.Origin, fact.Stale, "differs from %s, which is used", live.Where)
			}
			continue
		case live.Index != u.Index:
			r.problem(u.Origin, fact.Stale, "overtaken by %s, which is used", live.Where)
			continue
		}
		r.addUserspaceEntry(u)
	}
}

// sameDevice reports whether two entries describe a socket in the same way.
func sameDevice(a, b fact.Device) bool {
	switch a := a.(type) {
	case fact.VhostUser:
		b, ok := b.(fact.VhostUser)
		return ok && a.Path == b.Path && a.Mode == b.Mode
	case fact.Memif:
		b, ok := b.(fact.Memif)
		return ok && a.Path == b.Path && a.Role == b.Role
	}
	return a == nil && b == nil
}

func (r *resolver) addUserspaceEntry(u fact.Userspace) {
	i := r.interfaceOf(u)
	i.userspace, i.claimed = true, true
	if i.Name == "" {
		r.setName(i, u.Interface, u.At(".ifName"))
	}
	if i.Network == "" {
		i.setNetwork(u.Name, u.At(".name"))
	}
	i.setIPs(u.IPs, u.At(".ipResult.ips"))
	i.setGateways(u.Gateways, u.At(".ipResult.ips"))
	if i.Kind != "" || i.info != nil {
		r.compareSockets(i, u)
		return
	}
	i.setDevice(u.Device)
}

// interfaceOf finds the interface that an entry of the Userspace CNI is about.
// Not every version of the plugin tells network-status the interface's name. Without it
// the network's name finds the interface, if only one network has that name.
func (r *resolver) interfaceOf(u fact.Userspace) *iface {
	if i := r.byName[u.Interface]; i != nil {
		return i
	}
	i := r.only(func(i *iface) bool { return i.Name == "" && u.Name != "" && i.isNetwork("", u.Name) })
	if i == nil {
		i = &iface{origin: u.Origin}
		r.interfaces = append(r.interfaces, i)
	}
	return i
}

// compareSockets reports where device-info, which counts, and the Userspace CNI
// differ.
func (r *resolver) compareSockets(i *iface, u fact.Userspace) {
	kind := i.Kind
	if i.info != nil {
		kind = KindPCI
	}
	differ := func(at fact.Origin, what, here, there string) {
		if here != "" && here != there {
			r.problem(at, fact.Conflict, "%s %.200q, but device-info of %s says %.200q, which is used",
				what, here, i.origin.Where, there)
		}
	}
	switch dev := u.Device.(type) {
	case fact.VhostUser:
		if i.VhostUser == nil {
			r.problem(u.Origin, fact.Conflict, "a vhost-user socket, but device-info of %s says %s, which is used",
				i.origin.Where, kind)
			return
		}
		differ(dev.PathAt, "path", dev.Path, i.VhostUser.Path)
		differ(dev.ModeAt, "mode", dev.Mode, i.VhostUser.Role)
	case fact.Memif:
		if i.Memif == nil {
			r.problem(u.Origin, fact.Conflict, "a memif socket, but device-info of %s says %s, which is used",
				i.origin.Where, kind)
			return
		}
		differ(dev.PathAt, "path", dev.Path, i.Memif.Path)
		differ(dev.RoleAt, "role", dev.Role, i.Memif.Role)
	}
}

// addSockets tells the interfaces that are clients whether their server's socket
// is there.
func (r *resolver) addSockets() {
	for _, i := range r.interfaces {
		switch {
		case i.VhostUser != nil && i.VhostUser.Role == RoleClient:
			i.VhostUser.Exists = r.socketExists(i, i.VhostUser.Path, "vhostUser.exists")
		case i.Memif != nil && i.Memif.Role == RoleClient:
			i.Memif.Exists = r.socketExists(i, i.Memif.Path, "memif.exists")
		}
	}
}

func (r *resolver) socketExists(i *iface, path, field string) *bool {
	s, ok := r.sockets[path]
	if !ok {
		return nil
	}
	i.note(field, s.Origin)
	return &s.Exists
}
