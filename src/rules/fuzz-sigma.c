/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-sigma.c - any bytes as a file of rules: read, compiled, matched against one event, correlated
 *
 * What is taken is also matched, against values cut from the input itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/rules_correlate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const char *data;
	size_t len;
};

static void check_problem(void *arg, const struct rules_problem *p)
{
	const struct bytes *in = arg;
	unsigned int lines = 2;

	for (size_t i = 0; i < in->len; i++)
		lines += in->data[i] == '\n' || in->data[i] == '\r' ||
			 /* NEL, LS and PS end lines too, for YAML */
			 in->data[i] == '\x85' || in->data[i] == '\xa8' || in->data[i] == '\xa9';
	if (!p->message[0] || !p->line || !p->column || p->line > lines)
		abort();
}

static void get_field(const void *event, unsigned int field, struct rules_value *ret_value)
{
	const struct bytes *in = event;
	size_t from = in->len ? field * 31 % in->len : 0;

	ret_value->kind = field % 7 == 6 ? RULES_NULL : RULES_TEXT;
	ret_value->text = in->data + from;
	ret_value->len = (in->len - from) / (1 + field % 3);
}

static bool get_value(const void *event, unsigned int i, struct rules_value *ret_value)
{
	get_field(event, i, ret_value);
	return i < 4;
}

static void count(void *arg, unsigned int rule)
{
	unsigned int *matches = arg;

	(void)rule;
	++*matches;
}

static void fired(void *arg, unsigned int rule)
{
	if (!rules_set_is_correlation(arg, rule))
		abort();
}

/* Each rule matches a few times, in an order that the input gives. */
static void correlate(const struct rules_set *set, const struct bytes *in)
{
	static const struct rules_correlator_limits limits = { 4, 10000 };
	_cleanup_(rules_correlator_freep) struct rules_correlator *c = NULL;
	struct rules_correlator_stats stats;

	if (!rules_set_count(set) || rules_correlator_new(set, &limits, &c) < 0)
		return;
	for (size_t i = 0; i < in->len && i < 64; i++) {
		unsigned char byte = (unsigned char)in->data[in->len - 1 - i];
		const struct bytes part = { in->data + i, in->len - i };
		const struct rules_occurrence at = {
			.scope = byte & 128 ? "one" : "two",
			.time_ns = (byte & 127) * 10000000000LL * (i == 13 ? -INT32_MAX : 1),
			.event = &part,
			.get = get_field,
			.fire = fired,
			.arg = (void *)set,
		};

		rules_correlator_add(c, (unsigned int)(i % rules_set_count(set)), &at);
	}
	rules_correlator_get_stats(c, &stats);
	if (stats.groups > limits.groups || stats.entries > limits.entries)
		abort();
	rules_correlator_end(c, fired, (void *)set);
	rules_correlator_get_stats(c, &stats);
	if (stats.groups || stats.entries)
		abort();
}

static void match(const struct rules_set *set, const struct bytes *in)
{
	_cleanup_(rules_scratch_freep) struct rules_scratch *scratch = NULL;
	unsigned int matches = 0;

	if (rules_scratch_new(set, &scratch) < 0)
		return;
	for (unsigned int i = 0; i < rules_set_count(set) && i < 4; i++) {
		const struct rules_info *info = rules_set_info(set, i);
		struct rules_event e = { info->category, info->product, info->service, in,
					 get_field,	 get_value };
		unsigned int before = matches;
		int r = rules_match(set, scratch, &e, count, &matches);

		if (r < 0 || matches - before != (unsigned int)r)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	static const char *const places[] = { "one", "two", NULL };
	/* A copy of its own, so that reading past the end shows. */
	char *copy = malloc(size ? size : 1);
	struct bytes in = { copy, size };

	if (!copy || rules_builder_new(&b) < 0) {
		free(copy);
		return 0;
	}
	if (size)
		memcpy(copy, data, size);
	rules_builder_expand(b, "p", places);
	if (rules_builder_add(b, "fuzz.yml", copy, size, check_problem, &in) == 0 &&
	    rules_builder_compile(b, &set, NULL) == 0) {
		match(set, &in);
		correlate(set, &in);
	}
	free(copy);
	return 0;
}
