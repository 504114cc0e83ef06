/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reads.h - inside of the compiler: which tables a bound query reads, and in which manner
 */
#pragma once

#include "kql/bound.h"
#include "kql/diag.h"

#define READS_TABLES_MAX 64u

struct reads {
	const struct kql_table *tables[READS_TABLES_MAX]; /* each once; more are left out */
	size_t count;
	size_t scans; /* how often any is read */
};

void reads_of(const struct bound *bound, struct reads *ret_reads);
/* Complains of all that needs rows beside each other; see kql_options.continuous. */
void reads_check_continuous(struct diag_list *diags, const struct ast *tree,
			    const struct bound *bound);
