/* SPDX-License-Identifier: Apache-2.0 */

/* Accessors of devices on no interface. They read a pod that does not change, on any
 * thread of the program. */

#include "internal.h"

PN_STRING(device, id, "id")
PN_STRING(device, kind_name, "kind")
PN_STRING(device, resource, "resource")
PN_STRING(device, network, "network")
PN_STRING(device, mac, "mac")
PN_STRING(device, reason_name, "reason")
PN_BOOL(device, is_port, "port")
PN_BOOL(device, is_default, "default")
PN_KIND(device)
PN_MEMBER(device, candidates, "candidates", strings)
PN_MEMBER(device, pci, "pci", pci)
PN_MEMBER(device, vdpa, "vdpa", vdpa)
PN_MEMBER(device, netdev, "afXdp", netdev)
PN_COUNT(device, problem_count, "problems")
PN_COUNT(device, evidence_count, "evidence")
PN_ELEMENT(device, problem, "problems", problem)
PN_ELEMENT(device, evidence, "evidence", evidence)

enum podnet_code podnet_device_reason(const struct podnet_device *d)
{
	return pn_code(podnet_device_reason_name(d));
}

/* == RDMA devices == */

PN_STRING(rdma, name, "name")
PN_STRING(rdma, pci_address, "pci")
PN_STRING(rdma, auxiliary, "auxiliary")
PN_STRING(rdma, netdev, "netdev")
PN_COUNT(rdma, char_device_count, "charDevices")
PN_COUNT(rdma, evidence_count, "evidence")
PN_ELEMENT(rdma, evidence, "evidence", evidence)

const char *podnet_rdma_char_device_path(const struct podnet_rdma *r, size_t n)
{
	return pn_string(pn_element(r, "charDevices", n), "path");
}

bool podnet_rdma_char_device_is_openable(const struct podnet_rdma *r, size_t n)
{
	return pn_bool(pn_element(r, "charDevices", n), "openable");
}

bool podnet_rdma_char_device_is_missing(const struct podnet_rdma *r, size_t n)
{
	return pn_bool(pn_element(r, "charDevices", n), "missing");
}

/* == Problems and evidence == */

PN_STRING(problem, code_name, "code")
PN_STRING(problem, source, "source")
PN_STRING(problem, where, "where")
PN_STRING(problem, interface, "interface")
PN_STRING(problem, message, "message")
PN_STRING(problem, remedy, "remedy")
PN_BOOL(problem, is_transient, "transient")

enum podnet_code podnet_problem_code(const struct podnet_problem *p)
{
	return pn_code(podnet_problem_code_name(p));
}

PN_STRING(evidence, field, "field")
PN_STRING(evidence, source, "source")
PN_STRING(evidence, where, "where")
PN_STRING(evidence, why, "why")
