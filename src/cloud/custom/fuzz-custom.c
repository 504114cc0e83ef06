/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-custom.c - rows of an answer, in which devices write, and texts that are filled from them
 *
 * The first line is a title, the rest are rows of four columns. Whatever they are: each row is in
 * one group or counted as unreadable, and no filled text is longer than it may be.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cloud/custom/result.h"
#include "cloud/custom/text.h"

#define NOW (20000 * 86400 * NSEC_PER_SEC)
#define ROWS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(const struct results *r, const struct result *row, const char *title)
{
	_cleanup_(json_decrefp) json_t *values = result_values(r, row);
	_cleanup_buf_ struct buf out = BUF_INIT(1u << 20);
	struct arena arena;
	struct result_filling filling = { &r->columns, values, &arena };

	arena_init(&arena, 1u << 20);
	if (text_fill(title, result_fill, &filling, CUSTOM_TITLE_MAX, &out) == 0 &&
	    (out.len > CUSTOM_TITLE_MAX ||
	     (utf8_valid(title, strlen(title)) && !utf8_valid(out.data, out.len))))
		abort();
	arena_done(&arena);
}

static void group(const struct results *r, int64_t suppress_s)
{
	struct groups g;
	uint64_t rows = 0;

	if (groups_make(r, &(struct grouping){ .rule = "rule", .suppress_s = suppress_s }, &g) < 0)
		abort();
	for (size_t i = 0; i < g.count; i++)
		rows += g.list[i].count;
	if (rows != r->count || (!suppress_s && g.count != r->count))
		abort();
	groups_done(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "Timestamp", "DeviceId", "ReportId", "AccountName" };
	const uint8_t *end = memchr(data, '\n', size);
	size_t title_len = end ? (size_t)(end - data) : size, lines = 0;
	_cleanup_free_ char *title = strndup((const char *)data, title_len);
	struct results r;

	for (size_t i = title_len; i < size; i++)
		lines += data[i] == '\n';
	if (!title || lines > ROWS_MAX)
		return 0;
	results_init(&r);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		r.columns.names[r.columns.count++] = names[i];
	r.columns.time = 0;
	r.columns.device = 1;
	r.columns.report = 2;
	r.columns.entities[r.columns.entity_count++] = 3;
	if (end)
		buf_append(&r.answer, end + 1, size - title_len - 1);
	if (results_read(&r, NOW) < 0)
		abort();
	for (size_t i = 0; i < r.count; i++)
		fill(&r, &r.list[i], title);
	group(&r, 0);
	group(&r, 60);
	results_done(&r);
	return 0;
}
