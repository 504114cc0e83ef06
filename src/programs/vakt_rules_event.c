/* SPDX-License-Identifier: Apache-2.0 */
#include "vakt_rules_event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NESTING_MAX 8

/* Sysmon's event ids and what Sigma calls them. */
static const struct {
	int id;
	const char *categories[CASE_CATEGORIES_MAX];
} sysmon[] = {
	{ 1, { "process_creation" } },
	{ 2, { "file_change" } },
	{ 3, { "network_connection" } },
	{ 4, { "sysmon_status" } },
	{ 5, { "process_termination" } },
	{ 6, { "driver_load" } },
	{ 7, { "image_load" } },
	{ 8, { "create_remote_thread" } },
	{ 9, { "raw_access_thread" } },
	{ 10, { "process_access" } },
	{ 11, { "file_event" } },
	{ 12, { "registry_add", "registry_delete", "registry_event" } },
	{ 13, { "registry_set", "registry_event" } },
	{ 14, { "registry_rename", "registry_event" } },
	{ 15, { "create_stream_hash" } },
	{ 16, { "sysmon_status" } },
	{ 17, { "pipe_created" } },
	{ 18, { "pipe_created" } },
	{ 19, { "wmi_event" } },
	{ 20, { "wmi_event" } },
	{ 21, { "wmi_event" } },
	{ 22, { "dns_query" } },
	{ 23, { "file_delete" } },
	{ 24, { "clipboard_capture" } },
	{ 25, { "process_tampering" } },
	{ 26, { "file_delete_detected" } },
	{ 27, { "file_block_executable" } },
	{ 28, { "file_block_shredding" } },
	{ 29, { "file_executable_detected" } },
	{ 255, { "sysmon_error" } },
};

static const struct {
	const char *channel, *service;
} channels[] = {
	{ "Application", "application" },
	{ "Security", "security" },
	{ "System", "system" },
	{ "Microsoft-Windows-Sysmon/Operational", "sysmon" },
	{ "Microsoft-Windows-TaskScheduler/Operational", "taskscheduler" },
	{ "Microsoft-Windows-Windows Defender/Operational", "windefend" },
	{ "Microsoft-Windows-WMI-Activity/Operational", "wmi" },
	{ "Microsoft-Windows-PowerShell/Operational", "powershell" },
	{ "Windows PowerShell", "powershell-classic" },
};

static int to_value(const json_t *json, struct rules_value *v)
{
	v->text = v->digits;
	v->len = 0;
	switch (json_typeof(json)) {
	case JSON_STRING:
		v->kind = RULES_TEXT;
		v->text = json_string_value(json);
		v->len = json_string_length(json);
		return 0;
	case JSON_INTEGER:
		v->kind = RULES_NUMBER;
		v->number = json_integer_value(json);
		v->len = (size_t)snprintf(v->digits, sizeof(v->digits), "%" PRId64, v->number);
		return 0;
	case JSON_REAL:
		v->kind = RULES_TEXT;
		v->len =
		    (size_t)snprintf(v->digits, sizeof(v->digits), "%.17g", json_real_value(json));
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		v->kind = RULES_BOOL;
		v->number = json_is_true(json);
		v->text = json_is_true(json) ? "true" : "false";
		v->len = strlen(v->text);
		return 0;
	case JSON_NULL:
		v->kind = RULES_NULL;
		return 0;
	default:
		return -EINVAL;
	}
}

static int add_field(struct case_event *e, const char *name, const json_t *json, struct err *err)
{
	struct case_field *f = &e->fields[e->field_count];
	size_t len = 0;

	if (e->field_count == CASE_FIELDS_MAX)
		return err_setf(err, -EINVAL, "more than %d fields", CASE_FIELDS_MAX);
	if (to_value(json, &f->value) < 0)
		return err_setf(err, -EINVAL,
				"field '%s' is a list or object; a value is text, a number, true, "
				"false or null",
				name);
	/* Some Windows events have blanks in names; Sigma writes them without. */
	for (; *name && len < sizeof(f->name) - 1; name++)
		if (*name != ' ')
			f->name[len++] = *name;
	f->name[len] = '\0';
	e->field_count++;
	return 0;
}

/* Values of nested objects are fields by their own name, as log shippers make them. */
static int add_nested(struct case_event *e, const json_t *object, unsigned int depth,
		      struct err *err)
{
	const char *name;
	json_t *value;

