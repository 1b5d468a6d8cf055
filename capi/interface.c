/* SPDX-License-Identifier: Apache-2.0 */

/* Accessors of interfaces. They read a pod that does not change, on any thread of the
 * program. */

#include <string.h>

#include "internal.h"

PN_STRING(interface, name, "name")
PN_STRING(interface, network, "network")
PN_STRING(interface, kind_name, "kind")
PN_STRING(interface, mac, "mac")
PN_STRING(interface, device_info_version, "deviceInfoVersion")
PN_BOOL(interface, is_default, "default")
PN_INT(interface, mtu, "mtu", 0)
PN_KIND(interface)
PN_MEMBER(interface, ips, "ips", strings)
PN_MEMBER(interface, gateways, "gateways", strings)
PN_MEMBER(interface, pci, "pci", pci)
PN_MEMBER(interface, vdpa, "vdpa", vdpa)
PN_COUNT(interface, route_count, "routes")
PN_COUNT(interface, problem_count, "problems")
PN_COUNT(interface, evidence_count, "evidence")
PN_ELEMENT(interface, problem, "problems", problem)
PN_ELEMENT(interface, evidence, "evidence", evidence)

bool podnet_interface_is_named(const struct podnet_interface *i)
{
	return i && !pn_bool(i, "unnamed");
}

const char *podnet_interface_route_destination(const struct podnet_interface *i, size_t n)
{
	return pn_string(pn_element(i, "routes", n), "destination");
}

const char *podnet_interface_route_gateway(const struct podnet_interface *i, size_t n)
{
	return pn_string(pn_element(i, "routes", n), "gateway");
}

const struct podnet_strings *podnet_interface_dns_nameservers(const struct podnet_interface *i)
{
	return pn_member(pn_member(i, "dns"), "nameservers");
}

const char *podnet_interface_dns_domain(const struct podnet_interface *i)
{
	return pn_string(pn_member(i, "dns"), "domain");
}

const struct podnet_strings *podnet_interface_dns_search(const struct podnet_interface *i)
{
	return pn_member(pn_member(i, "dns"), "search");
}

const struct podnet_strings *podnet_interface_dns_options(const struct podnet_interface *i)
{
	return pn_member(pn_member(i, "dns"), "options");
}

const struct podnet_socket *podnet_interface_socket(const struct podnet_interface *i)
{
	const void *vhost_user = pn_member(i, "vhostUser");

	return vhost_user ? vhost_user : pn_member(i, "memif");
}

const struct podnet_netdev *podnet_interface_netdev(const struct podnet_interface *i)
{
	const void *af_xdp = pn_member(i, "afXdp");

	return af_xdp ? af_xdp : pn_member(i, "afPacket");
}

/* == PCI functions == */

PN_STRING(pci, address, "address")
PN_STRING(pci, auxiliary, "auxiliary")
PN_STRING(pci, driver, "driver")
PN_STRING(pci, vendor, "vendor")
PN_STRING(pci, device, "device")
PN_STRING(pci, pf, "pf")
PN_STRING(pci, netdev, "netdev")
PN_STRING(pci, resource, "resource")
PN_STRING(pci, claim, "claim")
PN_STRING(pci, vhost_net, "vhostNet")
PN_STRING(pci, representor, "representor")
PN_STRING(pci, vfio_token, "vfioToken")
PN_INT(pci, numa_node, "numaNode", -1)
PN_INT(pci, vf_index, "vfIndex", -1)
PN_INT(pci, iommu_group, "iommuGroup", -1)
PN_INT(pci, dev_port, "devPort", -1)
PN_BOOL(pci, is_noiommu, "noIOMMU")
PN_MEMBER(pci, rdma, "rdma", strings)
PN_MEMBER(pci, char_devices, "charDevices", strings)

bool podnet_pci_is_present(const struct podnet_pci *p)
{
	return p && !pn_bool(p, "notPresent");
}

/* == Sockets == */

PN_STRING(socket, path, "path")
PN_TRISTATE(socket, exists, "exists")

/* Of vhost-user "mode" is the role. Memif has a role, and the mode is what the packets
 * are. */
static bool is_role(const char *text)
{
	return text && (strcmp(text, "client") == 0 || strcmp(text, "server") == 0);
}

enum podnet_role podnet_socket_role(const struct podnet_socket *s)
{
	const char *role = pn_string(s, "role");

	if (!role)
		role = pn_string(s, "mode");
	if (!is_role(role))
		return PODNET_ROLE_UNKNOWN;
	return role[0] == 'c' ? PODNET_ROLE_CLIENT : PODNET_ROLE_SERVER;
}

const char *podnet_socket_mode(const struct podnet_socket *s)
{
	const char *mode = pn_string(s, "mode");

	return is_role(mode) ? NULL : mode;
}

/* == vDPA devices == */

PN_STRING(vdpa, parent, "parent")
PN_STRING(vdpa, driver, "driver")
PN_STRING(vdpa, path, "path")
PN_STRING(vdpa, pci_address, "pciAddress")
PN_STRING(vdpa, auxiliary, "auxiliary")
PN_STRING(vdpa, pf, "pf")
PN_STRING(vdpa, netdev, "netdev")
PN_STRING(vdpa, resource, "resource")
PN_STRING(vdpa, representor, "representor")
PN_INT(vdpa, numa_node, "numaNode", -1)
PN_TRISTATE(vdpa, openable, "openable")

/* == Netdevs that DPDK drives through the kernel == */

PN_STRING(netdev, name, "netdev")
PN_STRING(netdev, pool, "pool")
PN_STRING(netdev, socket, "socket")
PN_STRING(netdev, map, "map")
PN_BOOL(netdev, is_plugins, "plugin")
