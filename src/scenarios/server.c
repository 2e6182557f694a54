/*
 * server: a TCP server on loopback that forks one process per client.
 *
 * It serves CLIENTS clients, 3 unless told, which it plays itself, and waits for all its
 * children. Child i reads a line, sends it back, lives on for i times 50 ms and exits.
 *
 * Watch: one fork per client, no exec. The children's lives overlap; the server reaps
 * each as soon as it exits: no zombie lasts, and there is no orphan.
 *
 * Why: a forked child inherits the open connection and can serve it alone. A server that
 * forgets to wait for its children fills the process table with zombies.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 3, CLIENTS_MAX = 100, LIFE_MS = 50, LINE = 80 };

/* Passes on the result of a system call; ends the program if the call failed. */
static int must(int result, const char *call)
{
	if (result < 0)
		err(1, "%s", call);
	return result;
}

/* Reads to the end of a line, one byte at a time: TCP may deliver it in pieces. */
static void read_line(int connection, char line[LINE])
{
	int n = 0;
	while (n < LINE - 1 && must((int)read(connection, &line[n], 1), "read") > 0)
		if (line[n++] == '\n')
			break;
	line[n] = '\0';
}

static _Noreturn void child_life(int connection, int ms)
{
	char line[LINE];
	read_line(connection, line);
	must(dprintf(connection, "%d echoes: %s", getpid(), line), "write");
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	must(nanosleep(&t, NULL), "nanosleep");
	_exit(0);
}

int main(int argc, char **argv)
{
	char *end = "";
	long clients = argc > 1 ? strtol(argv[1], &end, 10) : CLIENTS;
	if (argc > 2 || *end || clients < 1 || clients > CLIENTS_MAX) {
		fprintf(stderr, "usage: server [CLIENTS]   (1 to %d)\n", CLIENTS_MAX);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then there is nothing to wait for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	struct sockaddr_in at = {.sin_family = AF_INET}; /* port 0: the kernel chooses */
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t size = sizeof at;
	int listener = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	must(bind(listener, (struct sockaddr *)&at, size), "bind");
	must(listen(listener, CLIENTS_MAX), "listen");
	must(getsockname(listener, (struct sockaddr *)&at, &size), "getsockname");
	printf("server %d: listens on 127.0.0.1:%d\n", getpid(), ntohs(at.sin_port));

	int client[CLIENTS_MAX];
	for (int i = 0; i < clients; i++) {
		client[i] = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
		must(connect(client[i], (struct sockaddr *)&at, size), "connect"); /* queued */
		must(dprintf(client[i], "hello from client %d\n", i + 1), "write");
	}
	for (int i = 0; i < clients; i++) {
		int connection = must(accept(listener, NULL, NULL), "accept");
		if (must(fork(), "fork") == 0)
			child_life(connection, (i + 1) * LIFE_MS);
		must(close(connection), "close");
	}
	for (int i = 0; i < clients; i++) {
		char line[LINE];
		read_line(client[i], line);
		printf("client %d: %s", i + 1, line);
	}
	int served = 0, status;
	for (int i = 0; i < clients; i++)
		served += must(wait(&status), "wait") > 0 && status == 0;
	printf("server %d: served %d clients\n", getpid(), served);
	return served == clients ? 0 : 1;
}
