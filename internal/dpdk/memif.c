//go:build cgo && !nodpdk

/* Replaces a function of the C library for DPDK's memif driver. sendmsg runs on the DPDK
 * thread that sends; for memif it is EAL's interrupt thread. */

#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sendmsg shadows the C library's. A memif server greets each client. If that fails
 * because the client has hung up already, the driver closes and frees the connection, but
 * leaves it among EAL's interrupt sources, and EAL panics over the closed descriptor (as
 * of DPDK 24.11). So sendmsg reports the greeting as sent. The driver ends the connection
 * properly when it reads that the client has gone. Only memif's sockets are
 * SOCK_SEQPACKET. */
__attribute__((visibility("default"))) ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_sendmsg, fd, msg, flags | MSG_NOSIGNAL);
	int error = errno, type = 0;
	socklen_t size = sizeof(type);

	if (n >= 0 || (error != EPIPE && error != ECONNRESET))
		return n;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
		errno = error;
		return -1;
	}
	n = 0;
	for (size_t i = 0; i < msg->msg_iovlen; i++)
		n += msg->msg_iov[i].iov_len;
	return n;
}
