package podnet

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// GID is an entry of an RDMA port's table of addresses.
type GID struct {
	Port  int        // of the device, from 1
	Index int        // in the port's table
	Addr  netip.Addr // of RoCE, the interface's address, unmapped from IPv6
	Type  string     // as the kernel has it, such as "RoCE v2"
}

// RoCEv2 is the Type of addresses that RDMA over UDP uses.
const RoCEv2 = "RoCE v2"

// Limits of a GID table: mlx5 has up to 256 entries, and a port is one byte.
const (
	maxRDMAPorts  = 16
	maxGIDs       = 1024
	maxGIDFile    = 256
	infinibandDir = "/sys/class/infiniband"
)

// GIDs reads the address tables of an RDMA device's ports. Empty entries are left
// out. root is as [Options.Root].
func GIDs(root, device string) ([]GID, error) {
	files, err := rootfs.New(root)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	if !rootfs.IsElement(device) {
		return nil, fmt.Errorf("RDMA device %.100q: not a device's name", device)
	}
	var gids []GID
	for port := 1; port <= maxRDMAPorts; port++ {
		dir := path.Join(infinibandDir, device, "ports", strconv.Itoa(port))
		if !files.Exists(dir) {
			break
		}
		for index := range maxGIDs {
			gid, err := readGID(files, dir, index)
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("RDMA device %s: %w", device, err)
			}
			if gid.Port = port; gid.Addr.IsValid() && !gid.Addr.IsUnspecified() {
				gids = append(gids, gid)
			}
		}
	}
	return gids, nil
}

// readGID reads one entry. The kernel fails to read the type of one that is empty.
func readGID(files rootfs.FS, dir string, index int) (GID, error) {
	number := strconv.Itoa(index)
	data, err := files.ReadFile(path.Join(dir, "gids", number), maxGIDFile)
	if err != nil {
		return GID{}, err
	}
	addr, err := netip.ParseAddr(strings.TrimSpace(string(data)))
	if err != nil {
		return GID{}, fmt.Errorf("gids/%s: %w", number, err)
	}
	gid := GID{Index: index, Addr: addr.Unmap()}
	if kind, err := files.ReadFile(path.Join(dir, "gid_attrs/types", number), maxGIDFile); err == nil {
		gid.Type = strings.TrimSpace(string(kind))
	}
	return gid, nil
}
