/* SPDX-License-Identifier: Apache-2.0 */
#include "dump.h"

#include <stdlib.h>
#include <string.h>

const char **strings(const json_t *list)
{
	size_t count = json_array_size(list);
	const char **values;

	if (!json_is_array(list))
		return NULL;
	values = calloc(count + 1, sizeof(*values));
	for (size_t n = 0; values && n < count; n++)
		values[n] = json_string_value(json_array_get(list, n));
	return values;
}

static void text(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static void number(json_t *o, const char *key, long long value, long long absent)
{
	if (value != absent)
		json_object_set_new(o, key, json_integer(value));
}

static void flag(json_t *o, const char *key, bool value)
{
	if (value)
		json_object_set_new(o, key, json_true());
}

static void tristate(json_t *o, const char *key, int value)
{
	if (value >= 0)
		json_object_set_new(o, key, json_boolean(value));
}

static void member(json_t *o, const char *key, json_t *value)
{
	if (value)
		json_object_set_new(o, key, value);
}

/* Adds a list, which is left out or empty where there is none, as the document has it. */
static void list(json_t *o, const char *key, const struct podnet_strings *from, bool keep_empty)
{
	json_t *all = json_array();

	for (size_t n = 0; n < podnet_strings_count(from); n++)
		json_array_append_new(all, json_string(podnet_strings_get(from, n)));
	if (json_array_size(all) > 0 || keep_empty)
		json_object_set_new(o, key, all);
	else
		json_decref(all);
}

#define ARRAY(o, key, of, count, get, dump, keep_empty) \
	do { \
		json_t *all = json_array(); \
		for (size_t n = 0; n < count(of); n++) \
			json_array_append_new(all, dump(get(of, n))); \
		if (json_array_size(all) > 0 || (keep_empty)) \
			json_object_set_new(o, key, all); \
		else \
			json_decref(all); \
	} while (0)

static json_t *evidence(const struct podnet_evidence *e)
{
	json_t *o = json_object();

	text(o, "field", podnet_evidence_field(e));
	text(o, "source", podnet_evidence_source(e));
	text(o, "where", podnet_evidence_where(e));
	text(o, "why", podnet_evidence_why(e));
	return o;
}

static json_t *problem(const struct podnet_problem *p)
{
	json_t *o = json_object();

	text(o, "code", podnet_problem_code_name(p));
	number(o, "number", podnet_problem_code(p), 0);
	text(o, "source", podnet_problem_source(p));
	text(o, "where", podnet_problem_where(p));
	text(o, "interface", podnet_problem_interface(p));
	text(o, "message", podnet_problem_message(p));
	text(o, "remedy", podnet_problem_remedy(p));
	json_object_set_new(o, "transient", json_boolean(podnet_problem_is_transient(p)));
	return o;
}

static json_t *warning(const struct podnet_problem *p)
{
	json_t *o = problem(p);

	json_object_del(o, "transient"); /* a warning has none */
	return o;
}

static json_t *pci(const struct podnet_pci *p)
{
	json_t *o;

	if (!p)
		return NULL;
	o = json_object();
	text(o, "address", podnet_pci_address(p));
	text(o, "auxiliary", podnet_pci_auxiliary(p));
	text(o, "driver", podnet_pci_driver(p));
	text(o, "vendor", podnet_pci_vendor(p));
	text(o, "device", podnet_pci_device(p));
	text(o, "pf", podnet_pci_pf(p));
	text(o, "netdev", podnet_pci_netdev(p));
	text(o, "resource", podnet_pci_resource(p));
	text(o, "claim", podnet_pci_claim(p));
	text(o, "vhostNet", podnet_pci_vhost_net(p));
	text(o, "representor", podnet_pci_representor(p));
	text(o, "vfioToken", podnet_pci_vfio_token(p));
	number(o, "numaNode", podnet_pci_numa_node(p), -1);
	number(o, "vfIndex", podnet_pci_vf_index(p), -1);
	number(o, "iommuGroup", podnet_pci_iommu_group(p), -1);
	number(o, "devPort", podnet_pci_dev_port(p), -1);
	flag(o, "noIOMMU", podnet_pci_is_noiommu(p));
	flag(o, "notPresent", !podnet_pci_is_present(p));
	list(o, "rdma", podnet_pci_rdma(p), false);
	list(o, "charDevices", podnet_pci_char_devices(p), false);
	return o;
}

static json_t *vdpa(const struct podnet_vdpa *v)
{
	json_t *o;

	if (!v)
		return NULL;
	o = json_object();
	text(o, "parent", podnet_vdpa_parent(v));
	text(o, "driver", podnet_vdpa_driver(v));
	text(o, "path", podnet_vdpa_path(v));
	text(o, "pciAddress", podnet_vdpa_pci_address(v));
	text(o, "auxiliary", podnet_vdpa_auxiliary(v));
	text(o, "pf", podnet_vdpa_pf(v));
	text(o, "netdev", podnet_vdpa_netdev(v));
	text(o, "resource", podnet_vdpa_resource(v));
	text(o, "representor", podnet_vdpa_representor(v));
	number(o, "numaNode", podnet_vdpa_numa_node(v), -1);
	tristate(o, "openable", podnet_vdpa_openable(v));
	return o;
}

static json_t *netdev(const struct podnet_netdev *d)
{
	json_t *o;

	if (!d)
		return NULL;
	o = json_object();
	text(o, "netdev", podnet_netdev_name(d));
	text(o, "pool", podnet_netdev_pool(d));
	text(o, "socket", podnet_netdev_socket(d));
	text(o, "map", podnet_netdev_map(d));
	flag(o, "plugin", podnet_netdev_is_plugins(d));
	return o;
}

static void socket_of(json_t *o, const struct podnet_interface *i)
{
	static const char *const roles[] = { NULL, "client", "server" };
	const struct podnet_socket *from = podnet_interface_socket(i);
	bool memif = podnet_interface_kind(i) == PODNET_KIND_MEMIF;
	json_t *s;

	if (!from)
		return;
	s = json_object();
	text(s, "path", podnet_socket_path(from));
	text(s, memif ? "role" : "mode", roles[podnet_socket_role(from)]);
	text(s, "mode", podnet_socket_mode(from));
	tristate(s, "exists", podnet_socket_exists(from));
	json_object_set_new(o, memif ? "memif" : "vhostUser", s);
}

static void dns_of(json_t *o, const struct podnet_interface *i)
{
	json_t *dns = json_object();

	list(dns, "nameservers", podnet_interface_dns_nameservers(i), false);
	text(dns, "domain", podnet_interface_dns_domain(i));
	list(dns, "search", podnet_interface_dns_search(i), false);
	list(dns, "options", podnet_interface_dns_options(i), false);
	if (json_object_size(dns) > 0)
		json_object_set_new(o, "dns", dns);
	else
		json_decref(dns);
}

static void routes_of(json_t *o, const struct podnet_interface *i)
{
	json_t *routes = json_array();

	for (size_t n = 0; n < podnet_interface_route_count(i); n++) {
		json_t *route = json_object();

		text(route, "destination", podnet_interface_route_destination(i, n));
		text(route, "gateway", podnet_interface_route_gateway(i, n));
		json_array_append_new(routes, route);
	}
	if (json_array_size(routes) > 0)
		json_object_set_new(o, "routes", routes);
	else
		json_decref(routes);
}

static json_t *interface(const struct podnet_interface *i)
{
	json_t *o = json_object();

	text(o, "name", podnet_interface_name(i));
	flag(o, "unnamed", !podnet_interface_is_named(i));
	text(o, "network", podnet_interface_network(i));
	json_object_set_new(o, "default", json_boolean(podnet_interface_is_default(i)));
	text(o, "kind", podnet_interface_kind_name(i));
	number(o, "kindNumber", podnet_interface_kind(i), -1);
	text(o, "mac", podnet_interface_mac(i));
	number(o, "mtu", podnet_interface_mtu(i), 0);
	list(o, "ips", podnet_interface_ips(i), true);
	list(o, "gateways", podnet_interface_gateways(i), true);
	routes_of(o, i);
	dns_of(o, i);
	text(o, "deviceInfoVersion", podnet_interface_device_info_version(i));
	member(o, "pci", pci(podnet_interface_pci(i)));
	member(o, "vdpa", vdpa(podnet_interface_vdpa(i)));
	member(o, podnet_interface_kind(i) == PODNET_KIND_AF_PACKET ? "afPacket" : "afXdp", netdev(podnet_interface_netdev(i)));
	socket_of(o, i);
	ARRAY(o, "problems", i, podnet_interface_problem_count, podnet_interface_problem, problem, false);
	ARRAY(o, "evidence", i, podnet_interface_evidence_count, podnet_interface_evidence, evidence, true);
	return o;
}

static json_t *device(const struct podnet_device *d)
{
	json_t *o = json_object();

	text(o, "id", podnet_device_id(d));
	text(o, "kind", podnet_device_kind_name(d));
	number(o, "kindNumber", podnet_device_kind(d), -1);
	text(o, "resource", podnet_device_resource(d));
	text(o, "network", podnet_device_network(d));
	text(o, "mac", podnet_device_mac(d));
	list(o, "candidates", podnet_device_candidates(d), true);
	text(o, "reason", podnet_device_reason_name(d));
	number(o, "number", podnet_device_reason(d), 0);
	flag(o, "port", podnet_device_is_port(d));
	flag(o, "default", podnet_device_is_default(d));
	member(o, "pci", pci(podnet_device_pci(d)));
	member(o, "vdpa", vdpa(podnet_device_vdpa(d)));
	member(o, "afXdp", netdev(podnet_device_netdev(d)));
	ARRAY(o, "problems", d, podnet_device_problem_count, podnet_device_problem, problem, false);
	ARRAY(o, "evidence", d, podnet_device_evidence_count, podnet_device_evidence, evidence, true);
	return o;
}

static json_t *rdma(const struct podnet_rdma *r)
{
	json_t *o = json_object(), *nodes = json_array();

	text(o, "name", podnet_rdma_name(r));
	text(o, "pci", podnet_rdma_pci_address(r));
	text(o, "auxiliary", podnet_rdma_auxiliary(r));
	text(o, "netdev", podnet_rdma_netdev(r));
	for (size_t n = 0; n < podnet_rdma_char_device_count(r); n++) {
		json_t *node = json_object();

		text(node, "path", podnet_rdma_char_device_path(r, n));
		json_object_set_new(node, "openable", json_boolean(podnet_rdma_char_device_is_openable(r, n)));
		flag(node, "missing", podnet_rdma_char_device_is_missing(r, n));
		json_array_append_new(nodes, node);
	}
	json_object_set_new(o, "charDevices", nodes);
	ARRAY(o, "evidence", r, podnet_rdma_evidence_count, podnet_rdma_evidence, evidence, false);
	return o;
}

static json_t *cpus(const struct podnet_cpus *c)
{
	json_t *o, *ids, *nodes, *by_node;

	if (!c)
		return NULL;
	o = json_object();
	ids = json_array();
	nodes = json_array();
	by_node = json_array();
	text(o, "allowed", podnet_cpus_allowed(c));
	for (size_t n = 0; n < podnet_cpus_count(c); n++)
		json_array_append_new(ids, json_integer(podnet_cpus_id(c, n)));
	json_object_set_new(o, "ids", ids);
	for (size_t n = 0; n < podnet_cpus_numa_node_count(c); n++) {
		json_t *node = json_object();
		int number = podnet_cpus_numa_node(c, n);

		json_array_append_new(nodes, json_integer(number));
		json_object_set_new(node, "node", json_integer(number));
		text(node, "allowed", podnet_cpus_allowed_on(c, number));
		json_array_append_new(by_node, node);
	}
	json_object_set_new(o, "numaNodes", nodes);
	if (json_array_size(by_node) > 1)
		json_object_set_new(o, "nodes", by_node);
	else
		json_decref(by_node);
	if (podnet_cpus_quota(c) >= 0)
		json_object_set_new(o, "quota", json_real(podnet_cpus_quota(c)));
	nodes = json_array();
	for (size_t n = 0; n < podnet_cpus_memory_node_count(c); n++)
		json_array_append_new(nodes, json_integer(podnet_cpus_memory_node(c, n)));
	if (json_array_size(nodes) > 0)
		json_object_set_new(o, "memoryNodes", nodes);
	else
		json_decref(nodes);
	list(o, "siblings", podnet_cpus_siblings(c), false);
	ARRAY(o, "evidence", c, podnet_cpus_evidence_count, podnet_cpus_evidence, evidence, false);
	return o;
}

static json_t *hugepages(const struct podnet_hugepages *h)
{
	json_t *o = json_object(), *nodes = json_array();

	text(o, "size", podnet_hugepages_size(h));
	number(o, "limitBytes", podnet_hugepages_limit(h), -1);
	number(o, "usedBytes", podnet_hugepages_used(h), 0);
	number(o, "requestBytes", podnet_hugepages_request(h), -1);
	text(o, "mount", podnet_hugepages_mount(h));
	for (size_t n = 0; n < podnet_hugepages_node_count(h); n++) {
		json_t *node = json_object();

		json_object_set_new(node, "node", json_integer(podnet_hugepages_node(h, n)));
		json_object_set_new(node, "totalBytes", json_integer(podnet_hugepages_node_total(h, n)));
		json_object_set_new(node, "freeBytes", json_integer(podnet_hugepages_node_free(h, n)));
		json_array_append_new(nodes, node);
	}
	if (json_array_size(nodes) > 0)
		json_object_set_new(o, "nodes", nodes);
	else
		json_decref(nodes);
	ARRAY(o, "evidence", h, podnet_hugepages_evidence_count, podnet_hugepages_evidence, evidence, false);
	return o;
}

json_t *dump_pod(const struct podnet_pod *pod)
{
	json_t *o = json_object();

	ARRAY(o, "interfaces", pod, podnet_pod_interface_count, podnet_pod_interface, interface, true);
	ARRAY(o, "unassigned", pod, podnet_pod_device_count, podnet_pod_device, device, true);
	ARRAY(o, "rdma", pod, podnet_pod_rdma_count, podnet_pod_rdma, rdma, true);
	member(o, "cpus", cpus(podnet_pod_cpus(pod)));
	ARRAY(o, "hugepages", pod, podnet_pod_hugepages_count, podnet_pod_hugepages, hugepages, true);
	ARRAY(o, "warnings", pod, podnet_pod_warning_count, podnet_pod_warning, warning, true);
	return o;
}

static json_t *port(const struct podnet_port *p)
{
	json_t *o = json_object();

	text(o, "interface", podnet_port_interface(p));
	text(o, "network", podnet_port_network(p));
	text(o, "device", podnet_port_device(p));
	text(o, "name", podnet_port_name(p));
	number(o, "kindNumber", podnet_port_kind(p), 0);
	number(o, "mtu", podnet_port_mtu(p), 0);
	ARRAY(o, "problems", p, podnet_port_problem_count, podnet_port_problem, problem, false);
	return o;
}

json_t *dump_eal(struct podnet_eal *eal)
{
	json_t *o = json_object(), *args = json_array();
	char **argv = podnet_eal_argv(eal);

	for (int n = 0; n < podnet_eal_argc(eal); n++)
		json_array_append_new(args, json_string(argv[n]));
	json_object_set_new(o, "argv", args);
	json_object_set_new(o, "ended", json_boolean(argv && !argv[podnet_eal_argc(eal)]));
	ARRAY(o, "ports", eal, podnet_eal_port_count, podnet_eal_port, port, true);
	ARRAY(o, "leftOut", eal, podnet_eal_left_out_count, podnet_eal_left_out, problem, false);
	return o;
}

json_t *dump_problems(size_t count, const struct podnet_problem *(*get)(const void *, size_t), const void *of)
{
	json_t *all = json_array();

	for (size_t n = 0; n < count; n++)
		json_array_append_new(all, problem(get(of, n)));
	return all;
}
