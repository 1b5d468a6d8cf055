/* Holding EAL's interrupt thread. On it drivers run their callbacks when a device or a
 * peer moves; memif's whole control channel runs there. port.c and eal.c call these
 * functions on EAL's main thread. */

#ifndef PODNET_INTERRUPT_H
#define PODNET_INTERRUPT_H

/* interrupt_hold lets the thread finish its callback, and starts no other one; -ETIMEDOUT
 * if the callback does not finish. Until interrupt_release, call no driver that waits for
 * the thread: memif does not wait. */
int interrupt_hold(void);

/* interrupt_release lets the thread go on. */
void interrupt_release(void);

#endif
