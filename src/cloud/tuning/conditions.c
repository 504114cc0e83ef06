/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/tuning/conditions.h"

#include <errno.h>
#include <string.h>

#include "cloud/detect/subject.h"

const char *const tuning_field_names[] = {
#define X(name, text, of, doc) text,
	TUNING_FIELDS(X)
#undef X
	    NULL
};

const char *const tuning_field_docs[] = {
#define X(name, text, of, doc) doc,
	TUNING_FIELDS(X)
#undef X
};

const char *const tuning_operator_names[] = {
#define X(name, text) text,
	TUNING_OPERATORS(X)
#undef X
	    NULL
};

enum tuning_of tuning_field_of(enum tuning_field field)
{
	static const enum tuning_of of_fields[] = {
#define X(name, text, of, doc) TUNING_OF_##of,
		TUNING_FIELDS(X)
#undef X
	};

	return of_fields[field];
}

static int find_name(const char *const *names, const char *name)
{
	for (int i = 0; name && names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static int read_one(const json_t *json, struct arena *arena, struct condition *ret, struct err *err)
{
	const json_t *value = json_object_get(json, "value");
	int field =
	    find_name(tuning_field_names, json_string_value(json_object_get(json, "field")));
	int op =
	    find_name(tuning_operator_names, json_string_value(json_object_get(json, "operator")));
	size_t len = json_string_length(value);

	if (field < 0 || op < 0 || len == 0 || len > TUNING_VALUE_MAX)
		return err_setf(
		    err, -EINVAL,
		    "a condition is a field, an operator and a value that is not empty");
	*ret = (struct condition){ (enum tuning_field)field, (enum tuning_operator)op,
				   arena_strndup(arena, json_string_value(value), len), len };
	return ret->value ? 0 : -ENOMEM;
}

int conditions_read(const json_t *json, bool of_rule, struct arena *arena,
		    struct conditions *ret_conditions, struct err *err)
{
	struct conditions c = { 0 };
	bool of_process = false;

	if (!json_array_size(json) || json_array_size(json) > TUNING_CONDITIONS_MAX)
		return err_setf(err, -EINVAL, "an exception has 1 to %d conditions",
				TUNING_CONDITIONS_MAX);
	for (; c.count < json_array_size(json); c.count++) {
		int r = read_one(json_array_get(json, c.count), arena, &c.list[c.count], err);

		if (r < 0)
			return r;
		of_process |= tuning_field_of(c.list[c.count].field) == TUNING_OF_PROCESS;
	}
	if (!of_rule && !of_process)
		return err_setf(
		    err, -EINVAL,
		    "an exception to all rules needs a condition on the process: without "
		    "one it would silence whole devices");
	*ret_conditions = c;
	return 0;
}

static void set_column(struct facts *f, enum tuning_field field, const struct event *e,
		       uint8_t column)
{
	f->values[field].s = subject_text(e, column, &f->values[field].len);
}

void facts_of_event(const struct event *e, struct facts *ret_facts)
{
	const struct subject_columns *c = subject_columns(e->table);

	*ret_facts = (struct facts){ 0 };
	if (!c)
		return;
	set_column(ret_facts, TUNING_FILE_NAME, e, c->file_name);
	set_column(ret_facts, TUNING_FOLDER_PATH, e, c->folder_path);
	set_column(ret_facts, TUNING_COMMAND_LINE, e, c->command_line);
	set_column(ret_facts, TUNING_PARENT_NAME, e, c->parent_file_name);
	set_column(ret_facts, TUNING_ACCOUNT_NAME, e, c->account_name);
}

static struct fact member(const json_t *entity, const char *name)
{
	const json_t *value = json_object_get(entity, name);

	return (struct fact){ json_string_value(value) ?: "", json_string_length(value) };
}

/* The reference's filePath is the folder. */
static int join_path(const struct fact *folder, const struct fact *name, struct arena *arena,
		     struct fact *ret_path)
{
	const char *slash = folder->len && folder->s[folder->len - 1] == '/' ? "" : "/";

	if (!folder->len)
		return 0;
	ret_path->s = arena_printf(arena, "%s%s%s", folder->s, slash, name->s);
	if (!ret_path->s)
		return -ENOMEM;
	ret_path->len = strlen(ret_path->s);
	return 0;
}

int facts_of_evidence(const json_t *entity, struct arena *arena, struct facts *ret_facts)
{
	const struct fact folder = member(entity, "filePath");
	struct facts f = { 0 };

	f.values[TUNING_FILE_NAME] = member(entity, "fileName");
	f.values[TUNING_COMMAND_LINE] = member(entity, "processCommandLine");
	f.values[TUNING_PARENT_NAME] = member(entity, "parentProcessFileName");
	f.values[TUNING_ACCOUNT_NAME] = member(entity, "accountName");
	if (join_path(&folder, &f.values[TUNING_FILE_NAME], arena, &f.values[TUNING_FOLDER_PATH]) <
	    0)
		return -ENOMEM;
	*ret_facts = f;
	return 0;
}

static bool text_holds(const struct condition *c, const char *s, size_t len)
{
	if (len < c->len)
		return false;
	switch (c->op) {
	case TUNING_EQUALS:
		return len == c->len && memcmp(s, c->value, len) == 0;
	case TUNING_STARTS_WITH:
		return memcmp(s, c->value, c->len) == 0;
	case TUNING_ENDS_WITH:
		return memcmp(s + len - c->len, c->value, c->len) == 0;
	case TUNING_CONTAINS:
		return memmem(s, len, c->value, c->len);
	}
	return false;
}

static bool any_tag_holds(const struct condition *c, const json_t *tags)
{
	const json_t *tag;
	size_t i;

	json_array_foreach(tags, i, tag)
	{
		if (json_is_string(tag) &&
		    text_holds(c, json_string_value(tag), json_string_length(tag)))
			return true;
	}
	return false;
}

bool conditions_hold(const struct conditions *c, enum tuning_of of, const struct facts *facts)
{
	for (unsigned int i = 0; i < c->count; i++) {
		const struct condition *one = &c->list[i];
		const struct fact *fact = &facts->values[one->field];

		if (tuning_field_of(one->field) != of)
			continue;
		if (one->field == TUNING_MACHINE_TAG ? !any_tag_holds(one, facts->tags)
						     : !text_holds(one, fact->s, fact->len))
			return false;
	}
	return true;
}
