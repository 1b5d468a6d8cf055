/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks by app-netutil's calls, and prints the devices of the pod's interfaces.
 *
 *   cc -o dropin dropin.c -lnetutil_api
 *   ./dropin [DIRECTORY]    of the Downward API volume, if it is at no usual place
 */
#include <libnetutil_api.h>

#include <stdlib.h>

static const char *text(const char *value)
{
	return value ? value : "-";
}

static const char *device(const struct DeviceInfo *d)
{
	switch (d->Type) {
	case NETUTIL_TYPE_PCI: return text(d->Pci.PciAddress);
	case NETUTIL_TYPE_VDPA: return text(d->Vdpa.Path);
	case NETUTIL_TYPE_VHOST: return text(d->VhostUser.Path);
	case NETUTIL_TYPE_MEMIF: return text(d->Memif.Path);
	}
	return "-";
}

int main(int argc, char **argv)
{
	struct AppNetutilConfig config = { .downwardAPI = { .baseDir = argc > 1 ? argv[1] : NULL } };
	struct InterfaceResponse response = { .numIfaceAllocated = NETUTIL_NUM_NETWORKINTERFACE };
	struct CPUResponse cpus;
	long long result;

	config.log.stderr = 1;
	SetConfig(&config);
	if (GetCPUInfo(&cpus) == NETUTIL_ERRNO_SUCCESS) {
		printf("CPUs %s\n", cpus.CPUSet);
		free(cpus.CPUSet);
	}
	do { /* until the array is large enough */
		NetutilFreeInterfaces(&response);
		free(response.pIface);
		response.pIface = calloc((size_t)response.numIfaceAllocated, sizeof(*response.pIface));
		result = response.pIface ? GetInterfaces(&response) : NETUTIL_ERRNO_FAIL;
	} while (result == NETUTIL_ERRNO_SIZE_ERROR && response.numIfacePopulated == response.numIfaceAllocated &&
		 (response.numIfaceAllocated *= 2) < 1024);
	for (int n = 0; n < response.numIfacePopulated; n++) {
		const struct NetworkStatus *s = &response.pIface[n].NetworkStatus;

		printf("%s of %s: %s\n", text(s->Interface), text(s->Name), device(&s->DeviceInfo));
	}
	NetutilFreeInterfaces(&response);
	free(response.pIface);
	return result == NETUTIL_ERRNO_FAIL;
}
