/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_expr.c - typed expressions as SQL
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "kql/func.h"
#include "kql/sql.h"

void sql_const(struct sql *s, const struct bx *x)
{
	time_t seconds = (time_t)(x->i / 1000000000 - (x->i % 1000000000 < 0));
	struct tm tm;

	if (x->null) {
		sql_printf(s, "CAST(NULL AS Nullable(%s))", kql_type_sql(x->type));
		return;
	}
	switch ((enum kql_type)x->type) {
	case KQL_BOOL:
		sql_put(s, x->i ? "true" : "false");
		break;
	case KQL_INT:
	case KQL_LONG:
	case KQL_TIMESPAN:
		/* Beyond 32 bits the engine would take it for unsigned. */
		if (x->i > UINT32_MAX)
			sql_printf(s, "toInt64(%" PRId64 ")", x->i);
		else if (x->i < 0)
			sql_printf(s, "(%" PRId64 ")", x->i);
		else
			sql_printf(s, "%" PRId64, x->i);
		break;
	case KQL_REAL:
		if (isfinite(x->d))
			sql_printf(s, "toFloat64(%.17g)", x->d);
		else
			sql_put(s, isnan(x->d) ? "nan" : x->d > 0 ? "inf" : "(-inf)");
		break;
	case KQL_DECIMAL:
		sql_put(s, "toDecimal128(");
		sql_text(s, x->s, x->len);
		sql_put(s, ", 17)");
		break;
	case KQL_DATETIME:
		gmtime_r(&seconds, &tm);
		sql_printf(s,
			   "toDateTime64('%04d-%02d-%02d %02d:%02d:%02d.%09" PRId64 "', 9, 'UTC')",
			   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			   tm.tm_sec, x->i - (int64_t)seconds * 1000000000);
		break;
	case KQL_GUID:
		sql_put(s, "toUUID(");
		sql_text(s, x->s, x->len);
		sql_put(s, ")");
		break;
	default:
		sql_text(s, x->s, x->len);
	}
}

void sql_expr_filled(struct sql *s, const struct bx *x)
{
	if (!x->nullable) {
		sql_expr(s, x);
		return;
	}
	sql_put(s, "ifNull(");
	sql_expr(s, x);
	sql_put(s, x->type == KQL_DYNAMIC || x->type == KQL_STRING ? ", '')" : ", 0)");
}

void sql_list(struct sql *s, const struct bx *call, uint32_t from)
{
	for (uint32_t i = from; i < call->count; i++) {
		sql_put(s, i > from ? ", " : "");
		sql_expr(s, call->args[i]);
	}
}

void sql_template(struct sql *s, const char *tpl, const struct bx *call)
{
	for (const char *p = tpl; *p; p++) {
		uint32_t i;

		if (*p != '$') {
			buf_append_byte(&s->out, (uint8_t)*p);
			continue;
		}
		p++;
		if (*p == '$') {
			buf_append_byte(&s->out, '$');
			continue;
		}
		i = *p == '*' ? 0 : (uint32_t)(*p - '1');
		if (*p == '*' || p[1] == '*') {
			p += *p != '*';
			sql_list(s, call, i);
		} else if (i >= call->count) {
			s->failed = true; /* a bug of the table; its unit test finds it */
		} else if (p[1] == '!') {
			p++;
			sql_expr_filled(s, call->args[i]);
		} else {
			sql_expr(s, call->args[i]);
		}
	}
}

/* Text is never null: what a function makes of a missing argument is empty. */
static bool may_give_null_text(const struct bx *x)
{
	for (uint32_t i = 0; x->type == KQL_STRING && i < x->count; i++)
		if (x->args[i]->nullable)
			return true;
	return false;
}

static void put_call(struct sql *s, const struct bx *x)
{
	bool fill = may_give_null_text(x);

	if (fill)
		sql_put(s, "ifNull(");
	if (x->fn->emit)
		x->fn->emit(s, x);
	else
		sql_template(s, x->fn->sql, x);
	if (fill)
		sql_put(s, ", '')");
}

void sql_expr(struct sql *s, const struct bx *x)
{
	if (++s->depth > KQL_DEPTH_MAX * 15 || buf_error(&s->out)) {
		s->failed = true;
		s->depth--;
		return;
	}
	switch ((enum bx_kind)x->kind) {
	case BX_CONST:
		sql_const(s, x);
		break;
	case BX_COLUMN:
		sql_column(s, x->column);
		break;
	case BX_CALL:
		put_call(s, x);
		break;
	case BX_CAST:
		sql_cast(s, x);
		break;
	case BX_LIST:
		sql_put(s, "(");
		sql_list(s, x, 0);
		sql_put(s, ")");
		break;
	case BX_SCALAR:
		sql_put(s, x->type == KQL_STRING ? "ifNull(" : "");
		sql_subquery(s, x->rel, x->result);
		sql_put(s, x->type == KQL_STRING ? ", '')" : "");
		break;
	case BX_ROWS:
		sql_subquery(s, x->rel, x->result);
		break;
	}
	s->depth--;
}

void sql_json(struct sql *s, const struct bx *x)
{
	static const char *const helpers[KQL_TYPE_COUNT] = {
		[KQL_BOOL] = "kql_bool_text",
		[KQL_INT] = "toString",
		[KQL_LONG] = "toString",
		[KQL_REAL] = "kql_real_json",
		[KQL_DECIMAL] = "kql_quote_decimal",
		[KQL_DATETIME] = "kql_datetime_json",
		[KQL_TIMESPAN] = "kql_timespan_json",
		[KQL_GUID] = "kql_guid_json",
		[KQL_STRING] = "kql_quote",
	};

	if (x->nullable || x->null)
		sql_put(s, "ifNull(");
	if (helpers[x->type]) {
		sql_printf(s, "%s(", helpers[x->type]);
		sql_expr(s, x);
		sql_put(s, ")");
	} else {
		sql_expr(s, x);
	}
	if (x->nullable || x->null)
		sql_put(s, ", 'null')");
}
