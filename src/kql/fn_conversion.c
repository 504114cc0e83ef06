/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_conversion.c - to...(): the casts that are written
 */
#include "kql/func.h"
#include "kql/sql.h"

static void emit_cast(struct sql *s, const struct bx *x)
{
	struct bx cast = *x;

	cast.kind = BX_CAST;
	if (x->args[0]->type == x->type)
		sql_expr(s, x->args[0]);
	else
		sql_cast(s, &cast);
}

/* clang-format off */
static const struct func items[] = {
	{ "tostring(value: any) string", NULL, "As text.", FUNC_NAME_ARG, emit_cast },
	{ "tolong(value: any) long?", NULL, "As a long; null where it is none.", FUNC_NAME_ARG, emit_cast },
	{ "toint(value: any) int?", NULL, "As an int; null where it is none.", FUNC_NAME_ARG, emit_cast },
	{ "toreal(value: any) real?", NULL, "As a real; null where it is none.", FUNC_NAME_ARG, emit_cast },
	{ "todouble(value: any) real?", NULL, "toreal.", FUNC_NAME_ARG | FUNC_LEGACY, emit_cast },
	{ "todecimal(value: any) decimal?", NULL, "As a decimal; null where it is none.", FUNC_NAME_ARG, emit_cast },
	{ "tobool(value: any) bool?", NULL, "As a bool; null where it is none.", FUNC_NAME_ARG, emit_cast },
	{ "toboolean(value: any) bool?", NULL, "tobool.", FUNC_NAME_ARG | FUNC_LEGACY, emit_cast },
	{ "todatetime(value: any) datetime?", NULL, "As a time; null where it is none.", FUNC_NAME_ARG, emit_cast },
	{ "totimespan(value: any) timespan?", NULL, "As a timespan; null where it is none.", FUNC_NAME_ARG, emit_cast },
	{ "totime(value: any) timespan?", NULL, "totimespan.", FUNC_NAME_ARG | FUNC_LEGACY, emit_cast },
	{ "toguid(value: any) guid?", NULL, "As a guid; null where it is none.", FUNC_NAME_ARG, emit_cast },
	{ "tohex(value: int) string", "kql_hex32($1)", "Hexadecimal digits.", FUNC_NAME_ARG },
	{ "tohex(value: int, length: long) string", "kql_pad($2, kql_hex32($1))", "Hexadecimal digits, at least so many.", FUNC_NAME_ARG },
	{ "tohex(value: long) string", "kql_hex($1)", "Hexadecimal digits.", FUNC_NAME_ARG },
	{ "tohex(value: long, length: long) string", "kql_pad($2, kql_hex($1))", "Hexadecimal digits, at least so many.", FUNC_NAME_ARG },
	{ "new_guid() guid", "generateUUIDv4()", "A random guid.", FUNC_VOLATILE },
	{ "format_bytes(size: number) string", "kql_format_bytes(toFloat64($1), 0, '')", "The size in a unit that suits it.", FUNC_NAME_ARG },
	{ "format_bytes(size: number, digits: long) string", "kql_format_bytes(toFloat64($1), $2, '')", "The size in a unit that suits it.", FUNC_NAME_ARG },
	{ "format_bytes(size: number, digits: long, unit: string) string", "kql_format_bytes(toFloat64($1), $2, $3)", "The size in a unit.", FUNC_NAME_ARG },
};
/* clang-format on */
const struct func_family fn_conversions = { "Conversions", items, ARRAY_SIZE(items) };
