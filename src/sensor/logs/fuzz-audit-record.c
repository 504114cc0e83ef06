/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-audit-record.c - any bytes as a line of a log: of auditd, of syslog, of a web server
 *
 * What is printed must be UTF-8 and one JSON object, whatever came in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jdoc.h"
#include "base/utf8.h"
#include "sensor/logs/audit_group.h"
#include "sensor/logs/audit_record.h"
#include "sensor/logs/line_kind.h"
#include "sensor/logs/web_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *json, size_t len)
{
	if (len && (!utf8_valid(json, len) || json[0] != '{' || json[len - 1] != '}'))
		abort();
}

static void on_line(void *arg _unused_, const struct log_line *line)
{
	check(line->fields.s, line->fields.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(audit_group_freep) struct audit_group *g = NULL;
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	const char *text = (const char *)data, *end = text + size, *stop;
	struct log_line line = { 0 };

	if (size > 16384 || audit_group_new(&g) < 0)
		return 0;
	log_line_split(text, size, &line);
	if (line.message.len > size || line.identifier.len > size)
		abort();
	if (web_request_print(text, size, &out) == 0)
		check(out.data, out.len);
	for (; text < end; text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text)) ?: end;
		line = (struct log_line){ .message = { text, (size_t)(stop - text) } };
		audit_group_add(g, &line, on_line, NULL);
	}
	audit_group_flush(g, on_line, NULL);
	return 0;
}
