/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the libraries that its arguments name, uses the first, and unloads them, many
 * times: no mapping, thread or descriptor of them may stay. */
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct podnet;
struct podnet_pod;

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static int mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4096];
	int count = 0;

	while (maps && fgets(line, sizeof(line), maps))
		count += strstr(line, "libpodnet") || strstr(line, "libnetutil") || strstr(line, "libjansson");
	if (maps)
		fclose(maps);
	return count;
}

static int use(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*new)(struct podnet **, const void *);
	int (*discover)(struct podnet *, struct podnet_pod **);
	void (*release)(struct podnet *);
	void (*release_pod)(struct podnet_pod *);
	long long (*get)(char **);
	struct podnet *ctx;
	struct podnet_pod *pod;
	char *cpus = NULL;
	int result = -1;

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return -1;
	}
	*(void **)&new = dlsym(library, "podnet_new");
	*(void **)&discover = dlsym(library, "podnet_discover");
	*(void **)&release = dlsym(library, "podnet_free");
	*(void **)&release_pod = dlsym(library, "podnet_pod_free");
	*(void **)&get = dlsym(library, "GetCPUInfo");
	if (get) {
		result = get(&cpus) == 0 && cpus ? 0 : -1; /* the string is not freed: it is no part of the library */
	} else if (new && discover && release && release_pod && new(&ctx, NULL) == 0) {
		result = discover(ctx, &pod);
		release_pod(pod);
		release(ctx);
	}
	return dlclose(library) == 0 ? result : -1;
}

int main(int argc, char **argv)
{
	int fds = entries("/proc/self/fd"), tasks = entries("/proc/self/task");

	for (int n = 0; n < 100; n++)
		for (int library = 1; library < argc; library++)
			if (use(argv[library]) != 0)
				return 1;
	if (entries("/proc/self/fd") != fds || entries("/proc/self/task") != tasks || mappings() != 0) {
		fprintf(stderr, "%d descriptors (before: %d), %d threads (%d), %d mappings\n", entries("/proc/self/fd"), fds,
			entries("/proc/self/task"), tasks, mappings());
		return 1;
	}
	return 0;
}
