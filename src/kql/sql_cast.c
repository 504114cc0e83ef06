/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_cast.c - conversions: a table of from and to; and the helpers of a statement
 */
#include "kql/sql.h"

#include <errno.h>
#include <string.h>

#define T KQL_TYPE_COUNT

/* $ is the value, @ the text of a dynamic one. What is missing cannot be converted and is null. */
static const char *const casts[T][T] = {
	[KQL_BOOL] = { [KQL_INT] = "toInt32($)",
		       [KQL_LONG] = "toInt64($)",
		       [KQL_REAL] = "toFloat64($)",
		       [KQL_STRING] = "kql_bool_text($)" },
	[KQL_INT] = { [KQL_BOOL] = "($ != 0)",
		      [KQL_LONG] = "toInt64($)",
		      [KQL_REAL] = "toFloat64($)",
		      [KQL_DECIMAL] = "toDecimal128($, 17)",
		      [KQL_STRING] = "toString($)",
		      [KQL_TIMESPAN] = "toInt64($)" },
	[KQL_LONG] = { [KQL_BOOL] = "($ != 0)",
		       [KQL_INT] = "accurateCastOrNull($, 'Int32')",
		       [KQL_REAL] = "toFloat64($)",
		       [KQL_DECIMAL] = "toDecimal128($, 17)",
		       [KQL_STRING] = "toString($)",
		       [KQL_TIMESPAN] = "$",
		       [KQL_DATETIME] = "kql_from_ticks($)" },
	[KQL_REAL] = { [KQL_BOOL] = "($ != 0)",
		       [KQL_INT] = "accurateCastOrNull(kql_truncate($), 'Int32')",
		       [KQL_LONG] = "kql_truncate($)",
		       [KQL_DECIMAL] = "toDecimal128($, 17)",
		       [KQL_STRING] = "kql_real_text($)" },
	[KQL_DECIMAL] = { [KQL_BOOL] = "($ != 0)",
			  [KQL_INT] = "accurateCastOrNull(toInt64($), 'Int32')",
			  [KQL_LONG] = "toInt64($)",
			  [KQL_REAL] = "toFloat64($)",
			  [KQL_STRING] = "toString($)" },
	[KQL_DATETIME] = { [KQL_LONG] = "kql_ticks($)", [KQL_STRING] = "kql_datetime_text($)" },
	[KQL_TIMESPAN] = { [KQL_LONG] = "$",
			   [KQL_REAL] = "toFloat64($)",
			   [KQL_STRING] = "kql_timespan_text($)" },
	[KQL_DYNAMIC] = { [KQL_BOOL] = "kql_to_bool(@)",
			  [KQL_INT] = "accurateCastOrNull(kql_json_long(@), 'Int32')",
			  [KQL_LONG] = "kql_json_long(@)",
			  [KQL_REAL] = "toFloat64OrNull(@)",
			  [KQL_DECIMAL] = "toDecimal128OrNull(@, 17)",
			  [KQL_DATETIME] = "kql_to_datetime(@)",
			  [KQL_TIMESPAN] = "kql_to_timespan(@)",
			  [KQL_GUID] = "toUUIDOrNull(@)",
			  [KQL_STRING] = "@" },
	[KQL_GUID] = { [KQL_STRING] = "toString($)" },
	[KQL_STRING] = { [KQL_BOOL] = "kql_to_bool($)",
			 [KQL_INT] = "accurateCastOrNull(kql_to_long($), 'Int32')",
			 [KQL_LONG] = "kql_to_long($)",
			 [KQL_REAL] = "kql_to_real($)",
			 [KQL_DECIMAL] = "toDecimal128OrNull($, 17)",
			 [KQL_DATETIME] = "kql_to_datetime($)",
			 [KQL_TIMESPAN] = "kql_to_timespan($)",
			 [KQL_GUID] = "kql_to_guid($)" },
};

void sql_cast(struct sql *s, const struct bx *x)
{
	const struct bx *from = x->args[0];
	const char *tpl = casts[from->type][x->type];
	/* What is no JSON has no text. */
	bool fill = x->type == KQL_STRING && (from->nullable || from->type == KQL_DYNAMIC);

	if (x->type == KQL_DYNAMIC) {
		sql_put(s, from->nullable ? "kql_null(" : "");
		sql_json(s, from);
		sql_put(s, from->nullable ? ")" : "");
		return;
	}
	if (!tpl) {
		sql_printf(s, "CAST(NULL AS Nullable(%s))", kql_type_sql(x->type));
		return;
	}
	sql_put(s, fill ? "ifNull(" : "");
	for (; *tpl; tpl++) {
		if (*tpl == '$')
			sql_expr(s, from);
		else if (*tpl == '@')
			sql_dynamic_text(s, from);
		else
			buf_append_byte(&s->out, (uint8_t)*tpl);
	}
	sql_put(s, fill ? ", '')" : "");
}
