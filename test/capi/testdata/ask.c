/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out jobs, one JSON object per line of standard input, and prints an answer per
 * line: the values of the accessors for each pod. */
#include "dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct podnet_problem *error_problem(const void *ctx, size_t n)
{
	return podnet_error_problem(ctx, n);
}

static void error_of(json_t *answer, const char *key, int result, const struct podnet *ctx)
{
	json_t *o = json_object();

	json_object_set_new(o, "result", json_integer(result));
	json_object_set_new(o, "text", json_string(podnet_error(ctx)));
	json_object_set_new(o, "problems", dump_problems(podnet_error_problem_count(ctx), error_problem, ctx));
	json_object_set_new(answer, key, o);
}

static json_t *found_by(const struct podnet_pod *pod, const json_t *names)
{
	json_t *found = json_object();

	for (size_t n = 0; n < json_array_size(names); n++) {
		const char *name = json_string_value(json_array_get(names, n));
		const struct podnet_interface *i = podnet_pod_find(pod, name);

		json_object_set_new(found, name, i ? json_string(podnet_interface_name(i)) : json_null());
	}
	return found;
}

static json_t *labels_by(const struct podnet_pod *pod, const json_t *names)
{
	json_t *found = json_object();

	for (size_t n = 0; n < json_array_size(names); n++) {
		const char *name = json_string_value(json_array_get(names, n)), *value = podnet_pod_label(pod, name);

		json_object_set_new(found, name, value ? json_string(value) : json_null());
	}
	return found;
}

static void ask_eal(json_t *answer, struct podnet *ctx, const struct podnet_pod *pod, const json_t *job)
{
	struct podnet_eal_options o = PODNET_EAL_OPTIONS_INIT;
	const json_t *wanted = json_object_get(job, "eal");
	const char **interfaces = strings(json_object_get(wanted, "interfaces")), **extra = strings(json_object_get(wanted, "extra"));
	const char **vdevs = strings(json_object_get(wanted, "vdevs")), **devargs = strings(json_object_get(wanted, "devargs"));
	struct podnet_eal *eal = NULL;
	int result;

	o.program = json_string_value(json_object_get(wanted, "program"));
	o.dpdk_version = json_string_value(json_object_get(wanted, "dpdkVersion"));
	o.file_prefix = json_string_value(json_object_get(wanted, "filePrefix"));
	o.memory = (enum podnet_memory)json_integer_value(json_object_get(wanted, "memory"));
	o.queues = (int)json_integer_value(json_object_get(wanted, "queues"));
	o.mtu = (int)json_integer_value(json_object_get(wanted, "mtu"));
	o.multi_process = json_is_true(json_object_get(wanted, "multiProcess"));
	o.interfaces = interfaces;
	o.extra = extra;
	o.vdevs = vdevs;
	o.devargs = devargs;
	result = podnet_eal_args(ctx, pod, &o, &eal);
	if (result == PODNET_OK)
		json_object_set_new(answer, "eal", dump_eal(eal));
	error_of(answer, "ealError", result, ctx);
	podnet_eal_free(eal);
	free(interfaces);
	free(extra);
	free(vdevs);
	free(devargs);
}

static json_t *ask(const json_t *job)
{
	struct podnet_options o = PODNET_OPTIONS_INIT;
	const char **env = strings(json_object_get(job, "env")), **hints = strings(json_object_get(job, "hints"));
	const char **interfaces = strings(json_object_get(job, "interfaces"));
	int wait_ms = (int)json_integer_value(json_object_get(job, "waitMs"));
	json_t *answer = json_object();
	struct podnet *ctx = NULL;
	struct podnet_pod *pod = NULL;
	int result;

	o.helper = json_string_value(json_object_get(job, "helper"));
	o.root = json_string_value(json_object_get(job, "root"));
	o.podinfo = json_string_value(json_object_get(job, "podinfo"));
	o.timeout_ms = (int)json_integer_value(json_object_get(job, "timeoutMs"));
	o.env = (char *const *)env;
	o.hints = hints;
	result = podnet_new(&ctx, &o);
	if (ctx)
		result = wait_ms ? podnet_wait(ctx, wait_ms, interfaces, &pod) : podnet_discover(ctx, &pod);
	error_of(answer, "error", result, ctx);
	if (pod) {
		json_object_set_new(answer, "pod", dump_pod(pod));
		json_object_set_new(answer, "json", json_loads(podnet_pod_json(pod), 0, NULL));
		json_object_set_new(answer, "find", found_by(pod, json_object_get(job, "find")));
		json_object_set_new(answer, "labels", labels_by(pod, json_object_get(job, "labels")));
		if (json_object_get(job, "eal"))
			ask_eal(answer, ctx, pod, job);
	}
	podnet_pod_free(pod);
	podnet_free(ctx);
	free(env);
	free(hints);
	free(interfaces);
	return answer;
}

int main(void)
{
	json_error_t why;
	json_t *job;

	while ((job = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &why))) {
		json_t *answer = ask(job);

		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
		json_decref(answer);
		json_decref(job);
	}
	return 0;
}