	if (depth > NESTING_MAX)
		return err_setf(err, -EINVAL, "nested deeper than %d levels", NESTING_MAX);
	json_object_foreach((json_t *)object, name, value)
	{
		int r;

		if (!strcmp(name, "#attributes"))
			continue;
		/* An element with attributes has its text beside them. */
		if (json_object_get(value, "#text"))
			value = json_object_get(value, "#text");
		r = json_is_object(value) ? add_nested(e, value, depth + 1, err)
					  : add_field(e, name, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_own(struct case_event *e, const json_t *json, struct err *err)
{
	const json_t *fields = json_object_get(json, "fields");

	e->categories[0] = json_string_value(json_object_get(json, "category"));
	e->product = json_string_value(json_object_get(json, "product"));
	e->service = json_string_value(json_object_get(json, "service"));
	if (!json_is_object(fields))
		return err_setf(
		    err, -EINVAL,
		    "an event needs \"fields\", \"Table\" or a Windows event's \"Event\"");
	return add_nested(e, fields, 0, err);
}

static int set_column(struct case_event *row, unsigned int i, const json_t *value, struct err *err)
{
	struct event *e = &row->row;
	const struct event_field *f = &e->table->fields[i];
	size_t len;

	switch ((enum event_type)f->type) {
	case EVENT_DYNAMIC:
		len = json_dumpb(value, row->json, sizeof(row->json), JSON_COMPACT | JSON_ENCODE_ANY);
		if (!json_is_string(value) && len <= sizeof(row->json)) {
			event_set_text(e, i, row->json, len);
			return 0;
		}
		/* fallthrough */
	case EVENT_STRING:
		if (json_is_string(value)) {
			event_set_text(e, i, json_string_value(value), json_string_length(value));
			return 0;
		}
		break;
	case EVENT_INT:
	case EVENT_LONG:
		if (json_is_integer(value)) {
			event_set_int(e, i, json_integer_value(value));
			return 0;
		}
		break;
	case EVENT_BOOL:
		if (json_is_boolean(value)) {
			event_set_int(e, i, json_is_true(value));
			return 0;
		}
		break;
	case EVENT_REAL:
		if (json_is_number(value)) {
			event_set_real(e, i, json_number_value(value));
			return 0;
		}
		break;
	case EVENT_DATETIME:
		/* Rules about when something happened are not about our tables. */
		return 0;
	}
	return err_setf(err, -EINVAL, "column %s has a value of another type", f->name);
}

/* As event_to_json() and vakt-frames write it. */
static int read_row(struct case_event *e, const json_t *json, struct err *err)
{
	const char *name = json_string_value(json_object_get(json, "Table")), *key;
	const struct event_table *t = name ? event_table_find(name) : NULL;
	json_t *value;

	if (!t)
		return err_setf(err, -EINVAL, "there is no table '%s'", name ? name : "");
	e->is_row = true;
	event_init(&e->row, (enum event_table_id)(t - event_tables));
	json_object_foreach((json_t *)json, key, value)
	{
		int column, r;

		if (!strcmp(key, "Table"))
			continue;
		column = event_field_find(t, key);
		if (column < 0)
			return err_setf(err, -EINVAL, "%s has no column '%s'", t->name, key);
		r = set_column(e, (unsigned int)column, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void set_windows_source(struct case_event *e, const json_t *system)
{
	const char *channel = json_string_value(json_object_get(system, "Channel"));
	const json_t *id = json_object_get(system, "EventID");

	if (json_is_object(id))
		id = json_object_get(id, "#text");
	e->product = "windows";
	for (size_t i = 0; channel && i < ARRAY_SIZE(channels); i++)
		if (!strcmp(channels[i].channel, channel))
			e->service = channels[i].service;
	if (!e->service || strcmp(e->service, "sysmon"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sysmon); i++)
		if (sysmon[i].id == json_integer_value(id))
			memcpy(e->categories, sysmon[i].categories, sizeof(e->categories));
}

static int read_windows(struct case_event *e, const json_t *event, struct err *err)
{
	static const char *const parts[] = { "EventData", "UserData" };
	const json_t *system = json_object_get(event, "System"), *provider;
	int r;

	set_windows_source(e, system);
	r = add_nested(e, system, 0, err);
	provider = json_object_get(
	    json_object_get(json_object_get(system, "Provider"), "#attributes"), "Name");
	if (r == 0 && json_is_string(provider))
		r = add_field(e, "Provider_Name", provider, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		if (json_is_object(json_object_get(event, parts[i])))
			r = add_nested(e, json_object_get(event, parts[i]), 0, err);
	return r;
}

int case_event_read(struct case_event *e, const json_t *json, struct err *err)
{
	const json_t *windows = json_object_get(json, "Event");

	memset(e->categories, 0, sizeof(e->categories));
	e->product = e->service = NULL;
	e->field_count = 0;
	e->is_row = false;
	if (!json_is_object(json))
		return err_setf(err, -EINVAL, "an event is a JSON object");
	if (json_object_get(json, "Table"))
		return read_row(e, json, err);
	return json_is_object(windows) ? read_windows(e, windows, err) : read_own(e, json, err);
}

/* What is written last counts: EventData may repeat a name of System. */
void case_event_get(const void *event, unsigned int field, struct rules_value *ret_value)
{
	const struct case_event *e = event;
	const char *name = rules_set_field(e->set, field);

	for (unsigned int i = e->field_count; i-- > 0;) {
		if (strcmp(e->fields[i].name, name))
			continue;
		*ret_value = e->fields[i].value;
		return;
	}
}

bool case_event_value(const void *event, unsigned int i, struct rules_value *ret_value)
{
	const struct case_event *e = event;

	if (i >= e->field_count)
		return false;
	*ret_value = e->fields[i].value;
	return true;
}
