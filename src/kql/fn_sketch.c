/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_sketch.c - what is kept of many values instead of them, as a dynamic value that can be merged
 *
 * hll: HyperLogLog, one number a register that is not empty: 64 times its place, and its rank.
 * tdigest: [values, weights], what was close together as one. Both may come from anywhere, so they
 * are plain numbers and no state of the engine's own.
 */
#include "kql/func.h"
#include "kql/sql.h"

#define AGG FUNC_AGGREGATE | FUNC_NAME_PREFIX
#define STATE(from) "kql_hll_state(" from ")"
#define REGISTERS                                                                                  \
	"arrayMap(c -> intDiv(c, 64), kql_hll_codes($1!)), arrayMap(c -> c % 64, "                 \
	"kql_hll_codes($1!))"

/* Registers that are not empty of the values that are not null and for which the condition is true.
 */
static void put_hll(struct sql *s, const struct bx *x, const struct bx *condition)
{
	const struct bx *value = x->args[0];

	sql_put(s, "kql_hll_state(maxMapIf([cityHash64(");
	sql_json(s, value);
	sql_put(s, ") % 16384], [kql_hll_rank(cityHash64(");
	sql_json(s, value);
	sql_put(s, "))], ");
	if (condition)
		sql_expr_filled(s, condition);
	else
		sql_put(s, "true");
	if (value->nullable) {
		sql_put(s, " AND isNotNull(");
		sql_expr(s, value);
		sql_put(s, ")");
	}
	sql_put(s, "))");
}

static void emit_hll(struct sql *s, const struct bx *x)
{
	put_hll(s, x, NULL);
}

static void emit_hll_if(struct sql *s, const struct bx *x)
{
	put_hll(s, x, x->args[1]);
}

static void emit_hll_union(struct sql *s, const struct bx *x)
{
	static const char *const part[] = { "intDiv(c, 64)", "c % 64" };

	sql_put(s, "kql_hll_state(arrayReduce('maxMap'");
	for (unsigned int k = 0; k < 2; k++) {
		sql_put(s, ", [");
		for (uint32_t i = 0; i < x->count; i++) {
			sql_printf(s, "%sarrayMap(c -> %s, kql_hll_codes(", i ? ", " : "", part[k]);
			sql_expr_filled(s, x->args[i]);
			sql_put(s, "))");
		}
		sql_put(s, "]");
	}
	sql_put(s, "))");
}

static void emit_digest(struct sql *s, const struct bx *x)
{
	const char *number = x->args[0]->type == KQL_DATETIME ? "kql_ticks($1)" : "$1";

	sql_put(s, "kql_digest_state(arrayFlatten([groupArrayIf((assumeNotNull(toFloat64(");
	sql_template(s, number, x);
	sql_put(s, ")), ");
	sql_template(s, x->count > 1 ? "toFloat64(greatest(0, $2!))" : "toFloat64(1)", x);
	sql_template(s, "), isNotNull($1))]))", x);
}

static void emit_digest_union(struct sql *s, const struct bx *x)
{
	sql_put(s, "kql_digest_state(arrayConcat(");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, i ? ", kql_digest_pairs(" : "kql_digest_pairs(");
		sql_expr_filled(s, x->args[i]);
		sql_put(s, ")");
	}
	sql_put(s, "))");
}

/* clang-format off */
static const struct func items[] = {
	{ "hll(value: any) dynamic?", NULL, "What dcount_hll counts: which values there are, about.", AGG, emit_hll },
	{ "hll(value: any, accuracy: long!) dynamic?", NULL, "What dcount_hll counts; any accuracy is the default's, 0.8 %.", AGG, emit_hll },
	{ "hll_if(value: any, condition: bool) dynamic?", NULL, "What dcount_hll counts, of rows for which the condition is true.", AGG, emit_hll_if },
	{ "hll_if(value: any, condition: bool, accuracy: long!) dynamic?", NULL, "What dcount_hll counts, of rows for which the condition is true.", AGG, emit_hll_if },
	{ "hll_merge(hll: dynamic) dynamic?", STATE("maxMap(" REGISTERS ")"), "Those of all rows as one.", AGG },
	{ "hll_merge(hll: dynamic, more: dynamic...) dynamic?", NULL, "Several as one.", FUNC_NAME_PREFIX, emit_hll_union },
	{ "dcount_hll(hll: dynamic) long", "kql_hll_count(kql_hll_codes($1!))", "About how many different values.", FUNC_NAME_PREFIX },
	{ "tdigest(value: number|datetime|timespan) dynamic?", NULL, "What percentile_tdigest takes: how the values are spread, about.", AGG, emit_digest },
	{ "tdigest(value: number|datetime|timespan, weight: long) dynamic?", NULL, "What percentile_tdigest takes, each value so many times.", AGG, emit_digest },
	{ "tdigest_merge(digest: dynamic) dynamic?", "kql_digest_state(arrayFlatten(groupArray(kql_digest_pairs($1!))))", "Those of all rows as one.", AGG },
	{ "tdigest_merge(digest: dynamic, more: dynamic...) dynamic?", NULL, "Several as one.", FUNC_NAME_PREFIX, emit_digest_union },
	{ "merge_tdigest(digest: dynamic) dynamic?", "kql_digest_state(arrayFlatten(groupArray(kql_digest_pairs($1!))))", "tdigest_merge.", AGG },
	{ "merge_tdigest(digest: dynamic, more: dynamic...) dynamic?", NULL, "tdigest_merge.", FUNC_NAME_PREFIX, emit_digest_union },
	{ "percentile_tdigest(digest: dynamic, percentile: real) real?", "kql_digest_percentile(kql_digest_pairs($1!), $2)", "The value below which so many percent are; typeof() may stand last.", FUNC_NAME_PREFIX },
	{ "rank_tdigest(digest: dynamic, value: real) real?", "kql_digest_rank(kql_digest_pairs($1!), $2)", "How many values are not above it, about.", FUNC_NAME_PREFIX },
};
/* clang-format on */
const struct func_family fn_sketches = { "Sketches of many values", items, ARRAY_SIZE(items) };
