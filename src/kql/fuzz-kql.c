/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-kql.c - any bytes as a query: all stages, and what must hold whatever they are
 *
 * A diagnostic lies within the text. A statement scans tables of the catalogue only, each with the
 * tenant's predicate, and the quotes in it are balanced: nothing of the query leaves its literal.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "kql/kql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TENANT "tenant-of-the-fuzzer"

/* Characters outside of literals must be those that the compiler itself writes. */
static void check_statement(const char *sql)
{
	char quote = '\0';
	size_t scans = 0, predicates = 0;

	for (const char *p = sql; *p; p++) {
		if (quote) {
			if (*p == '\\' && p[1])
				p++;
			else if (*p == quote)
				quote = '\0';
			continue;
		}
		if (*p == '\'' || *p == '`')
			quote = *p;
		else if (*p == ';' || *p == '#' || (*p == '-' && p[1] == '-') ||
			 (*p == '/' && p[1] == '*') || (unsigned char)*p < 0x20 ||
			 (unsigned char)*p >= 0x7f)
			abort();
		if (!strncmp(p, " FROM `", strlen(" FROM `")))
			scans++;
		if (!strncmp(p, "TenantId = '" TENANT "'", strlen("TenantId = '" TENANT "'")))
			predicates++;
	}
	if (quote || scans != predicates)
		abort();
}

static void explain_all(const struct kql_query *q)
{
	static const enum kql_stage stages[] = { KQL_STAGE_TOKENS, KQL_STAGE_AST, KQL_STAGE_BOUND,
						 KQL_STAGE_PLAN, KQL_STAGE_SQL };

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(16 << 20);

		(void)kql_query_explain(q, stages[i], &out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(kql_query_freep) struct kql_query *q = NULL;
	struct kql_options options = { .tenant = TENANT, .now_ns = 1704164645123456700 };
	/* A copy of its own, so that reading past the end shows. */
	char *copy = malloc(size ? size : 1);
	const struct kql_diagnostic *list;
	size_t n;
	int r;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	r = kql_compile(copy, size, &options, &q);
	free(copy);
	if (!q)
		return 0;
	n = kql_query_diagnostics(q, &list);
	if ((r == 0) != (kql_query_sql(q) != NULL) || (r == -22 && !n))
		abort();
	for (size_t i = 0; i < n; i++)
		if (!list[i].message || !list[i].line || !list[i].column ||
		    (size_t)list[i].offset + list[i].length > size)
			abort();
	if (kql_query_sql(q))
		check_statement(kql_query_sql(q));
	explain_all(q);
	return 0;
}
