/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl.c - the operator's command line: its table of commands and options
 *
 * Speaks the public API and nothing else, as an API client made on the portal's settings page.
 * Help, checks and the shell's completion follow from the tables below.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "vaktctl.h"

static int command_version(const struct ctl_arguments *a _unused_, struct err *err _unused_)
{
	puts(VAKT_VERSION);
	return CTL_DONE;
}

static int command_help(const struct ctl_arguments *a, struct err *err);
static int command_completion(const struct ctl_arguments *a, struct err *err);

static const struct command {
	const char *name;
	int most;	     /* words behind it */
	const char *options; /* letters of the table below, beside those that all take */
	ctl_command_fn run;
	const char *usage, *help;
} commands[] = {
	{ "login", 0, "utiCF", ctl_login,
	  "--server URL --tenant ID --client-id ID [--ca FILE | --ca-sha256 HEX]",
	  "try an API client and keep it in ~/.config/vakt/ctl.json; the secret is read from "
	  "standard input" },
	{ "hunt", 1, "fe", ctl_hunt, "[QUERY | --file FILE] [--explain ast|bound|plan|sql]",
	  "run a hunting query, or show what a stage of its compiler makes of it" },
	{ "tables", 1, "", ctl_tables, "[TABLE]", "what there is to hunt in; a table's columns" },
	{ "alerts", 0, "qn", ctl_alerts, "[--filter ODATA] [--top N]", "alerts, the newest first" },
	{ "machines", 0, "qn", ctl_machines, "[--filter ODATA] [--top N]", "machines" },
	{ "detections", 2, "", ctl_detections, "[list | show ID | enable ID | disable ID | run ID]",
	  "custom detection rules; run waits for the run and says how it ended" },
	{ "completion", 1, "", command_completion, "bash",
	  "completion for the shell: source <(vaktctl completion bash)" },
	{ "version", 0, "", command_version, "", "version of Vakt" },
	{ "help", 1, "", command_help, "[COMMAND]", "this, or one command" },
};

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' }, { "server", required_argument, NULL, 'u' },
	{ "tenant", required_argument, NULL, 't' }, { "client-id", required_argument, NULL, 'i' },
	{ "ca", required_argument, NULL, 'C' },	    { "ca-sha256", required_argument, NULL, 'F' },
	{ "file", required_argument, NULL, 'f' },   { "explain", required_argument, NULL, 'e' },
	{ "filter", required_argument, NULL, 'q' }, { "top", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },	    { 0 },
};

#define OPTIONS_OF_ALL "outiCFh"

static void print_command(FILE *f, const struct command *c)
{
	fprintf(f, "  vaktctl %s%s%s\n      %s\n", c->name, *c->usage ? " " : "", c->usage,
		c->help);
}

static void print_usage(FILE *f)
{
	fputs("usage: vaktctl COMMAND [--output table|json|csv] [OPTION...]\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		print_command(f, &commands[i]);
	fputs("all take --server, --tenant, --client-id, --ca, --ca-sha256 in place of what login "
	      "kept, and\n"
	      "VAKT_SERVER, VAKT_TENANT, VAKT_CLIENT_ID, VAKT_CLIENT_SECRET, VAKT_CA, "
	      "VAKT_CA_SHA256\n"
	      "exit codes: 0 done, 1 failed, 2 not understood\n",
	      f);
}

static const struct command *find_command(const char *name)
{
	struct near near = { .word = name };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		near_offer(&near, commands[i].name);
	}
	fprintf(stderr, "vaktctl: there is no command \"%s\"", name);
	if (near.best)
		fprintf(stderr, "; did you mean \"%s\"?\n", near.best);
	else
		fputs("; `vaktctl help` lists what there is\n", stderr);
	return NULL;
}

static int command_help(const struct ctl_arguments *a, struct err *err _unused_)
{
	const struct command *c = a->words[0] ? find_command(a->words[0]) : NULL;

	if (a->words[0] && !c)
		return CTL_USAGE;
	if (c)
		print_command(stdout, c);
	else
		print_usage(stdout);
	return CTL_DONE;
}

static void print_options(const char *letters)
{
	for (size_t i = 0; options[i].name; i++)
		if (strchr(letters, options[i].val))
			printf(" --%s", options[i].name);
}

