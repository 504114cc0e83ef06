/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl.c - the operator's command line: its table of commands and options
 *
 * Speaks the public API and nothing else, as an API client made on the portal's settings page.
 * Help, checks and the shell's completion follow from the tables below.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/command_line.h"
#include "vaktctl.h"

static int command_version(const struct ctl_arguments *a _unused_, struct err *err _unused_)
{
	puts(VAKT_VERSION);
	return CTL_DONE;
}

static int command_help(const struct ctl_arguments *a, struct err *err);
static int command_completion(const struct ctl_arguments *a, struct err *err);

static const struct {
	struct command about;
	ctl_command_fn run;
} commands[] = {
	{ { "login", 0, 0, "utiCF",
	    "--server URL --tenant ID --client-id ID [--ca FILE | --ca-sha256 HEX]",
	    "try an API client and keep it in ~/.config/vakt/ctl.json; the secret is read from "
	    "standard input" }, ctl_login },
	{ { "hunt", 0, 1, "fe", "[QUERY | --file FILE] [--explain ast|bound|plan|sql]",
	    "run a hunting query, or show what a stage of its compiler makes of it" }, ctl_hunt },
	{ { "tables", 0, 1, "", "[TABLE]", "what there is to hunt in; a table's columns" }, ctl_tables },
	{ { "alerts", 0, 0, "qn", "[--filter ODATA] [--top N]", "alerts, the newest first" }, ctl_alerts },
	{ { "machines", 0, 0, "qn", "[--filter ODATA] [--top N]", "machines" }, ctl_machines },
	{ { "detections", 0, 2, "", "[list | show ID | enable ID | disable ID | run ID]",
	    "custom detection rules; run waits for the run and says how it ended" }, ctl_detections },
	{ { "rules", 0, 2, "", "[list | enable ID | disable ID | lower ID | restore ID | copy ID]",
	    "Sigma rules; lower makes their alerts Informational, restore takes all back, copy prints one to change" }, ctl_rules },
	{ { "exceptions", 0, 2, "f", "[list | add --file FILE | preview --file FILE | remove ID]",
	    "what is expected and makes no alert; the file is JSON, docs/tuning.md" }, ctl_exceptions },
	{ { "completion", 1, 1, "", "bash",
	    "completion for the shell: source <(vaktctl completion bash)" }, command_completion },
	{ { "version", 0, 0, "", "", "version of Vakt" }, command_version },
	{ { "help", 0, 3, "", "[COMMAND]", "this, or one command" }, command_help },
};

#define TEXT(field) COMMAND_TEXT(struct ctl_arguments, field)

static const struct command_option options[] = {
	{ "output", 'o', TEXT(output_name), .brief = true },
	{ "server", 'u', TEXT(server) },
	{ "tenant", 't', TEXT(tenant) },
	{ "client-id", 'i', TEXT(client_id) },
	{ "ca", 'C', TEXT(ca) },
	{ "ca-sha256", 'F', TEXT(ca_sha256) },
	{ "file", 'f', TEXT(file), .brief = true },
	{ "explain", 'e', TEXT(explain) },
	{ "filter", 'q', TEXT(filter) },
	{ "top", 'n', TEXT(top) },
	{ 0 },
};

static const struct command *command_at(size_t i)
{
	return i < ARRAY_SIZE(commands) ? &commands[i].about : NULL;
}

static const struct command_program program = {
	.name = "vaktctl",
	.options = options,
	.options_of_all = "outiCF",
	.command = command_at,
	.usage = "usage: vaktctl COMMAND [--output table|json|csv] [OPTION...]\n",
	.end = "all take --server, --tenant, --client-id, --ca, --ca-sha256 in place of what login kept, and\n"
	       "VAKT_SERVER, VAKT_TENANT, VAKT_CLIENT_ID, VAKT_CLIENT_SECRET, VAKT_CA, VAKT_CA_SHA256\n"
	       "exit codes: 0 done, 1 failed, 2 not understood\n",
};

static int command_help(const struct ctl_arguments *a, struct err *err _unused_)
{
	size_t command;

	return command_line_help(&program, a->words, &command) < 0 ? CTL_USAGE : CTL_DONE;
}

static void print_options(const char *letters)
{
	for (size_t i = 0; options[i].name; i++)
		if (strchr(letters, options[i].letter))
			printf(" --%s", options[i].name);
}

static int command_completion(const struct ctl_arguments *a, struct err *err)
{
	if (strcmp(a->words[0], "bash") != 0)
		return err_setf(err, -EINVAL, "completion knows bash");
	puts("_vaktctl() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words\n"
	     "\tcase $before in\n"
	     "\t--output) COMPREPLY=($(compgen -W 'table json csv' -- \"$word\")); return ;;\n"
	     "\t--explain) COMPREPLY=($(compgen -W 'tokens ast bound plan sql' -- \"$word\")); "
	     "return ;;\n"
	     "\t--file|--ca) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
	     "\tesac\n"
	     "\tcase $COMP_CWORD:${COMP_WORDS[1]} in");
	fputs("\t1:*) words='", stdout);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("%s%s", i ? " " : "", commands[i].about.words);
	puts("' ;;");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		printf("\t*:%s) words='", commands[i].about.words);
		print_options(commands[i].about.options);
		print_options(program.options_of_all);
		puts(" --help' ;;");
	}
	puts("\tesac\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	     "}\n"
	     "complete -F _vaktctl vaktctl");
	return CTL_DONE;
}

static int set_output(struct ctl_arguments *a)
{
	for (int i = 0; ctl_output_names[i]; i++) {
		if (strcmp(ctl_output_names[i], a->output_name) != 0)
			continue;
		a->output = (enum ctl_output)i;
		return 0;
	}
	fprintf(stderr, "vaktctl: --output knows table, json and csv, not \"%s\"\n",
		a->output_name);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	struct ctl_arguments a = { .output_name = ctl_output_names[CTL_TABLE] };
	struct command_line line;
	struct err err = { "" };
	int r = command_line_parse(&program, argc, argv, &a, &line);

	if (r)
		return r > 0 ? CTL_DONE : CTL_USAGE;
	if (set_output(&a) < 0)
		return CTL_USAGE;
	a.words = line.words;
	r = commands[line.command].run(&a, &err);
	if (r >= 0)
		return r;
	fprintf(stderr, "vaktctl: %s\n", err_msg(&err, r));
	return CTL_FAILED;
}
