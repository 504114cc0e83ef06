/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt.c - the local command line of a device: its table of commands and options
 *
 * What a command does lives in its own file, in the libraries, and in the running programs, which
 * are asked through their local sockets; nothing here keeps state of its own.
 */
#include <errno.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/command_line.h"
#include "sensor/uplink/device_report.h"
#include "vakt.h"

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

static const struct {
	struct command about;
	vakt_command_fn run;
} commands[] = {
	{ { "onboard", 0, 0, "tu", "--token FILE [--server URL]", "join a tenant" }, vakt_onboard },
	{ { "offboard", 0, 0, "yl", "[--yes] [--local]",
	    "leave the tenant; --local: without telling the control plane" }, vakt_offboard },
	{ { "health", 0, 0, "fdk", "[--field NAME | --details sensors|configuration|edr] [--check]",
	    "state of this device; --check: exit code 3 when it is not healthy" }, vakt_health },
	{ { "connectivity test", 0, 0, "tu", "[--token FILE [--server URL]]",
	    "try every address that this device uses, and say what is in the way" }, vakt_connectivity },
	{ { "config list", 0, 0, "", "", "settings, and which file gives them" }, vakt_config_list },
	{ { "config get", 1, 1, "", "KEY", "one setting" }, vakt_config_get },
	{ { "config set", 2, 2, "", "KEY VALUE", "change Vakt's own settings file" }, vakt_config_set },
	{ { "config unset", 1, 1, "", "KEY", "take a key out of it" }, vakt_config_unset },
	{ { "config proxy set", 0, 0, "v", "--value http://HOST:PORT",
	    "reach the control plane through a proxy" }, vakt_proxy_set },
	{ { "config proxy clear", 0, 0, "", "", "reach it without one" }, vakt_proxy_clear },
	{ { "log level set", 0, 0, "v", "--level LEVEL", "what the programs log" }, vakt_log_level_set },
	{ { "edr group-ids", 0, 0, "v", "--group-id GROUP", "group of this device" }, vakt_group_set },
	{ { "edr tag set", 0, 0, "nv", "--name GROUP --value TAG", "tag of this device" }, vakt_tag_set },
	{ { "edr tag remove", 0, 0, "n", "", "this device without tags" }, vakt_tag_remove },
	{ { "edr test-alert", 0, 0, "S", "", "harmless behaviour that must raise an alert" },
	  command_test_alert },
	{ { "version", 0, 0, "", "", "version of Vakt" }, command_version },
	{ { "help", 0, 3, "", "[COMMAND]", "this, or one command" }, command_help },
};

#define TEXT(field) COMMAND_TEXT(struct vakt_arguments, field)
#define FLAG(field) COMMAND_FLAG(struct vakt_arguments, field)

static const struct command_option options[] = {
	{ "state-dir", 's', TEXT(state_dir) },
	{ "run-dir", 'r', TEXT(run_dir) },
	{ "config-dir", 'c', TEXT(config_dir) },
	{ "output", 'o', TEXT(output) },
	{ "share-dir", 'S', TEXT(share_dir) },
	{ "token", 't', TEXT(token) },
	{ "server", 'u', TEXT(server) },
	{ "field", 'f', TEXT(field) },
	{ "details", 'd', TEXT(details) },
	{ "check", 'k', FLAG(check) },
	{ "yes", 'y', FLAG(yes) },
	{ "local", 'l', FLAG(local) },
	{ "value", 'v', TEXT(value) },
	{ "level", 'v', TEXT(value) },
	{ "group-id", 'v', TEXT(value) },
	{ "name", 'n', TEXT(name) },
	{ "tag-name", 'n', TEXT(name) },
	{ 0 },
};

static const struct command *command_at(size_t i)
{
	return i < ARRAY_SIZE(commands) ? &commands[i].about : NULL;
}

static const struct command_program program = {
	.name = "vakt",
	.options = options,
	.options_of_all = "srco",
	.command = command_at,
	.usage = "usage: vakt COMMAND [--output json] [--state-dir DIR] [--run-dir DIR] [--config-dir DIR]\n",
	.end = "exit codes: 0 done, 1 failed, 2 not understood, 3 not healthy (health --check)\n",
};

static void print_fields(void)
{
	puts("fields:");
	for (size_t i = 0; device_report_fields[i].name; i++)
		printf("  %-32s %s\n", device_report_fields[i].name, device_report_fields[i].doc);
}

static int command_help(const struct vakt_arguments *a, struct err *err _unused_)
{
	size_t command = ARRAY_SIZE(commands);

	if (command_line_help(&program, a->words, &command) < 0)
		return VAKT_USAGE;
	if (command < ARRAY_SIZE(commands) && commands[command].run == vakt_health)
		print_fields();
	return VAKT_DONE;
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
	struct command_line line;
	struct err err = { "" };
	int r = command_line_parse(&program, argc, argv, &a, &line);

	if (r)
		return r > 0 ? VAKT_DONE : VAKT_USAGE;
	a.json = a.output != NULL;
	if (a.json && strcmp(a.output, "json") != 0) {
		fprintf(stderr, "vakt: --output knows json, not \"%s\"\n", a.output);
		return VAKT_USAGE;
	}
	a.words = line.words;
	r = commands[line.command].run(&a, &err);
	return finish(&a, r, &err);
}