static int command_completion(const struct ctl_arguments *a, struct err *err)
{
	if (!a->words[0] || strcmp(a->words[0], "bash") != 0)
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
		printf("%s%s", i ? " " : "", commands[i].name);
	puts("' ;;");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		printf("\t*:%s) words='", commands[i].name);
		print_options(commands[i].options);
		print_options(OPTIONS_OF_ALL);
		puts("' ;;");
	}
	puts("\tesac\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	     "}\n"
	     "complete -F _vaktctl vaktctl");
	return CTL_DONE;
}

static int set_output(struct ctl_arguments *a, const char *name)
{
	for (int i = 0; ctl_output_names[i]; i++) {
		if (strcmp(ctl_output_names[i], name) != 0)
			continue;
		a->output = (enum ctl_output)i;
		return 0;
	}
	fprintf(stderr, "vaktctl: --output knows table, json and csv, not \"%s\"\n", name);
	return -EINVAL;
}

static int set_option(struct ctl_arguments *a, int c)
{
	switch (c) {
	case 'o':
		return set_output(a, optarg);
	case 'u':
		a->server = optarg;
		break;
	case 't':
		a->tenant = optarg;
		break;
	case 'i':
		a->client_id = optarg;
		break;
	case 'C':
		a->ca = optarg;
		break;
	case 'F':
		a->ca_sha256 = optarg;
		break;
	case 'f':
		a->file = optarg;
		break;
	case 'e':
		a->explain = optarg;
		break;
	case 'q':
		a->filter = optarg;
		break;
	case 'n':
		a->top = optarg;
		break;
	}
	return 0;
}

static void print_wrong_option(char *const *argv)
{
	const char *word = argv[optind - 1];
	struct near near = { 0 };
	char name[NEAR_WORD_MAX];

	if (optopt && (!strncmp(word, "--", 2) || strchr("fo", optopt))) {
		fprintf(stderr, "vaktctl: %s %s\n", word,
			strchr(word, '=') ? "takes no value" : "needs a value");
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near.word = name + strspn(name, "-");
	for (size_t i = 0; options[i].name; i++)
		near_offer(&near, options[i].name);
	if (near.best)
		fprintf(stderr, "vaktctl: there is no option %s; did you mean --%s?\n", name,
			near.best);
	else
		fprintf(stderr,
			"vaktctl: there is no option %s; `vaktctl help` lists what there is\n",
			name);
}

/* seen: one letter for each option given. 0, 1 for help, -EINVAL. */
static int parse_options(int argc, char **argv, struct ctl_arguments *a, char seen[32])
{
	size_t n = 0;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "ho:f:", options, NULL)) != -1) {
		if (c == 'h')
			return 1;
		if (c == '?') {
			print_wrong_option(argv);
			return -EINVAL;
		}
		if (!strchr(seen, c) && n < 31)
			seen[n++] = (char)c;
		if (set_option(a, c) < 0)
			return -EINVAL;
	}
	return 0;
}

/* An option or word that a command would ignore is a mistake. */
static bool takes_all(const struct command *c, const char *seen, int words)
{
	for (; *seen; seen++) {
		if (strchr(OPTIONS_OF_ALL, *seen) || strchr(c->options, *seen))
			continue;
		for (size_t i = 0; options[i].name; i++)
			if (options[i].val == *seen)
				fprintf(stderr, "vaktctl: `vaktctl %s` does not take --%s\n",
					c->name, options[i].name);
		return false;
	}
	if (words > c->most)
		fprintf(stderr, "vaktctl: `vaktctl %s` takes %s\n", c->name,
			c->most == 2   ? "two words at most"
			: c->most == 1 ? "one word; quote what has blanks"
				       : "no words");
	return words <= c->most;
}

int main(int argc, char **argv)
{
	struct ctl_arguments a = { 0 };
	const struct command *c;
	struct err err = { "" };
	char seen[32] = "";
	int r = parse_options(argc, argv, &a, seen);

	if (r == 0 && optind == argc) {
		print_usage(stderr);
		return CTL_USAGE;
	}
	if (r > 0)
		print_usage(stdout);
	if (r)
		return r > 0 ? CTL_DONE : CTL_USAGE;
	c = find_command(argv[optind]);
	if (!c || !takes_all(c, seen, argc - optind - 1))
		return CTL_USAGE;
	a.words = argv + optind + 1;
	r = c->run(&a, &err);
	if (r >= 0)
		return r;
	fprintf(stderr, "vaktctl: %s\n", err_msg(&err, r));
	return CTL_FAILED;
}
