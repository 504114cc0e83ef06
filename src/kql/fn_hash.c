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

/* clang-format off */
static const struct func items[] = {
	{ "hash(source: text) long", "reinterpretAsInt64(xxHash64($1))", "xxHash64 of the value." },
	{ "hash(source: text, mod: long) long", "toInt64(xxHash64($1) % $2)", "xxHash64 of the value, as a number below mod." },
	{ "hash_xxhash64(source: text) long", "reinterpretAsInt64(xxHash64($1))", "xxHash64 of the value." },
	{ "hash_xxhash64(source: text, mod: long) long", "toInt64(xxHash64($1) % $2)", "xxHash64 of the value, as a number below mod." },
	{ "hash_combine(hash: long...) long", NULL, "A hash of hashes.", 0, emit_combine },
	{ "hash_many(value: text...) long", NULL, "A hash of several values.", 0, emit_combine },
	{ "hash_sha256(source: text) string", "lower(hex(SHA256($1)))", "SHA-256 in hexadecimal digits." },
	{ "hash_sha1(source: text) string", "lower(hex(SHA1($1)))", "SHA-1 in hexadecimal digits." },
	{ "hash_md5(source: text) string", "lower(hex(MD5($1)))", "MD5 in hexadecimal digits." },
};
/* clang-format on */
const struct func_family fn_hashes = { "Hashes", items, ARRAY_SIZE(items) };
