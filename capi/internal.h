/* SPDX-License-Identifier: Apache-2.0 */

/* The types and functions that the library's C files share. Each file says who calls its
 * functions, and on which thread. */

#ifndef PODNET_INTERNAL_H
#define PODNET_INTERNAL_H

#include <jansson.h>

#include "podnet.h"

/* What podnet and this library say to each other; podnet's side is internal/cli/capi.go. */
#define PN_SCHEMA "podnet.capi/v1"
#define PN_POD_SCHEMA "podnet.pod/v1"

/* The largest answer that the library reads. A pod's answer takes some kilobytes. */
#define PN_MAX_ANSWER ((size_t)64 << 20)
#define PN_MAX_DEPTH 64

#define PN_DEFAULT_TIMEOUT_MS 10000

/* What options may take in bytes. More is a size that was never set. */
#define PN_MAX_OPTIONS 4096

struct podnet {
	char *helper;    /* NULL: not given */
	char **env;      /* NULL: the process's */
	json_t *request; /* what every request has */
	int timeout_ms;
	int cancel_fd;    /* an eventfd, readable from podnet_cancel() on */
	int result;       /* of the last call */
	char *error;      /* NULL: podnet_strerror(result) has to do */
	json_t *problems; /* of the last error, or NULL */
};

/* An answer: its root, and the same as text. */
struct podnet_pod {
	json_t *root;
	char *text;
};

struct podnet_eal {
	json_t *root;
	int argc;
	char **argv;
};

/* error.c: those that fail give the result back. */
int pn_fail(struct podnet *ctx, int result, const char *format, ...) __attribute__((format(printf, 3, 4)));
int pn_fail_errno(struct podnet *ctx, const char *what, int error);
const char *pn_errno_text(int error, char *text, size_t size);
int pn_fail_memory(struct podnet *ctx);
void pn_clear_error(struct podnet *ctx);

/* Copies a caller's options to ours, which are all zero: as much as both know. False:
 * they have members set that this version of the library does not know. */
bool pn_copy_options(void *ours, size_t our_size, const void *theirs, size_t their_size);

/* Whether the process runs with more rights than its caller, so that the environment is
 * not to be trusted. */
bool pn_is_privileged(void);

/* helper.c: gives the path of the helper, which the caller frees. */
int pn_find_helper(struct podnet *ctx, char **path);

/* spawn.c */
struct pn_child {
	int pid;
	int pidfd; /* -1: the kernel has none */
	int io;    /* its standard input and output */
	int err;   /* its standard error */
};
int pn_spawn(struct podnet *ctx, const char *path, struct pn_child *child);

/* Ends the child, and waits for its end. Gives what waitpid gives, or -1: somebody else
 * has taken it. */
int pn_end(struct pn_child *child);

/* exchange.c: sends a request to the helper and gives its answer, which the caller
 * frees. */
int pn_exchange(struct podnet *ctx, const char *request, int timeout_ms, char **answer, size_t *length);

/* request.c */
json_t *pn_request(const struct podnet *ctx, const char *op);

/* Sets a member; NULL as the value leaves it out. -1: memory is short, or the text is
 * not UTF-8. */
int pn_set(json_t *object, const char *key, const char *value);
int pn_set_list(json_t *object, const char *key, const char *const *values);

/* Asks, and gives the answer's member of this name; the caller owns a reference to
 * it. It takes the request, which may be NULL for a lack of memory. */
int pn_ask(struct podnet *ctx, json_t *request, int timeout_ms, const char *member, json_t **answer);

/* Asks for the hugepages of each container, as app-netutil tells them. */
int pn_hugepages(struct podnet *ctx, json_t **answer);

/* codes.c */
enum podnet_code pn_code(const char *name);

/* json.c: what accessors do. A value of another type is as good as none. */
const char *pn_string(const void *object, const char *key);
int pn_int(const void *object, const char *key, int absent);
int64_t pn_int64(const void *object, const char *key, int64_t absent);
bool pn_bool(const void *object, const char *key);
int pn_tristate(const void *object, const char *key); /* 1, 0, or -1: absent */
const void *pn_member(const void *object, const char *key);
size_t pn_count(const void *object, const char *key);
const void *pn_element(const void *object, const char *key, size_t n);
enum podnet_kind pn_kind(const char *name);

/* The opaque objects of podnet.h are parts of the document. */
#define PN_STRING(type, name, key) \
	const char *podnet_##type##_##name(const struct podnet_##type *o) { return pn_string(o, key); }
#define PN_BOOL(type, name, key) \
	bool podnet_##type##_##name(const struct podnet_##type *o) { return pn_bool(o, key); }
#define PN_TRISTATE(type, name, key) \
	int podnet_##type##_##name(const struct podnet_##type *o) { return pn_tristate(o, key); }
#define PN_INT(type, name, key, absent) \
	int podnet_##type##_##name(const struct podnet_##type *o) { return pn_int(o, key, absent); }
#define PN_INT64(type, name, key, absent) \
	int64_t podnet_##type##_##name(const struct podnet_##type *o) { return pn_int64(o, key, absent); }
#define PN_MEMBER(type, name, key, member) \
	const struct podnet_##member *podnet_##type##_##name(const struct podnet_##type *o) { return pn_member(o, key); }
#define PN_COUNT(type, name, key) \
	size_t podnet_##type##_##name(const struct podnet_##type *o) { return pn_count(o, key); }
#define PN_ELEMENT(type, name, key, element) \
	const struct podnet_##element *podnet_##type##_##name(const struct podnet_##type *o, size_t n) \
	{ \
		return pn_element(o, key, n); \
	}
#define PN_KIND(type) \
	enum podnet_kind podnet_##type##_kind(const struct podnet_##type *o) { return pn_kind(pn_string(o, "kind")); }

#endif /* PODNET_INTERNAL_H */
