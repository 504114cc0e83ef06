/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - Sigma rules: load, compile, match
 *
 * The same library runs in the sensor and in the cloud. A rule set is immutable once compiled and
 * may be used by many threads, each with its own scratch. Sigma specification 2.0:
 * https://sigmahq.io/sigma-specification/
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct rules_builder;
struct rules_set;
struct rules_scratch;

enum rules_level { RULES_INFORMATIONAL, RULES_LOW, RULES_MEDIUM, RULES_HIGH, RULES_CRITICAL };
/* Sigma's word for it. */
const char *rules_level_name(enum rules_level level);

/* What a detection shows; strings belong to the set. */
struct rules_info {
	const char *id; /* UUID */
	const char *title;
	const char *description;
	const char *author;
	const char *file;
	enum rules_level level;
	const char *const *techniques; /* "T1059.004", NULL-terminated */
	const char *const *tactics;    /* "execution", NULL-terminated */
	const char *const *references;
	const char *const *falsepositives;
	const char *category, *product, *service; /* logsource; NULL where not given */
};

/* A rule that was refused, or a warning on one that was taken. */
struct rules_problem {
	const char *file;
	unsigned int line, column; /* from 1; 0 where unknown */
	const char *rule;	   /* title, or NULL */
	const char *message;
};
typedef void (*rules_problem_fn)(void *arg, const struct rules_problem *problem);

/*
 * How a set sees an event: a logsource and fields by Sigma name. Values are text; numbers are
 * printed in decimal, booleans as true and false, times in ISO 8601. Text is compared without
 * regard to the case of ASCII letters, other bytes as they are. A value is valid until the match
 * ends and stays where it is.
 */
enum rules_value_kind {
	RULES_ABSENT,
	RULES_TEXT,
	RULES_NUMBER,
	RULES_BOOL,
	RULES_NULL,
	RULES_EMPTY, /* a source that cannot tell missing from empty: both null and '' match */
};
struct rules_value {
	enum rules_value_kind kind;
	const char *text;
	size_t len;
	int64_t number;	 /* RULES_NUMBER and RULES_BOOL; text is set too */
	char digits[32]; /* room for a number's text, which may point here */
};
/* field: index into the set's field table, see rules_set_field(). */
typedef void (*rules_field_fn)(const void *event, unsigned int field,
			       struct rules_value *ret_value);

struct rules_event {
	const char *category, *product, *service; /* NULL: not given */
	const void *event;
	rules_field_fn get;
	/* The event's values one after another, for keywords; false past the last. Nullable. */
	bool (*value)(const void *event, unsigned int i, struct rules_value *ret_value);
};

int rules_builder_new(struct rules_builder **ret_builder);
void rules_builder_free(struct rules_builder *b);
DEFINE_CLEANUP(struct rules_builder *, rules_builder_free)
/* Placeholder values for the expand modifier: %name% -> values. */
int rules_builder_expand(struct rules_builder *b, const char *name, const char *const *values);
/* Adds one YAML text (may hold several documents). Refused rules are reported, others are taken. */
int rules_builder_add(struct rules_builder *b, const char *file, const char *text, size_t len,
		      rules_problem_fn problem, void *arg);
/* Adds each *.yml and *.yaml below a folder. */
int rules_builder_add_dir(struct rules_builder *b, const char *dir, rules_problem_fn problem,
			  void *arg, struct err *err);
/*
 * Lets correlations find the rules that they refer to; reports each that cannot, which the set will
 * not have. rules_builder_compile() does the same in silence.
 */
void rules_builder_link(struct rules_builder *b, rules_problem_fn problem, void *arg);
/* Makes the set: one literal matcher for all rules. The builder stays usable. */
int rules_builder_compile(struct rules_builder *b, struct rules_set **ret_set, struct err *err);

void rules_set_free(struct rules_set *s);
DEFINE_CLEANUP(struct rules_set *, rules_set_free)
size_t rules_set_count(const struct rules_set *s);
const struct rules_info *rules_set_info(const struct rules_set *s, unsigned int rule);
/* True for a correlation: rules_match() never reports it, see rules_correlate.h. */
bool rules_set_is_correlation(const struct rules_set *s, unsigned int rule);
/*
 * True for a rule that only serves a correlation of its own file, without `generate: true` there: it
 * is reported but no finding by itself. What stands in a file of its own is never silenced.
 */
bool rules_set_is_silent(const struct rules_set *s, unsigned int rule);
/* The distinct Sigma field names that the rules use, 0 .. count-1. */
unsigned int rules_set_field_count(const struct rules_set *s);
const char *rules_set_field(const struct rules_set *s, unsigned int field);

int rules_scratch_new(const struct rules_set *s, struct rules_scratch **ret_scratch);
void rules_scratch_free(struct rules_scratch *scratch);
DEFINE_CLEANUP(struct rules_scratch *, rules_scratch_free)

typedef void (*rules_match_fn)(void *arg, unsigned int rule);
/*
 * Calls match for each rule that is true of the event, in the order the rules were added. Returns the
 * count of matches. A regular expression that runs into its limit counts as no match and is counted
 * by rules_scratch_given_up().
 */
int rules_match(const struct rules_set *s, struct rules_scratch *scratch,
		const struct rules_event *event, rules_match_fn match, void *arg);

uint64_t rules_scratch_given_up(const struct rules_scratch *scratch);
