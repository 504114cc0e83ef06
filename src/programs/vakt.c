/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt.c - the local command line of a device: its table of commands and options
 *
 * What a command does lives in its own file, in the libraries, and in the running programs, which
 * are asked through their local sockets; nothing here keeps state of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/near.h"
#include "sensor/uplink/device_report.h"
#include "vakt.h"

#define LINE_MAX_BYTES 256

static int command_version(const struct vakt_arguments *a, struct err *err _unused_)
{
	if (a->json)
		printf("{\"version\": \"%s\"}\n", VAKT_VERSION);
	else
		puts(VAKT_VERSION);
	return VAKT_DONE;
}

static int command_test_alert(const struct vakt_arguments *a, struct err *err)
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
	vakt_tell(a, "done", "Files that look sensitive were listed and read in a folder of their own.\n"
			     "Expect the alert \"Enumeration of files with sensitive data\", severity Low.");
	return VAKT_DONE;
}

static int command_help(const struct vakt_arguments *a, struct err *err);

static const struct command {
	const char *words;     /* separated by one blank */
	int least, most;       /* words behind them */
	const char *options;   /* letters of the table below, beside those that all take */
	vakt_command_fn run;
	const char *usage, *help;
} commands[] = {
	{ "onboard", 0, 0, "tu", vakt_onboard, "--token FILE [--server URL]", "join a tenant" },
	{ "offboard", 0, 0, "yl", vakt_offboard, "[--yes] [--local]",
	  "leave the tenant; --local: without telling the control plane" },
	{ "health", 0, 0, "fdk", vakt_health,
	  "[--field NAME | --details sensors|configuration|edr] [--check]",
	  "state of this device; --check: exit code 3 when it is not healthy" },
	{ "connectivity test", 0, 0, "tu", vakt_connectivity, "[--token FILE [--server URL]]",
	  "try every address that this device uses, and say what is in the way" },
	{ "config list", 0, 0, "", vakt_config_list, "", "settings, and which file gives them" },
	{ "config get", 1, 1, "", vakt_config_get, "KEY", "one setting" },
	{ "config set", 2, 2, "", vakt_config_set, "KEY VALUE", "change Vakt's own settings file" },
	{ "config unset", 1, 1, "", vakt_config_unset, "KEY", "take a key out of it" },
	{ "config proxy set", 0, 0, "v", vakt_proxy_set, "--value http://HOST:PORT",
	  "reach the control plane through a proxy" },
	{ "config proxy clear", 0, 0, "", vakt_proxy_clear, "", "reach it without one" },
	{ "log level set", 0, 0, "v", vakt_log_level_set, "--level LEVEL", "what the programs log" },
	{ "edr group-ids", 0, 0, "v", vakt_group_set, "--group-id GROUP", "group of this device" },
	{ "edr tag set", 0, 0, "nv", vakt_tag_set, "--name GROUP --value TAG", "tag of this device" },
	{ "edr tag remove", 0, 0, "n", vakt_tag_remove, "", "this device without tags" },
	{ "edr test-alert", 0, 0, "S", command_test_alert, "",
	  "harmless behaviour that must raise an alert" },
	{ "version", 0, 0, "", command_version, "", "version of Vakt" },
	{ "help", 0, 3, "", command_help, "[COMMAND]", "this, or one command" },
};

static const struct option options[] = {
	{ "state-dir", required_argument, NULL, 's' },
	{ "run-dir", required_argument, NULL, 'r' },
	{ "config-dir", required_argument, NULL, 'c' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ "share-dir", required_argument, NULL, 'S' },
	{ "token", required_argument, NULL, 't' },
	{ "server", required_argument, NULL, 'u' },
	{ "field", required_argument, NULL, 'f' },
	{ "details", required_argument, NULL, 'd' },
	{ "check", no_argument, NULL, 'k' },
	{ "yes", no_argument, NULL, 'y' },
	{ "local", no_argument, NULL, 'l' },
	{ "value", required_argument, NULL, 'v' },
	{ "level", required_argument, NULL, 'v' },
	{ "group-id", required_argument, NULL, 'v' },
	{ "name", required_argument, NULL, 'n' },
	{ "tag-name", required_argument, NULL, 'n' },
	{ 0 },
};

