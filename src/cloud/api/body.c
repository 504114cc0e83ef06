/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/api/body.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static int refuse_names(const struct body_field *fields, const char *name, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT(800);

	for (const struct body_field *f = fields; f->name; f++)
		buf_printf(&names, "%s%s", f == fields ? "" : ", ", f->name);
	return err_setf(err, -EINVAL, "'%.60s' is not known here; one of %s", name,
			names.data ? names.data : "");
}

static int check_value(const struct body_field *f, const char *text, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT(800);

	for (const char *const *v = f->values; v && *v; v++) {
		if (strcmp(*v, text) == 0)
			return 0;
		buf_printf(&names, "%s%s", v == f->values ? "" : ", ", *v);
	}
	if (!f->values)
		return 0;
	return err_setf(err, -EINVAL, "%s: '%.60s' is not one of %s", f->name, text,
			names.data ? names.data : "");
}

static int check_text(const struct body_field *f, const json_t *value, struct err *err)
{
	size_t len = json_string_length(value);

	if (!json_is_string(value))
		return err_setf(err, -EINVAL, "%s: a text is expected", f->name);
	if (len < (size_t)f->min || len > (size_t)f->max)
		return err_setf(err, -EINVAL, "%s: %lld to %lld bytes are expected, not %zu",
				f->name, (long long)f->min, (long long)f->max, len);
	return check_value(f, json_string_value(value), err);
}

static int check_number(const struct body_field *f, const json_t *value, struct err *err)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < f->min || n > f->max)
		return err_setf(err, -EINVAL, "%s: a whole number from %lld to %lld is expected",
				f->name, (long long)f->min, (long long)f->max);
	return 0;
}

static int check_texts(const struct body_field *f, const json_t *value, struct err *err)
{
	size_t n = json_array_size(value);

	if (!json_is_array(value) || n < (size_t)f->min || n > (size_t)f->max)
		return err_setf(err, -EINVAL, "%s: a list of %lld to %lld texts is expected",
				f->name, (long long)f->min, (long long)f->max);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);
		int r;

		if (!json_is_string(item) || json_string_length(item) > BODY_LIST_TEXT_MAX)
			return err_setf(err, -EINVAL,
					"%s: entry %zu is not a text of at most %d bytes", f->name,
					i, BODY_LIST_TEXT_MAX);
		r = check_value(f, json_string_value(item), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_object(const struct body_field *fields, json_t *object, struct err *err);

static int check_objects(const struct body_field *f, json_t *value, struct err *err)
{
	size_t n = json_array_size(value);

	if (!json_is_array(value) || n < (size_t)f->min || n > (size_t)f->max)
		return err_setf(err, -EINVAL, "%s: a list of %lld to %lld objects is expected",
				f->name, (long long)f->min, (long long)f->max);
	for (size_t i = 0; i < n; i++) {
		int r = check_object(f->fields, json_array_get(value, i), err);

		if (r < 0)
			return err_prefix(err, r, "%s[%zu]: ", f->name, i);
	}
	return 0;
}

static int check_field(const struct body_field *f, json_t *value, struct err *err)
{
	int r;

	if (!value || json_is_null(value)) {
		if (!f->required || (value && f->nullable))
			return 0;
		return err_setf(err, -EINVAL, "%s is needed", f->name);
	}
	switch (f->type) {
	case BODY_TEXT:
		return check_text(f, value, err);
	case BODY_NUMBER:
		return check_number(f, value, err);
	case BODY_TEXTS:
		return check_texts(f, value, err);
	case BODY_OBJECT:
		r = check_object(f->fields, value, err);
		return r < 0 ? err_prefix(err, r, "%s: ", f->name) : 0;
	case BODY_OBJECTS:
		return check_objects(f, value, err);
	case BODY_ANY:
		return 0;
	default:
		return json_is_boolean(value)
			   ? 0
			   : err_setf(err, -EINVAL, "%s: true or false is expected", f->name);
	}
}

/* Members that are known, each as its field wants it. The tables are as deep as objects get. */
static int check_object(const struct body_field *fields, json_t *object, struct err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return err_setf(err, -EINVAL, "a JSON object is expected");
	json_object_foreach(object, name, value)
	{
		const struct body_field *f = fields;

		while (f->name && strcmp(f->name, name) != 0)
			f++;
		if (!f->name)
			return refuse_names(fields, name, err);
	}
	for (const struct body_field *f = fields; f->name; f++) {
		int r = check_field(f, json_object_get(object, f->name), err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* jansson's own limit of 2,048 levels is too generous for a stack of a worker. */
static bool too_deep(const char *data, size_t len)
{
	unsigned int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '[' || data[i] == '{')
			depth++;
		else if ((data[i] == ']' || data[i] == '}') && depth)
			depth--;
		if (depth > BODY_DEPTH_MAX * 8)
			return true;
	}
	return false;
}

int body_read(const void *data, size_t len, const struct body_field *fields, json_t **ret_json,
	      struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	json_error_t error;
	int r;

	if (too_deep(data, len))
		return err_setf(err, -EINVAL, "the body is nested too deeply");
	json = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		return err_setf(err, -EINVAL, "the body is not JSON: line %d, column %d: %s",
				error.line, error.column, error.text);
	if (!json_is_object(json))
		return err_setf(err, -EINVAL, "the body is not a JSON object");
	r = check_object(fields, json, err);
	if (r < 0)
		return r;
	*ret_json = TAKE_PTR(json);
	return 0;
}

const char *body_text(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

int64_t body_number(const json_t *json, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(json, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}
