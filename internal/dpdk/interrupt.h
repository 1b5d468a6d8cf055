/* EAL's interrupt thread, which runs what drivers do when a device or a peer moves:
 * memif's whole control channel. */

#ifndef PODNET_INTERRUPT_H
#define PODNET_INTERRUPT_H

/* interrupt_hold lets the thread end what it is doing, and keeps it from anything
 * else; -ETIMEDOUT if it does not come to that end. Drivers that wait for the thread
 * must not be called meanwhile: memif does not wait. */
int interrupt_hold(void);

/* interrupt_release lets the thread go on. */
void interrupt_release(void);

#endif
