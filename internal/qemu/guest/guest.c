/*
 * What a guest needs and neither BusyBox nor Go does: end QEMU with an exit code, and be a process in a state.
 *
 *	guest exit CODE		ends QEMU; see qemu.go
 *	guest named NAME	sleeps under a name of any bytes
 *	guest spin		runs
 *	guest vfork		sleeps uninterruptibly, as whoever calls vfork() does until its child is done
 *	guest traced		prints the pid of a child that is stopped by its tracer, and sleeps
 *	guest leaderless	runs in a second thread; its first one has ended
 *	guest threads		makes threads that end at once, for ever
 *	guest crowd COUNT	has COUNT children that sleep, prints "ready", and sleeps
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static int end(int code)
{
	if (ioperm(0xf4, 4, 1)) {
		perror("ioperm");
		return 1;
	}
	outl(64 + (code > 63 ? 63 : code), 0xf4);
	return 1;
}

static int traced(void)
{
	pid_t child = fork();

	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		raise(SIGSTOP);
		_exit(1);
	}
	if (child < 0 || waitpid(child, NULL, WSTOPPED) != child)
		return 1;
	printf("%d\n", child);
	fflush(stdout);
	pause();
	return 0;
}

static int crowd(int count)
{
	for (; count > 0; count--) {
		pid_t child = fork();

		if (child < 0) {
			perror("fork");
			return 1;
		}
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}

static void *spin(void *unused)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
	return unused;
}

static void *nothing(void *unused)
{
	return unused;
}

static int threads(void)
{
	pthread_t thread;

	for (;;)
		if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
			return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *with = argc > 2 ? argv[2] : "";

	if (!strcmp(what, "exit"))
		return end(atoi(with));
	if (!strcmp(what, "named")) {
		prctl(PR_SET_NAME, with);
		pause();
	}
	if (!strcmp(what, "spin"))
		spin(NULL);
	if (!strcmp(what, "leaderless")) {
		pthread_t thread;

		if (!pthread_create(&thread, NULL, spin, NULL))
			pthread_exit(NULL);
	}
	if (!strcmp(what, "threads"))
		return threads();
	if (!strcmp(what, "vfork") && !vfork()) {
		pause();
		_exit(0);
	}
	if (!strcmp(what, "traced"))
		return traced();
	if (!strcmp(what, "crowd"))
		return crowd(atoi(with));
	return 0;
}
