/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_hash.c - hashes
 */
#include "kql/func.h"
#include "kql/sql.h"

/* Of hashes, one behind the other. */
static void emit_combine(struct sql *s, const struct bx *x)
{
	bool many = func_is_called(x->fn, "hash_many");

	sql_put(s, "reinterpretAsInt64(xxHash64(concat(");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, i ? ", '|', toString(" : "toString(");
		sql_put(s, many ? "reinterpretAsInt64(xxHash64(" : "");
		sql_expr(s, x->args[i]);
		sql_put(s, many ? "))" : "");
		sql_put(s, ")");
	}
	sql_put(s, ")))");
}

/* The bytes that are hashed: of a number, a time or a timespan those of its value. */
static void put_bytes(struct sql *s, const struct bx *x)
{
	static const char *const whole[KQL_TYPE_COUNT] = {
		[KQL_INT] = "toInt32(",	     [KQL_LONG] = "toInt64(",
		[KQL_REAL] = "toFloat64(",   [KQL_DATETIME] = "kql_ticks(",
		[KQL_TIMESPAN] = "toInt64(",
	};
	const char *value = whole[x->type];

	sql_printf(s, "xxHash64(%s%s", value ? "reinterpretAsFixedString(" : "",
		   value ? value : "");
	sql_expr(s, x);
	sql_put(s, value ? ")))" : ")");
}

static void emit_hash(struct sql *s, const struct bx *x)
{
	sql_put(s, x->count > 1 ? "toInt64(" : "reinterpretAsInt64(");
	put_bytes(s, x->args[0]);
	if (x->count > 1) {
		sql_put(s, " % ");
		sql_expr(s, x->args[1]);
	}
	sql_put(s, ")");
}

/* clang-format off */
static const struct func items[] = {
	{ "hash(source: int|long|real|datetime|timespan) long", NULL, "xxHash64 of the value's bytes.", 0, emit_hash },
	{ "hash(source: text) long", NULL, "xxHash64 of the value.", 0, emit_hash },
	{ "hash(source: int|long|real|datetime|timespan, mod: long) long", NULL, "xxHash64 of the value's bytes, as a number below mod.", 0, emit_hash },
	{ "hash(source: text, mod: long) long", NULL, "xxHash64 of the value, as a number below mod.", 0, emit_hash },
	{ "hash_xxhash64(source: int|long|real|datetime|timespan) long", NULL, "xxHash64 of the value's bytes.", 0, emit_hash },
	{ "hash_xxhash64(source: text) long", NULL, "xxHash64 of the value.", 0, emit_hash },
	{ "hash_xxhash64(source: int|long|real|datetime|timespan, mod: long) long", NULL, "xxHash64 of the value's bytes, as a number below mod.", 0, emit_hash },
	{ "hash_xxhash64(source: text, mod: long) long", NULL, "xxHash64 of the value, as a number below mod.", 0, emit_hash },
	{ "hash_combine(hash: long...) long", NULL, "A hash of hashes.", 0, emit_combine },
	{ "hash_many(value: text...) long", NULL, "A hash of several values.", 0, emit_combine },
	{ "hash_sha256(source: text) string", "lower(hex(SHA256($1)))", "SHA-256 in hexadecimal digits." },
	{ "hash_sha1(source: text) string", "lower(hex(SHA1($1)))", "SHA-1 in hexadecimal digits." },
	{ "hash_md5(source: text) string", "lower(hex(MD5($1)))", "MD5 in hexadecimal digits." },
};
/* clang-format on */
const struct func_family fn_hashes = { "Hashes", items, ARRAY_SIZE(items) };
