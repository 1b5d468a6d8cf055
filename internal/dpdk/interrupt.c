//go:build cgo && !nodpdk

/* interrupt_gate runs on EAL's interrupt thread, the rest on EAL's main thread. */

#define _GNU_SOURCE
#define ALLOW_EXPERIMENTAL_API /* rte_intr_instance_alloc and its like, until 23.11 */
#include "interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_interrupts.h>

/* How long the thread can take to finish a callback on a busy machine. */
#define INTERRUPT_HOLD_S 5

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_shut; /* the thread is to stay in the gate */
static bool gate_in;   /* it is there */
static int gate_fd = -1; /* that the thread is called by: an alarm would hold up rte_eal_cleanup */

static void
interrupt_gate(void *arg)
{
	eventfd_t calls;

	(void)arg;
	(void)eventfd_read(gate_fd, &calls);
	pthread_mutex_lock(&gate_lock);
	gate_in = true;
	pthread_cond_broadcast(&gate_moved);
	while (gate_shut)
		pthread_cond_wait(&gate_moved, &gate_lock);
	gate_in = false;
	pthread_mutex_unlock(&gate_lock);
}

static int
interrupt_make_gate(void)
{
	struct rte_intr_handle *handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ret = -ENOMEM;

	if (handle != NULL && fd >= 0 && rte_intr_type_set(handle, RTE_INTR_HANDLE_EXT) == 0 && rte_intr_fd_set(handle, fd) == 0) {
		gate_fd = fd;
		ret = rte_intr_callback_register(handle, interrupt_gate, NULL);
	}
	if (ret != 0) {
		gate_fd = -1;
		rte_intr_instance_free(handle);
		if (fd >= 0)
			close(fd);
	}
	return ret;
}

int
interrupt_hold(void)
{
	struct timespec end;
	int ret = 0;

	if (gate_fd < 0 && (ret = interrupt_make_gate()) != 0)
		return ret;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += INTERRUPT_HOLD_S;
	pthread_mutex_lock(&gate_lock);
	if (!gate_shut) {
		gate_shut = true;
		ret = eventfd_write(gate_fd, 1) == 0 ? 0 : -errno;
	}
	while (ret == 0 && !gate_in)
		ret = -pthread_cond_clockwait(&gate_moved, &gate_lock, CLOCK_MONOTONIC, &end);
	if (ret != 0)
		gate_shut = false;
	pthread_mutex_unlock(&gate_lock);
	return ret;
}

void
interrupt_release(void)
{
	pthread_mutex_lock(&gate_lock);
	gate_shut = false;
	pthread_cond_broadcast(&gate_moved);
	pthread_mutex_unlock(&gate_lock);
}
