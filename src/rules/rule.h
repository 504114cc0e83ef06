/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - inside of src/rules: what a rule is between its text and the set
 *
 * A rule is an expression over leaves; a leaf asks one thing of one field. Rules live in a pool
 * that builder and sets share: it only grows, so a set in use is not disturbed by a builder that
 * reads on.
 */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "rules/rules.h"
#include "rules/tree.h"

#define RULE_FIELDS_MAX 8192u /* distinct field names of a builder */
#define RULE_FIELD_NAME_MAX 256u
#define RULE_VALUE_MAX 8192u	  /* bytes of one value */
#define RULE_VALUES_MAX 16384u	  /* values of one field item, after expansion */
#define RULE_NODES_MAX 65536u	  /* of one rule's program */
#define RULE_SEARCHES_MAX 1024u	  /* named searches of one rule */
#define RULE_CONDITION_MAX 16384u /* bytes */
#define RULE_CONDITION_DEPTH 32u  /* parentheses and negations */
#define RULE_POOL_BYTES (512u << 20)

/* The field of a keyword: any value of the event. */
#define FIELD_ANY UINT32_MAX

enum leaf_op {
	/* literal text, in this order: see enum leaf_shape */
	LEAF_EQUAL,
	LEAF_CONTAINS,
	LEAF_STARTS,
	LEAF_ENDS,
	LEAF_GLOB, /* * and ? inside */
	LEAF_EMPTY,
	LEAF_PRESENT, /* any value, also an empty one: '*' */
	LEAF_NULL,
	LEAF_EXISTS,
	LEAF_REGEX,
	LEAF_CIDR,
	LEAF_FIELD, /* another field's value, as leaf->shape says */
	LEAF_NUMBER,
};
#define LEAF_SHAPES 4

enum leaf_compare { COMPARE_EQ, COMPARE_LT, COMPARE_LTE, COMPARE_GT, COMPARE_GTE };
enum leaf_time { TIME_NONE, TIME_MINUTE, TIME_HOUR, TIME_DAY, TIME_WEEK, TIME_MONTH, TIME_YEAR };

/* A value while it is transformed: bytes 0-255 and these two. */
#define SYMBOL_MANY 256 /* '*' */
#define SYMBOL_ONE 257	/* '?' */

struct leaf {
	enum leaf_op op;
	bool cased;
	bool wanted; /* EXISTS: what the field's existence is compared to */
	unsigned int field;
	const char *text; /* literal ops */
	size_t len;
	/* Text that a matching value surely holds, whatever its case; NULL where none is known. */
	const char *need;
	size_t need_len;
	union {
		struct {
			const uint16_t *symbols;
			size_t count;
		} glob;
		pcre2_code *regex;
		struct {
			uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
			unsigned int prefix; /* of 128 */
		} cidr;
		struct {
			unsigned int other;
			enum leaf_op shape;
		} ref;
		struct {
			double value;
			enum leaf_compare compare;
			enum leaf_time part;
		} number;
	};
};

static inline bool leaf_is_literal(const struct leaf *leaf)
{
	return leaf->op <= LEAF_ENDS;
}

enum expr_op { EXPR_AND, EXPR_OR, EXPR_NOT, EXPR_ATLEAST, EXPR_LEAF };

struct expr {
	enum expr_op op;
	unsigned int least; /* ATLEAST */
	unsigned int count;
	unsigned int size; /* nodes, itself included; a shared part counts each time */
	struct expr **kids;
	struct leaf leaf;
};

struct correlation;

struct rule {
	struct rules_info info;
	const char *name; /* correlations may refer to the rule by it; NULL where not given */
	unsigned int line;
	const struct expr *expr; /* NULL in a correlation */
	struct correlation *correlation;
};

/* A field name that is defined while rules are read; index = position. */
struct pool {
	atomic_uint refs;
	struct arena arena;
	struct map *fields; /* name -> index + 1 */
	const char **field_names;
	unsigned int field_count;
	struct map *placeholders; /* name -> struct placeholder * */
	pcre2_code **regexes;
	size_t regex_count, regex_cap;
};

struct placeholder {
	unsigned int count;
	const char **values;
};

/* Where a rule is read: the pool it goes to and the first thing that was wrong. */
struct reader {
	struct pool *pool;
	const char *file;
	bool refused;
	struct tree_error problem;
};

struct pool *pool_new(void);
struct pool *pool_ref(struct pool *p);
void pool_unref(struct pool *p);
/* The index of a field name, made at first sight. -ENOSPC, -ENOMEM. */
int64_t pool_field(struct pool *p, const char *name, size_t len);
/* The pool frees the code at its end. */
int pool_own_regex(struct pool *p, pcre2_code *code);

/* Keeps the first problem; always -EBADMSG, so that `return reader_refuse(...)` reads well. */
int reader_refuse(struct reader *r, const struct tree_node *at, const char *fmt, ...)
    _printf_(3, 4);
int reader_refuse_at(struct reader *r, unsigned int line, unsigned int column, const char *fmt, ...)
    _printf_(4, 5);

/* expr.c: nodes in the pool's arena; NULL when memory is out. */
struct expr *expr_new(struct arena *a, enum expr_op op, unsigned int kids);
/* The node over these kids, or the only kid itself. */
struct expr *expr_join(struct arena *a, enum expr_op op, struct expr **kids, unsigned int count);
struct expr *expr_not(struct arena *a, struct expr *kid);

/* rule.c: one document. -EBADMSG with r->problem set, -ENOMEM. */
int rule_read(struct reader *r, const struct tree_node *root, struct rule **ret_rule);

/* search.c: what stands under a name in detection. */
int search_read(struct reader *r, const struct tree_node *node, struct expr **ret_expr);

/* condition.c: searches by name, as the condition joins them. */
struct search {
	const char *name;
	struct expr *expr;
};
int condition_read(struct reader *r, const struct tree_node *node, const struct search *searches,
		   unsigned int search_count, struct expr **ret_expr);

/* value.c: a field item, `name|modifier|...: value or list`. Key may be NULL for keywords. */
int value_read(struct reader *r, const struct tree_node *key, const struct tree_node *value,
	       struct expr **ret_expr);

/* text.c: values as symbols. */
struct symbols {
	uint16_t *at;
	size_t count;
};
/* Text with Sigma's wildcards and escapes. */
int symbols_parse(struct arena *a, const char *text, size_t len, struct symbols *ret);
int symbols_literal(struct arena *a, const char *text, size_t len, struct symbols *ret);
/* The leaf that a finished value becomes. */
int symbols_leaf(struct arena *a, const struct symbols *s, struct leaf *leaf);

/* encode.c: transformations; each makes at most *ret_count values in ret (room for ret_max). */
int encode_utf16(struct arena *a, const struct symbols *in, bool big_endian, bool mark,
		 struct symbols *ret);
int encode_base64(struct arena *a, const struct symbols *in, unsigned int offset, bool trim,
		  struct symbols *ret);
bool symbols_have_wildcards(const struct symbols *s);

/* regex.c: PCRE2 with JIT; message says what is wrong and where in the pattern. */
int regex_compile(const char *pattern, size_t len, uint32_t options, pcre2_code **ret_code,
		  struct err *err);
/* Sets leaf->need to the longest text that every match must hold, where that is easily seen. */
void regex_required(struct arena *a, const char *pattern, size_t len, bool caseless,
		    struct leaf *leaf);
