/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt.c - the local command line of a device
 *
 * Owns the table of commands. What a command does lives in the libraries and in the running
 * programs, which it asks through their local sockets; this file must not keep state of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/uplink/onboard.h"
#include "vakt_health.h"

#define EXIT_USAGE 2

struct arguments {
	const char *state_dir, *run_dir, *token, *server, *share_dir;
	struct vakt_health_options health;
};

static int command_onboard(const struct arguments *a, struct err *err)
{
	int r;

	if (!a->token)
		return err_setf(err, -EINVAL, "vakt onboard needs --token FILE");
	r = onboard_run(a->state_dir, a->token, a->server, err);
	if (r < 0)
		return r;
	puts(r ? "This device is onboarded already; nothing was changed."
	       : "This device is onboarded.");
	return 0;
}

static int command_offboard(const struct arguments *a, struct err *err)
{
	int r = onboard_leave(a->state_dir, err);

	if (r == -ENOENT)
		return err_setf(err, r, "this device is not onboarded");
	if (r == 0)
		puts("This device is offboarded.");
	return r;
}

static int command_version(const struct arguments *a _unused_, struct err *err _unused_)
{
	puts(VAKT_VERSION);
	return 0;
}

static int command_health(const struct arguments *a, struct err *err)
{
	struct vakt_health_options o = a->health;

	o.state_dir = a->state_dir;
	o.run_dir = a->run_dir;
	return vakt_health(&o, err);
}

static int command_test_alert(const struct arguments *a, struct err *err)
{
	char path[4096];
	char *argv[] = { "sh", path, NULL };
	pid_t pid;
	int status, r;

	snprintf(path, sizeof(path), "%s/test-alert.sh", a->share_dir);
	if (access(path, R_OK) < 0)
		return err_setf(err, -errno, "%s: %m", path);
	r = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);
	if (r)
		return err_setf(err, -r, "/bin/sh: %s", strerror(r));
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_setf(err, -errno, "%s: %m", path);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_setf(err, -EIO, "%s did not end well (wait status %d)", path, status);
	puts("Files that look sensitive were listed and read in a folder of their own.\n"
	     "Expect the alert \"Enumeration of files with sensitive data\", severity Low.");
	return 0;
}

static const struct command {
	const char *word, *second; /* second: nullable */
	int (*run)(const struct arguments *a, struct err *err);
	const char *help;
} commands[] = {
	{ "onboard", NULL, command_onboard, "--token FILE [--server URL]   join a tenant" },
	{ "offboard", NULL, command_offboard, "leave the tenant" },
	{ "health", NULL, command_health,
	  "[--field NAME] [--details sensors] [--output json]   state of this device" },
	{ "edr", "test-alert", command_test_alert, "harmless behaviour that must raise an alert" },
	{ "version", NULL, command_version, "version of Vakt" },
};

static void print_usage(FILE *f)
{
	fputs("usage: vakt COMMAND [--state-dir DIR] [--run-dir DIR]\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  vakt %s%s%s   %s\n", commands[i].word, commands[i].second ? " " : "",
			commands[i].second ? commands[i].second : "", commands[i].help);
}

/* NULL after having told why. 0 arguments left or an unknown word both end here. */
static const struct command *find_command(char **words, int count)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int want = c->second ? 2 : 1;

		if (count == want && !strcmp(words[0], c->word) &&
		    (!c->second || !strcmp(words[1], c->second)))
			return c;
	}
	if (count)
		fprintf(stderr, "vakt: there is no command \"%s%s%s\"\n", words[0],
			count > 1 ? " " : "", count > 1 ? words[1] : "");
	print_usage(stderr);
	return NULL;
}

/* 0, 1 for help, -EINVAL. */
static int parse_options(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "state-dir", required_argument, NULL, 's' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "share-dir", required_argument, NULL, 'S' },
		{ "token", required_argument, NULL, 't' },
		{ "server", required_argument, NULL, 'u' },
		{ "field", required_argument, NULL, 'f' },
		{ "details", required_argument, NULL, 'd' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 's': a->state_dir = optarg; break;
		case 'r': a->run_dir = optarg; break;
		case 'S': a->share_dir = optarg; break;
		case 't': a->token = optarg; break;
		case 'u': a->server = optarg; break;
		case 'f': a->health.field = optarg; break;
		case 'd':
			if (strcmp(optarg, "sensors") != 0) {
				fputs("vakt: --details knows: sensors\n", stderr);
				return -EINVAL;
			}
			a->health.sensors = true;
			break;
		case 'o':
			if (strcmp(optarg, "json") != 0) {
				fputs("vakt: --output knows: json\n", stderr);
				return -EINVAL;
			}
			a->health.json = true;
			break;
		case 'h': return 1;
		default: return -EINVAL;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments a = { .state_dir = "/var/lib/vakt", .run_dir = "/run/vakt",
			       .share_dir = "/opt/vakt/share" };
	const struct command *c;
	struct err err = { "" };
	int r = parse_options(argc, argv, &a);

	if (r) {
		print_usage(r > 0 ? stdout : stderr);
		return r > 0 ? 0 : EXIT_USAGE;
	}
	c = find_command(argv + optind, argc - optind);
	if (!c)
		return EXIT_USAGE;
	r = c->run(&a, &err);
	if (r < 0)
		fprintf(stderr, "vakt: %s\n", err_msg(&err, r));
	return r < 0;
}
