/* SPDX-License-Identifier: Apache-2.0 */
#include "base/command_line.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/near.h"

#define LINE_MAX_BYTES 256
#define BRIEF_MAX (2 * COMMAND_OPTIONS_MAX + 2)

static void print_command(const struct command_program *p, const struct command *c, FILE *f)
{
	fprintf(f, "  %s %s%s%s\n      %s\n", p->name, c->words, *c->usage ? " " : "", c->usage, c->help);
}

static void print_usage(const struct command_program *p, FILE *f)
{
	const struct command *c;

	fputs(p->usage, f);
	for (size_t i = 0; (c = p->command(i)); i++)
		print_command(p, c, f);
	fputs(p->end, f);
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

/* Of the commands that the words begin with the longest. -ENOENT. */
static int match(const struct command_program *p, char *const *words, int count, size_t *ret_command)
{
	const struct command *c;
	char line[LINE_MAX_BYTES];
	int longest = 0;

	for (size_t i = 0; (c = p->command(i)); i++) {
		int want = count_words(c->words);

		if (want > count || want <= longest)
			continue;
		join(words, want, line);
		if (strcmp(line, c->words) != 0)
			continue;
		*ret_command = i;
		longest = want;
	}
	return longest ? 0 : -ENOENT;
}

/* Those of a group ("config"). False: it is none. */
static bool print_group(const struct command_program *p, const char *group)
{
	size_t len = strlen(group);
	const struct command *c;
	bool found = false;

	for (size_t i = 0; (c = p->command(i)); i++) {
		if (strncmp(c->words, group, len) != 0 || c->words[len] != ' ')
			continue;
		if (!found)
			fputs("; there are:\n", stderr);
		found = true;
		print_command(p, c, stderr);
	}
	return found;
}

/* The command that the words nearly are; what follows it may be words of its own. */
static const char *find_near(const struct command_program *p, char *const *words, int count,
			     char line[LINE_MAX_BYTES])
{
	struct near near = { .word = line };
	const struct command *c;

	join(words, count, line);
	for (size_t i = 0; (c = p->command(i)); i++)
		if (count_words(c->words) == count)
			near_offer(&near, c->words);
	return near.best;
}

static void print_suggestion(const struct command_program *p, char *const *words, int count)
{
	const char *best = NULL;
	char line[LINE_MAX_BYTES];

	for (int n = count; n && !best; n--)
		best = find_near(p, words, n, line);
	if (!best)
		join(words, count, line);
	fprintf(stderr, "%s: there is no command \"%s\"", p->name, line);
	if (best)
		fprintf(stderr, "; did you mean \"%s\"?\n", best);
	else if (!print_group(p, words[0]))
		fprintf(stderr, "; `%s help` lists what there is\n", p->name);
}

static int find(const struct command_program *p, char *const *words, int count, size_t *ret_command)
{
	int r = match(p, words, count, ret_command);

	if (r < 0)
		print_suggestion(p, words, count);
	return r;
}

static int check_words(const struct command_program *p, const struct command *c, int count)
{
	if (count >= c->least && count <= c->most)
		return 0;
	fprintf(stderr, "%s: `%s %s` ", p->name, p->name, c->words);
	if (count < c->least)
		fprintf(stderr, "needs %s\n", c->usage);
	else if (!c->most)
		fputs("takes no words\n", stderr);
	else if (c->most == 1)
		fputs("takes one word; quote what has blanks\n", stderr);
	else
		fprintf(stderr, "takes %d words; quote what has blanks\n", c->most);
	return -EINVAL;
}

static void set_option(const struct command_option *o, void *arguments)
{
	char *field = (char *)arguments + o->at;

	if (o->takes_value)
		*(const char **)(void *)field = optarg;
	else
		*(bool *)(void *)field = true;
}

static const struct command_option *option_of(const struct command_program *p, char letter)
{
	const struct command_option *o = p->options;

	while (o->name && o->letter != letter)
		o++;
	return o->name ? o : NULL;
}

/* getopt_long(3) has refused the word before optind. */
static void print_wrong_option(const struct command_program *p, char *const *argv)
{
	const struct command_option *known = optopt ? option_of(p, (char)optopt) : NULL;
	const char *word = argv[optind - 1];
	struct near near = { 0 };
	char name[NEAR_WORD_MAX];

	if (known && (known->brief || !strncmp(word, "--", 2))) {
		fprintf(stderr, "%s: %s %s\n", p->name, word,
			strchr(word, '=') ? "takes no value" : "needs a value");
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near.word = name + strspn(name, "-");
	for (const struct command_option *o = p->options; o->name; o++)
		near_offer(&near, o->name);
	fprintf(stderr, "%s: there is no option %s; ", p->name, name);
	if (near.best)
		fprintf(stderr, "did you mean --%s?\n", near.best);
	else
		fprintf(stderr, "`%s help` lists what there is\n", p->name);
}

/* The tables in the form that getopt_long(3) wants. */
struct getopt_tables {
	struct option names[COMMAND_OPTIONS_MAX + 2];
	char letters[BRIEF_MAX + 2];
};

static void fill_tables(const struct command_option *options, struct getopt_tables *ret)
{
	size_t n = 0, letters = 0;

	for (const struct command_option *o = options; o->name; o++) {
		assert(n < COMMAND_OPTIONS_MAX);
		ret->names[n++] = (struct option){
			.name = o->name,
			.has_arg = o->takes_value ? required_argument : no_argument,
			.val = o->letter,
		};
		if (!o->brief)
			continue;
		ret->letters[letters++] = o->letter;
		if (o->takes_value)
			ret->letters[letters++] = ':';
	}
	ret->names[n++] = (struct option){ .name = "help", .val = 'h' };
	ret->names[n] = (struct option){ 0 };
	ret->letters[letters++] = 'h';
	ret->letters[letters] = '\0';
}

/* seen: one letter for each option given. 0, 1 for help, -EINVAL. */
static int parse_options(const struct command_program *p, int argc, char **argv, void *arguments,
			 char seen[COMMAND_OPTIONS_MAX + 1])
{
	struct getopt_tables tables;
	size_t n = 0;
	int letter;

	fill_tables(p->options, &tables);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		if (letter == 'h')
			return 1;
		if (letter == '?') {
			print_wrong_option(p, argv);
			return -EINVAL;
		}
		set_option(option_of(p, (char)letter), arguments);
		if (!strchr(seen, letter))
			seen[n++] = (char)letter;
	}
	return 0;
}

static int check_options(const struct command_program *p, const struct command *c, const char *seen)
{
	for (; *seen; seen++) {
		if (strchr(p->options_of_all, *seen) || strchr(c->options, *seen))
			continue;
		fprintf(stderr, "%s: `%s %s` does not take --%s\n", p->name, p->name, c->words,
			option_of(p, *seen)->name);
		return -EINVAL;
	}
	return 0;
}

int command_line_parse(const struct command_program *p, int argc, char **argv, void *arguments,
		       struct command_line *ret)
{
	char seen[COMMAND_OPTIONS_MAX + 1] = "";
	int r = parse_options(p, argc, argv, arguments, seen), count = argc - optind, own;
	const struct command *c;

	if (r > 0)
		print_usage(p, stdout);
	if (r)
		return r;
	if (!count) {
		print_usage(p, stderr);
		return -EINVAL;
	}
	if (find(p, argv + optind, count, &ret->command) < 0)
		return -EINVAL;
	c = p->command(ret->command);
	own = count_words(c->words);
	ret->words = argv + optind + own;
	r = check_options(p, c, seen);
	return r < 0 ? r : check_words(p, c, count - own);
}

int command_line_help(const struct command_program *p, char *const *words, size_t *ret_command)
{
	int count = 0, r;

	while (words[count])
		count++;
	if (!count) {
		print_usage(p, stdout);
		return 0;
	}
	r = find(p, words, count, ret_command);
	if (r == 0)
		print_command(p, p->command(*ret_command), stdout);
	return r;
}
