/* SPDX-License-Identifier: Apache-2.0 */
/* A helper that answers as it should not. HOSTILE says how, NUMBER is its argument, and
 * ANSWER is a file with a right answer. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char answer[1 << 20];
static size_t length;

static void put(const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, data, size);

		if (n <= 0)
			_exit(0);
		data += n;
		size -= (size_t)n;
	}
}

static void text(const char *data) { put(data, strlen(data)); }

static void read_answer(void)
{
	FILE *file = fopen(getenv("ANSWER"), "r");

	if (!file)
		_exit(9);
	length = fread(answer, 1, sizeof(answer), file);
	fclose(file);
}

static void end(long how)
{
	if (how % 3 == 1)
		raise(SIGKILL);
	if (how % 3 == 2)
		raise(SIGSEGV);
	_exit(0);
}

static void mutate(unsigned seed)
{
	static const char hostile[] = "\0\"{}[],:\\0189eE+-. \n\377\300tfnu/";
	unsigned state = seed * 2654435761u + 1;

	for (unsigned n = 0; n <= seed % 4; n++) {
		state = state * 1103515245u + 12345u;
		size_t at = (state >> 8) % length;
		state = state * 1103515245u + 12345u;
		answer[at] = state & 1 << 20 ? hostile[(state >> 8) % (sizeof(hostile) - 1)] : (char)(state >> 16);
	}
	put(answer, length);
	_exit(0);
}

static void repeat(const char *data, size_t count)
{
	char block[65536];
	size_t size = strlen(data);

	for (size_t n = 0; n < sizeof(block); n++)
		block[n] = data[n % size];
	for (; count > 0; count--)
		put(block, sizeof(block));
}

/* Tells of itself in an error: its descriptors, signals and environment. */
static void status(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char line[256];

	text("{\"schema\":\"podnet.capi/v1\",\"error\":{\"kind\":\"failed\",\"text\":\"");
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0) {
			line[6] = '=';
			line[7] = ' ';
			line[strcspn(line, "\n")] = ' ';
			text(line);
		}
	text("fds=");
	while ((entry = readdir(dir)))
		if (atoi(entry->d_name) != dirfd(dir) && atoi(entry->d_name) != fileno(file) && entry->d_name[0] != '.') {
			text(" ");
			text(entry->d_name);
		}
	text(getenv("GODEBUG") ? " GODEBUG" : "");
	text(getenv("PODNET_HELPER") ? " PODNET_HELPER" : "");
	text(getenv("PCIDEVICE_X") ? " PCIDEVICE_X" : "");
	text("\"}}");
	_exit(0);
}

int main(void)
{
	const char *how = getenv("HOSTILE") ? getenv("HOSTILE") : "status";
	long number = getenv("NUMBER") ? atol(getenv("NUMBER")) : 0;

	if (getenv("ANSWER"))
		read_answer();
	if (strcmp(how, "cut") == 0) {
		put(answer, (size_t)number);
		end(number);
	}
	if (strcmp(how, "mutate") == 0)
		mutate((unsigned)number);
	if (strcmp(how, "status") == 0)
		status();
	if (strcmp(how, "exit") == 0) {
		text(number == 64 ? "" : "{}");
		(void)!write(STDERR_FILENO, "no\x1b such\ncommand\n", 18);
		_exit((int)number);
	}
	if (strcmp(how, "signal") == 0)
		raise((int)number);
	if (strcmp(how, "hang") == 0) /* with a whole answer, and its output closed */
		put(answer, length), close(STDOUT_FILENO), close(STDIN_FILENO);
	if (strcmp(how, "keep-open") == 0)
		put(answer, length);
	if (strcmp(how, "endless") == 0)
		for (;;)
			repeat(number ? " " : "[\"a\",", 1);
	if (strcmp(how, "drip") == 0)
		for (;;) {
			text(" ");
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		}
	if (strcmp(how, "deep") == 0) {
		repeat(number == 1 ? "{\"a\":" : "[", 4);
		_exit(0);
	}
	if (strcmp(how, "huge") == 0) { /* a string of 24 MiB, which is within what an answer may be */
		text("{\"schema\":\"podnet.capi/v1\",\"pod\":{\"schema\":\"podnet.pod/v1\",\"x\":\"");
		repeat("x", 24 * 16);
		text("\"}}");
		_exit(0);
	}
	if (strcmp(how, "complain") == 0) {
		for (int n = 0; n < 100000; n++)
			(void)!write(STDERR_FILENO, "panic: and on it goes, for ever and ever, with no end, none at all\n", 66);
		_exit(2);
	}
	if (strcmp(how, "grandchild") == 0 && fork() != 0) {
		if (number)
			put(answer, length);
		_exit(0);
	}
	if (strcmp(how, "say") == 0) {
		text(getenv("SAY"));
		_exit(0);
	}
	if (strcmp(how, "grandchild") == 0) {
		nanosleep(&(struct timespec){ .tv_sec = 5 }, NULL);
		_exit(0);
	}
	for (;;)
		pause();
}
