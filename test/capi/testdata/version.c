/* SPDX-License-Identifier: Apache-2.0 */
/* Asks once, and prints the version of the library. */
#include <podnet.h>
#include <stdio.h>

int main(void)
{
	struct podnet *ctx;
	struct podnet_pod *pod = NULL;
	int result = podnet_new(&ctx, NULL);

	if (result == PODNET_OK) {
		result = podnet_discover(ctx, &pod);
		if (result < 0)
			fprintf(stderr, "%s\n", podnet_error(ctx));
	}
	printf("%s\n", podnet_version());
	podnet_pod_free(pod);
	podnet_free(ctx);
	return result != PODNET_OK;
}
