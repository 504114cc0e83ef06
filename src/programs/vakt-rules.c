/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt-rules.c - checks Sigma rules and proves them by cases, with the matcher that detects
 *
 *   vakt-rules check DIR...   each refused rule as file:line:column: reason, then a count
 *   vakt-rules test FILE...   runs case files (vakt_rules_case.h has the format)
 *   vakt-rules list DIR...    id, level, title and techniques of each rule, tab between them
 *   vakt-rules scan ROWS DIR...  what is true of the rows that vakt-frames prints (vakt_rules_scan.h)
 *
 * Exit status 0: all is well; 1: something was refused or a case failed; 2: wrong use.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "rules/rules.h"
#include "vakt_rules_case.h"
#include "vakt_rules_scan.h"

static void print_problem(void *arg, const struct rules_problem *p)
{
	unsigned int *refused = arg;

	printf("%s:%u:%u: %s%s%s%s\n", p->file, p->line, p->column, p->message,
	       p->rule ? " (rule '" : "", p->rule ? p->rule : "", p->rule ? "')" : "");
	(*refused)++;
}

static int load(char **dirs, unsigned int *ret_refused, struct rules_set **ret_set, struct err *err)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	int r = rules_builder_new(&b);

	*ret_refused = 0;
	for (; r == 0 && *dirs; dirs++)
		r = rules_builder_add_dir(b, *dirs, print_problem, ret_refused, err);
	if (r < 0)
		return r;
	rules_builder_link(b, print_problem, ret_refused);
	return rules_builder_compile(b, ret_set, err);
}

static int check(char **dirs, struct err *err)
{
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	unsigned int refused;
	int r = load(dirs, &refused, &set, err);

	if (r < 0)
		return r;
	printf("%zu rules taken, %u refused\n", rules_set_count(set), refused);
	return refused > 0;
}

static int list(char **dirs, struct err *err)
{
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	unsigned int refused;
	int r = load(dirs, &refused, &set, err);

	if (r < 0)
		return r;
	for (unsigned int i = 0; i < rules_set_count(set); i++) {
		const struct rules_info *info = rules_set_info(set, i);

		printf("%s\t%s\t%s\t", info->id, rules_level_name(info->level), info->title);
		for (size_t t = 0; info->techniques[t]; t++)
			printf("%s%s", t ? "," : "", info->techniques[t]);
		putchar('\n');
	}
	return refused > 0;
}

static int test(char **files, struct err *err)
{
	struct case_counts counts = { 0 };

	for (; *files; files++) {
		int r = case_file_run(*files, &counts, err);

		if (r < 0)
			return r;
	}
	printf("%u cases: %u as expected, %u not\n", counts.passed + counts.failed, counts.passed,
	       counts.failed);
	return counts.failed > 0;
}

static int scan(char **args, struct err *err)
{
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	unsigned int refused;
	int r = load(args + 1, &refused, &set, err);

	if (r == 0)
		r = scan_rows(set, args[0], err);
	return r < 0 ? r : refused > 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **args, struct err *err);
	} commands[] = { { "check", check }, { "test", test }, { "list", list }, { "scan", scan } };
	struct err err = { 0 };

	for (size_t i = 0; argc > 2 && i < ARRAY_SIZE(commands); i++) {
		int r;

		if (strcmp(argv[1], commands[i].name))
			continue;
		r = commands[i].run(argv + 2, &err);
		if (r < 0)
			fprintf(stderr, "vakt-rules: %s\n", err_msg(&err, r));
		return r < 0 ? 1 : r;
	}
	fprintf(stderr, "usage: vakt-rules check DIR... | test FILE... | list DIR... | scan ROWS DIR...\n");
	return 2;
}
