/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_hash.c - hashes
 */
#include "kql/func.h"
#include "kql/sql.h"

static void put_text(struct sql *s, const struct bx *x)
{
	struct bx *arg = x->args[0];
	struct bx cast = { .kind = BX_CAST, .type = KQL_STRING, .args = &arg, .count = 1 };

	if (arg->type == KQL_STRING)
		sql_expr(s, arg);
	else
		sql_cast(s, &cast);
}

static void hex(struct sql *s, const struct bx *x, const char *function)
{
	sql_printf(s, "lower(hex(%s(", function);
	put_text(s, x);
	sql_put(s, ")))");
}

static void emit_sha256(struct sql *s, const struct bx *x)
{
	hex(s, x, "SHA256");
}

static void emit_sha1(struct sql *s, const struct bx *x)
{
	hex(s, x, "SHA1");
}

static void emit_md5(struct sql *s, const struct bx *x)
{
	hex(s, x, "MD5");
}

static void emit_hash(struct sql *s, const struct bx *x)
{
	sql_put(s, "reinterpretAsInt64(xxHash64(");
	put_text(s, x);
	sql_put(s, "))");
}

static void emit_hash_mod(struct sql *s, const struct bx *x)
{
	sql_put(s, "toInt64(xxHash64(");
	put_text(s, x);
	sql_put(s, ") % ");
	sql_expr(s, x->args[1]);
	sql_put(s, ")");
}

/* Of hashes, one behind the other. */
static void emit_combine(struct sql *s, const struct bx *x)
{
	sql_put(s, "reinterpretAsInt64(xxHash64(concat(");
	for (uint32_t i = 0; i < x->count; i++) {
		sql_put(s, i ? ", '|', toString(" : "toString(");
		if (func_is_called(x->fn, "hash_many")) {
			struct bx one = *x;

			one.args = x->args + i;
			one.count = 1;
			emit_hash(s, &one);
		} else {
			sql_expr(s, x->args[i]);
		}
		sql_put(s, ")");
	}
	sql_put(s, ")))");
}

/* clang-format off */
static const struct func items[] = {
	{ "hash(source: any) long", NULL, "xxHash64 of the value.", 0, emit_hash },
	{ "hash(source: any, mod: long) long", NULL, "xxHash64 of the value, as a number below mod.", 0, emit_hash_mod },
	{ "hash_xxhash64(source: any) long", NULL, "xxHash64 of the value.", 0, emit_hash },
	{ "hash_xxhash64(source: any, mod: long) long", NULL, "xxHash64 of the value, as a number below mod.", 0, emit_hash_mod },
	{ "hash_combine(hash: long...) long", NULL, "A hash of hashes.", 0, emit_combine },
	{ "hash_many(value: any...) long", NULL, "A hash of several values.", 0, emit_combine },
	{ "hash_sha256(source: any) string", NULL, "SHA-256 in hexadecimal digits.", 0, emit_sha256 },
	{ "hash_sha1(source: any) string", NULL, "SHA-1 in hexadecimal digits.", 0, emit_sha1 },
	{ "hash_md5(source: any) string", NULL, "MD5 in hexadecimal digits.", 0, emit_md5 },
};
/* clang-format on */
const struct func_family fn_hashes = { "Hashes", items, ARRAY_SIZE(items) };
