/* SPDX-License-Identifier: Apache-2.0 */
/* Asks before rte_eal_init, starts EAL with the answer, and asks again. */
#include <podnet.h>

#include <rte_eal.h>
#include <rte_version.h>
#include <stdio.h>

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, podnet_error(ctx)); \
			return 1; \
		} \
	} while (0)

int main(int argc, char **argv)
{
	struct podnet_eal_options o = PODNET_EAL_OPTIONS_INIT;
	const char *none[] = { "none", NULL };
	struct podnet *ctx = NULL;
	struct podnet_pod *pod;
	struct podnet_eal *eal;

	o.dpdk_version = rte_version();
	o.interfaces = none;
	o.memory = PODNET_MEMORY_NONE;
	o.file_prefix = argc > 1 ? argv[1] : NULL;
	CHECK(podnet_new(&ctx, NULL) == PODNET_OK);
	CHECK(podnet_discover(ctx, &pod) == PODNET_OK);
	CHECK(podnet_eal_args(ctx, pod, &o, &eal) == PODNET_OK);
	podnet_pod_free(pod);
	CHECK(rte_eal_init(podnet_eal_argc(eal), podnet_eal_argv(eal)) >= 0);
	podnet_eal_free(eal); /* EAL keeps none of it */
	for (int n = 0; n < 10; n++) {
		CHECK(podnet_discover(ctx, &pod) == PODNET_OK);
		/* The main lcore is one CPU, and this thread may use that CPU alone. */
		CHECK(podnet_cpus_count(podnet_pod_cpus(pod)) == 1);
		podnet_pod_free(pod);
	}
	podnet_free(ctx);
	return rte_eal_cleanup() != 0;
}
