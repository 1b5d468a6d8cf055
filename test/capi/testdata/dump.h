/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DUMP_H
#define DUMP_H

#include <jansson.h>

#include "podnet.h"

/* Rebuilds the document podnet.pod/v1 from the accessors, except the labels, which have
 * no list. */
json_t *dump_pod(const struct podnet_pod *pod);
json_t *dump_eal(struct podnet_eal *eal);
json_t *dump_problems(size_t count, const struct podnet_problem *(*get)(const void *, size_t), const void *of);

/* Gives a list of strings as C has it, or NULL. The caller frees the pointers. */
const char **strings(const json_t *list);

#endif