#define OPTIONS_OF_ALL "srcoh"

static void print_command(FILE *f, const struct command *c)
{
	fprintf(f, "  vakt %s%s%s\n      %s\n", c->words, *c->usage ? " " : "", c->usage, c->help);
}

static void print_usage(FILE *f)
{
	fputs("usage: vakt COMMAND [--output json] [--state-dir DIR] [--run-dir DIR] [--config-dir DIR]\n",
	      f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		print_command(f, &commands[i]);
	fputs("exit codes: 0 done, 1 failed, 2 not understood, 3 not healthy (health --check)\n", f);
}

static int count_words(const char *text)
{
	int n = 1;

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

static void join(char *const *words, int count, char line[LINE_MAX_BYTES])
{
	size_t len = 0;

	line[0] = '\0';
	for (int i = 0; i < count && len + 1 < LINE_MAX_BYTES; i++)
		len += (size_t)snprintf(line + len, LINE_MAX_BYTES - len, "%s%s", i ? " " : "", words[i]);
}

/* The command that the words begin with; the longest where one begins another. */
static const struct command *match(char *const *words, int count)
{
	const struct command *best = NULL;
	char line[LINE_MAX_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		int want = count_words(commands[i].words);

		if (want > count)
			continue;
		join(words, want, line);
		if (!strcmp(line, commands[i].words) &&
		    (!best || want > count_words(best->words)))
			best = &commands[i];
	}
	return best;
}

/* A group of commands ("config"), a mistyped one, or neither. */
static void print_suggestion(char *const *words, int count)
{
	char line[LINE_MAX_BYTES];
	struct near near = { .word = line };
	bool group = false;

	join(words, count, line);
	fprintf(stderr, "vakt: there is no command \"%s\"", line);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t len = strlen(words[0]);

		group |= !strncmp(commands[i].words, words[0], len) && commands[i].words[len] == ' ';
		near_offer(&near, commands[i].words);
	}
	if (near.best)
		fprintf(stderr, "; did you mean \"%s\"?\n", near.best);
	else
		fputs(group ? "; there are:\n" : "; `vakt help` lists what there is\n", stderr);
	for (size_t i = 0; group && !near.best && i < ARRAY_SIZE(commands); i++) {
		size_t len = strlen(words[0]);

		if (!strncmp(commands[i].words, words[0], len) && commands[i].words[len] == ' ')
			print_command(stderr, &commands[i]);
	}
}

static void print_fields(void)
{
	puts("fields:");
	for (size_t i = 0; device_report_fields[i].name; i++)
		printf("  %-32s %s\n", device_report_fields[i].name, device_report_fields[i].doc);
}

static int command_help(const struct vakt_arguments *a, struct err *err)
{
	const struct command *c;
	int count = 0;

	while (a->words[count])
		count++;
	if (!count) {
		print_usage(stdout);
		return VAKT_DONE;
	}
	c = match(a->words, count);
	if (!c)
		return err_setf(err, -ENOENT, "there is no command \"%s\"; `vakt help` lists what there is",
				a->words[0]);
	print_command(stdout, c);
	if (c->run == vakt_health)
		print_fields();
	return VAKT_DONE;
}

/* NULL after having told why. */
static const struct command *find_command(char **words, int count)
{
	const struct command *c = count ? match(words, count) : NULL;
	int rest = c ? count - count_words(c->words) : 0;

	if (!count)
		print_usage(stderr);
	else if (!c)
		print_suggestion(words, count);
	if (!c)
		return NULL;
	if (rest >= c->least && rest <= c->most)
		return c;
	if (rest < c->least)
		fprintf(stderr, "vakt: `vakt %s` needs %s\n", c->words, c->usage);
	else
		print_suggestion(words, count);
	return NULL;
}

static int set_option(struct vakt_arguments *a, int letter)
{
	switch (letter) {
	case 's': a->state_dir = optarg; break;
	case 'r': a->run_dir = optarg; break;
	case 'c': a->config_dir = optarg; break;
	case 'S': a->share_dir = optarg; break;
	case 't': a->token = optarg; break;
	case 'u': a->server = optarg; break;
	case 'f': a->field = optarg; break;
	case 'd': a->details = optarg; break;
	case 'k': a->check = true; break;
	case 'y': a->yes = true; break;
	case 'l': a->local = true; break;
	case 'v': a->value = optarg; break;
	case 'n': a->name = optarg; break;
	case 'o':
		if (strcmp(optarg, "json") != 0) {
			fprintf(stderr, "vakt: --output knows json, not \"%s\"\n", optarg);
			return -EINVAL;
		}
		a->json = true;
		break;
	}
	return 0;
}

static void print_wrong_option(char *const *argv)
{
	const char *word = argv[optind - 1];
	struct near near = { 0 };
	char name[NEAR_WORD_MAX];

	if (optopt && !strncmp(word, "--", 2)) {
		fprintf(stderr, "vakt: %s %s\n", word, strchr(word, '=') ? "takes no value" : "needs a value");
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near.word = name + strspn(name, "-");
	for (size_t i = 0; options[i].name; i++)
		near_offer(&near, options[i].name);
	if (near.best)
		fprintf(stderr, "vakt: there is no option %s; did you mean --%s?\n", name, near.best);
	else
		fprintf(stderr, "vakt: there is no option %s; `vakt help` lists what there is\n", name);
}

/* seen: one letter for each option given. 0, 1 for help, -EINVAL. */
static int parse_options(int argc, char **argv, struct vakt_arguments *a, char seen[64])
{
	size_t n = 0;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return 1;
		if (c == '?') {
			print_wrong_option(argv);
			return -EINVAL;
		}
		if (!strchr(seen, c) && n < 63)
			seen[n++] = (char)c;
		if (set_option(a, c) < 0)
			return -EINVAL;
	}
	return 0;
}

/* An option that a command would ignore is a mistake. */
static bool takes_all(const struct command *c, const char *seen)
{
	for (; *seen; seen++) {
		if (strchr(OPTIONS_OF_ALL, *seen) || strchr(c->options, *seen))
			continue;
		for (size_t i = 0; options[i].name; i++) {
			if (options[i].val != *seen)
				continue;
			fprintf(stderr, "vakt: `vakt %s` does not take --%s\n", c->words, options[i].name);
			return false;
		}
	}
	return true;
}

static int finish(const struct vakt_arguments *a, int r, const struct err *err)
{
	if (r >= 0)
		return r;
	if (a->json) {
		json_t *answer = json_pack("{s:{s:s}}", "error", "message", err_msg(err, r));

		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(answer);
	}
	fprintf(stderr, "vakt: %s\n", err_msg(err, r));
	return VAKT_FAILED;
}

int vakt_open_config(const struct vakt_arguments *a, struct config_set **ret_config,
		     struct err *err)
{
	char keep_dir[4096];
	const struct config_options o = { .dir = a->config_dir, .keep_dir = keep_dir };

	if (snprintf(keep_dir, sizeof(keep_dir), "%s/" CONFIG_KEEP_FOLDER, a->state_dir) >=
	    (int)sizeof(keep_dir))
		return err_setf(err, -ENAMETOOLONG, "path of the state folder is too long");
	return config_set_new(&o, ret_config, err);
}

void vakt_tell(const struct vakt_arguments *a, const char *result, const char *text)
{
	if (a->json)
		printf("{\"result\": \"%s\"}\n", result);
	else
		puts(text);
}

int main(int argc, char **argv)
{
	struct vakt_arguments a = { .state_dir = "/var/lib/vakt", .run_dir = "/run/vakt",
				    .share_dir = "/opt/vakt/share" };
	const struct command *c;
	struct err err = { "" };
	char seen[64] = "";
	int r = parse_options(argc, argv, &a, seen);

	if (r > 0)
		print_usage(stdout);
	if (r)
		return r > 0 ? VAKT_DONE : VAKT_USAGE;
	c = find_command(argv + optind, argc - optind);
	if (!c || !takes_all(c, seen))
		return VAKT_USAGE;
	a.words = argv + optind + count_words(c->words);
	r = c->run(&a, &err);
	return finish(&a, r, &err);
}
