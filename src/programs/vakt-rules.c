/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt-rules.c - checks Sigma rules and proves them by cases, with the matcher that detects
 *
 *   vakt-rules check DIR...   each refused rule as file:line:column: reason, each without a source of
 *                             data and why, then counts
 *   vakt-rules sources DIR... each rule, tab, the rows that it is looked for in
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
#include "rules/rules_source.h"
#include "vakt_rules_case.h"
#include "vakt_rules_scan.h"

#define WHY_MAX 4096u

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

struct blind {
	unsigned int none, derived;
};

struct kinds {
	unsigned int own, derived;
};

static void count_kind(void *arg, const struct rules_source *source)
{
	struct kinds *k = arg;
	bool needs_auditd = source->action && !strcmp(source->action, "AuditRecord");

	k->derived += source->derived != NULL;
	k->own += !source->derived && !needs_auditd;
}

static int print_blind(const struct rules_set *set, struct blind *ret_blind)
{
	_cleanup_(rules_binding_freep) struct rules_binding *binding = NULL;
	_cleanup_buf_ struct buf why = BUF_INIT(WHY_MAX);
	int r = rules_binding_new(set, &binding);

	*ret_blind = (struct blind){ 0 };
	for (unsigned int i = 0; r == 0 && i < rules_set_count(set); i++) {
		const struct rules_info *info = rules_set_info(set, i);
		struct kinds kinds = { 0 };

		rules_each_source(binding, i, count_kind, &kinds);
		ret_blind->derived += kinds.derived && !kinds.own;
		buf_clear(&why);
		r = rules_missing(binding, i, &why);
		if (r < 0 || !why.len)
			continue;
		ret_blind->none++;
		printf("%s: no data source: %s (rule '%s')\n", info->file, why.data, info->title);
	}
	return r;
}

static void print_source(void *arg _unused_, const struct rules_source *s)
{
	printf("\t%s", s->table->name);
	if (s->action)
		printf("/%s", s->action);
	if (s->derived)
		printf(" as %s (%s)", s->derived, s->differs);
}

static int sources(char **dirs, struct err *err)
{
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	_cleanup_(rules_binding_freep) struct rules_binding *binding = NULL;
	unsigned int refused;
	int r = load(dirs, &refused, &set, err);

	if (r == 0)
		r = rules_binding_new(set, &binding);
	for (unsigned int i = 0; r == 0 && i < rules_set_count(set); i++) {
		printf("%s", rules_set_info(set, i)->title);
		rules_each_source(binding, i, print_source, NULL);
		putchar('\n');
	}
	return r < 0 ? r : refused > 0;
}

static int check(char **dirs, struct err *err)
{
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	struct blind blind;
	unsigned int refused;
	int r = load(dirs, &refused, &set, err);

	if (r < 0)
		return r;
	r = print_blind(set, &blind);
	if (r < 0)
		return r;
	printf("%zu rules taken, %u refused\n", rules_set_count(set), refused);
	printf("%zu with data, %u of them without auditd; %u with none\n",
	       rules_set_count(set) - blind.none, blind.derived, blind.none);
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
	} commands[] = { { "check", check }, { "test", test }, { "list", list }, { "sources", sources }, { "scan", scan } };
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
	fprintf(stderr, "usage: vakt-rules check DIR... | test FILE... | list DIR... | sources DIR... | scan ROWS DIR...\n");
	return 2;
}
