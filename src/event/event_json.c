/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event_json.h"

#include "base/clock.h"

static void append_value(struct buf *out, const struct event_field *f, const struct event_value *v)
{
	char stamp[CLOCK_RFC3339_SIZE];

	switch ((enum event_type)f->type) {
	case EVENT_STRING:
		buf_append_json(out, v->s, v->len);
		return;
	case EVENT_DYNAMIC:
		buf_append(out, v->s, v->len);
		return;
	case EVENT_DATETIME:
		clock_format_rfc3339(v->i, 9, stamp);
		buf_printf(out, "\"%s\"", stamp);
		return;
	case EVENT_BOOL:
		buf_append_str(out, v->i ? "true" : "false");
		return;
	case EVENT_REAL:
		buf_printf(out, "%.17g", v->d);
		return;
	case EVENT_INT:
	case EVENT_LONG:
		buf_printf(out, "%lld", (long long)v->i);
		return;
	}
}

int event_to_json(const struct event *e, struct buf *out)
{
	buf_printf(out, "{\"Table\":\"%s\"", e->table->name);
	for (unsigned int i = 0; i < e->table->field_count; i++) {
		if (!event_has(e, i))
			continue;
		buf_printf(out, ",\"%s\":", e->table->fields[i].name);
		append_value(out, &e->table->fields[i], &e->values[i]);
	}
	return buf_append_byte(out, '}');
}
