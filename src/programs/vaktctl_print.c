/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl_print.c - rows for people, for programs, for spreadsheets
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "vaktctl.h"

#define WIDTH_MAX 60 /* of a column in a table; JSON and CSV have all of it */
#define COLUMNS_MAX 512

const char *const ctl_output_names[] = { "table", "json", "csv", NULL };

/* The shortest digits that are the number again. */
static void put_real(struct buf *out, double value)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	buf_append_str(out, text);
}

static void put_json(struct buf *out, const json_t *value)
{
	_cleanup_free_ char *text = NULL;

	if (json_is_real(value)) {
		put_real(out, json_real_value(value));
		return;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	buf_append_str(out, text ? text : "null");
}

/* As text: strings as they are, null as nothing. */
static void put_text(struct buf *out, const json_t *value)
{
	buf_append(out, "", 0);
	if (json_is_string(value))
		buf_append(out, json_string_value(value), json_string_length(value));
	else if (!json_is_null(value))
		put_json(out, value);
}

static size_t characters(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++)
		i += utf8_sequence(text + i, len - i) ?: 1;
	return n;
}

/* Cut to width, control characters as blanks: an attacker's command line is no part of the
 * terminal. */
static void put_cell(struct buf *out, const struct buf *text, size_t width, bool last)
{
	size_t n = 0, i = 0, all = characters(text->data, text->len);

	while (i < text->len && n < width) {
		size_t len = utf8_sequence(text->data + i, text->len - i);
		unsigned char c = (unsigned char)text->data[i];

		if (all > width && n == width - 1)
			buf_append_str(out, "\xe2\x80\xa6");
		else if (!len || c < ' ' || c == 0x7f ||
			 (len == 2 && c == 0xc2 && (unsigned char)text->data[i + 1] < 0xa0))
			buf_append_byte(out, ' ');
		else
			buf_append(out, text->data + i, len);
		i += len ?: 1;
		n++;
	}
	for (; !last && n < width + 2; n++)
		buf_append_byte(out, ' ');
}

static void flush(struct buf *out)
{
	fwrite(out->data, 1, out->len, stdout);
	buf_clear(out);
}

static void measure(const json_t *list, size_t widths[COLUMNS_MAX], size_t count)
{
	_cleanup_buf_ struct buf text = BUF_INIT(64u << 20);

	for (size_t i = 0; i < count; i++) {
		buf_clear(&text);
		put_text(&text, json_array_get(list, i));
		widths[i] = MAX(widths[i], MIN(characters(text.data, text.len), (size_t)WIDTH_MAX));
	}
}

static void print_line(const json_t *list, const size_t widths[COLUMNS_MAX], size_t count)
{
	_cleanup_buf_ struct buf text = BUF_INIT(64u << 20), line = BUF_INIT(64u << 20);

	for (size_t i = 0; i < count; i++) {
		buf_clear(&text);
		put_text(&text, json_array_get(list, i));
		put_cell(&line, &text, widths[i], i + 1 == count);
	}
	buf_append_byte(&line, '\n');
	flush(&line);
}

static void print_table(const json_t *columns, const json_t *rows)
{
	size_t widths[COLUMNS_MAX] = { 0 },
	       count = MIN(json_array_size(columns), (size_t)COLUMNS_MAX);

	measure(columns, widths, count);
	for (size_t i = 0; i < json_array_size(rows); i++)
		measure(json_array_get(rows, i), widths, count);
	print_line(columns, widths, count);
	for (size_t i = 0; i < json_array_size(rows); i++)
		print_line(json_array_get(rows, i), widths, count);
}

/* A list with an object a row, one a line. */
static void print_json(const json_t *columns, const json_t *rows)
{
	_cleanup_buf_ struct buf line = BUF_INIT(64u << 20);

	fputs("[", stdout);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		buf_append_str(&line, i ? ",\n{" : "\n{");
		for (size_t k = 0; k < json_array_size(columns); k++) {
			buf_append_str(&line, k ? "," : "");
			put_json(&line, json_array_get(columns, k));
			buf_append_str(&line, ":");
			put_json(&line, json_array_get(row, k));
		}
		buf_append_str(&line, "}");
		flush(&line);
	}
	puts("\n]");
}

/* RFC 4180. */
static void put_field(struct buf *out, const struct buf *text)
{
	if (!text->len || !strpbrk(text->data, "\",\r\n")) {
		buf_append(out, text->data, text->len);
		return;
	}
	buf_append_byte(out, '"');
	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '"')
			buf_append_byte(out, '"');
		buf_append_byte(out, (uint8_t)text->data[i]);
	}
	buf_append_byte(out, '"');
}

static void print_record(const json_t *list, size_t count)
{
	_cleanup_buf_ struct buf text = BUF_INIT(64u << 20), line = BUF_INIT(64u << 20);

	for (size_t i = 0; i < count; i++) {
		buf_clear(&text);
		put_text(&text, json_array_get(list, i));
		buf_append_str(&line, i ? "," : "");
		put_field(&line, &text);
	}
	buf_append_str(&line, "\r\n");
	flush(&line);
}

void ctl_print_rows(enum ctl_output output, const json_t *columns, const json_t *rows)
{
	switch (output) {
	case CTL_JSON:
		print_json(columns, rows);
		break;
	case CTL_CSV:
		print_record(columns, json_array_size(columns));
		for (size_t i = 0; i < json_array_size(rows); i++)
			print_record(json_array_get(rows, i), json_array_size(columns));
		break;
	default:
		print_table(columns, rows);
	}
}

void ctl_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

void ctl_print_objects(enum ctl_output output, const char *const *keys, const json_t *objects)
{
	_cleanup_(json_decrefp) json_t *names = json_array(), *rows = json_array();
	const json_t *object;
	size_t i;

	if (output == CTL_JSON) {
		ctl_print_json(objects);
		return;
	}
	for (i = 0; keys[i]; i++)
		json_array_append_new(names, json_string(keys[i]));
	json_array_foreach(objects, i, object)
	{
		json_t *row = json_array();

		for (size_t k = 0; keys[k]; k++)
			json_array_append(row, json_object_get(object, keys[k]));
		json_array_append_new(rows, row);
	}
	ctl_print_rows(output, names, rows);
}
