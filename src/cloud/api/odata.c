/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odata.c - property look-up, $orderby, $select, $expand, $top, $skip, $count
 */
#include "cloud/api/odata.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SQL_MAX (900u << 10) /* below SQLite's limit of a million bytes */
#define ARENA_MAX (64u << 10)
#define SKIP_MAX 1000000000
#define ORDER_TERMS_MAX 8

void odata_sql_init(struct odata_sql *sql)
{
	arena_init(&sql->arena, ARENA_MAX);
	buf_init(&sql->text, SQL_MAX);
	sql->value_count = 0;
}

void odata_sql_done(struct odata_sql *sql)
{
	arena_done(&sql->arena);
	buf_done(&sql->text);
}

int odata_bind_text(struct odata_sql *sql, const char *text, size_t len)
{
	char *copy = arena_strndup(&sql->arena, text, len);

	if (!copy || sql->value_count == ODATA_VALUES_MAX)
		return -E2BIG;
	sql->values[sql->value_count++] = (struct state_value){ .type = 's', .text = copy };
	return 0;
}

int odata_bind_number(struct odata_sql *sql, int64_t number)
{
	if (sql->value_count == ODATA_VALUES_MAX)
		return -E2BIG;
	sql->values[sql->value_count++] = (struct state_value){ .type = 'i', .number = number };
	return 0;
}

/* Clients do not agree on the case of names; the reference takes any. */
const struct odata_property *odata_property_find(const struct odata_entity *e, const char *name,
						 size_t len)
{
	for (size_t i = 0; i < e->property_count; i++)
		if (strlen(e->properties[i].name) == len &&
		    strncasecmp(e->properties[i].name, name, len) == 0)
			return &e->properties[i];
	return NULL;
}

void odata_property_names(const struct odata_entity *e, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < e->property_count; i++) {
		if (e->properties[i].type >= ODATA_JSON)
			continue;
		buf_printf(out, "%s%s", first ? "" : ", ", e->properties[i].name);
		first = false;
	}
}

/* The next of the names between commas, without the blanks around it; false at the end. */
static bool next_name(const char **list, const char **ret_name, size_t *ret_len)
{
	const char *s = *list;
	size_t len;

	if (!s)
		return false;
	s += strspn(s, " ");
	len = strcspn(s, ",");
	*list = s[len] ? s + len + 1 : NULL;
	while (len && s[len - 1] == ' ')
		len--;
	*ret_name = s;
	*ret_len = len;
	return true;
}

static int refuse_name(const struct odata_entity *e, const char *option, const char *name,
		       size_t len, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT(900);

	odata_property_names(e, &names);
	return err_setf(err, -EINVAL, "%s: '%.*s' is no property of %s for this; one of %s", option,
			(int)MIN(len, (size_t)40), name, e->name, names.data ? names.data : "");
}

int odata_order(const struct odata_entity *e, const char *order, struct buf *out, struct err *err)
{
	unsigned int terms = 0;
	const char *name;
	size_t len;

	if (!order)
		return buf_append_str(out, e->order);
	while (next_name(&order, &name, &len)) {
		size_t word = strcspn(name, " ,");
		const struct odata_property *prop = odata_property_find(e, name, MIN(word, len));
		const char *rest = name + MIN(word, len);
		int rest_len = (int)(name + len - rest);

		if (!prop || prop->type >= ODATA_TEXTS)
			return refuse_name(e, "$orderby", name, len, err);
		while (rest_len && *rest == ' ') {
			rest++;
			rest_len--;
		}
		if (rest_len && strncasecmp(rest, "asc", MAX((size_t)rest_len, 3u)) != 0 &&
		    strncasecmp(rest, "desc", MAX((size_t)rest_len, 4u)) != 0)
			return err_setf(err, -EINVAL, "$orderby: '%.*s' instead of asc or desc",
					MIN(rest_len, 40), rest);
		if (++terms > ORDER_TERMS_MAX)
			return err_setf(err, -EINVAL, "$orderby: more than %d properties",
					ORDER_TERMS_MAX);
		buf_printf(out, "%s %s, ", prop->sql, rest_len == 4 ? "DESC" : "ASC");
	}
	return buf_append_str(out, e->unique);
}

/* Marks the properties that the list names. */
static int mark(const struct odata_entity *e, const char *option, const char *list, bool expanded,
		uint64_t *marks, struct err *err)
{
	const char *name;
	size_t len;

	while (next_name(&list, &name, &len)) {
		const struct odata_property *prop = odata_property_find(e, name, len);

		if (!prop || (expanded && !(prop->flags & ODATA_EXPANDED)))
			return refuse_name(e, option, name, len, err);
		*marks |= 1ULL << (prop - e->properties);
	}
	return 0;
}

int odata_columns(const struct odata_entity *e, const struct odata_options *o, struct buf *out,
		  uint64_t *ret_selected, struct err *err)
{
	uint64_t selected = o->select ? 0 : UINT64_MAX, expanded = 0;
	int r = mark(e, "$select", o->select, false, &selected, err);

	if (r == 0)
		r = mark(e, "$expand", o->expand, true, &expanded, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < e->property_count; i++) {
		bool wanted = (selected >> i & 1) &&
			      (!(e->properties[i].flags & ODATA_EXPANDED) || (expanded >> i & 1));

		buf_printf(out, "%s%s", i ? ", " : "", wanted ? e->properties[i].sql : "NULL");
	}
	*ret_selected = selected;
	return buf_error(out);
}

static int read_number(const struct http_request *req, const char *name, int64_t max,
		       int64_t *number, struct err *err)
{
	const char *text = http_request_query(req, name);
	char *end;

	if (!text)
		return 0;
	errno = 0;
	*number = strtoll(text, &end, 10);
	if (end == text || *end || errno || *number < 0 || *number > max)
		return err_setf(err, -EINVAL, "%s: '%.40s' instead of a number from 0 to %lld",
				name, text, (long long)max);
	return 0;
}

/* Names that begin with '$' and are not known: to leave them out would answer another question. */
static int check_names(const char *query, struct err *err)
{
	static const char *const known[] = { "filter", "orderby", "select", "expand",
					     "top",    "skip",	  "count" };

	for (const char *s = query; *s; s += strcspn(s, "&"), s += *s == '&') {
		size_t len = strcspn(s, "=&"), prefix = *s == '$'	       ? 1
							: strncmp(s, "%24", 3) ? 0
									       : 3;
		bool found = !prefix;

		for (size_t i = 0; i < ARRAY_SIZE(known) && !found; i++)
			found = len - prefix == strlen(known[i]) &&
				!memcmp(s + prefix, known[i], len - prefix);
		if (!found)
			return err_setf(
			    err, -EINVAL,
			    "'%.*s' is not supported; $filter, $orderby, $select, $expand, $top, "
			    "$skip and $count are",
			    (int)MIN(len, (size_t)40), s);
	}
	return 0;
}

int odata_options_read(const struct odata_entity *e, const struct http_request *req,
		       struct odata_options *ret_options, struct err *err)
{
	struct odata_options o = {
		.filter = http_request_query(req, "$filter"),
		.order = http_request_query(req, "$orderby"),
		.select = http_request_query(req, "$select"),
		.expand = http_request_query(req, "$expand"),
		.top = -1,
	};
	const char *count = http_request_query(req, "$count");
	int r = check_names(req->query, err);

	if (r == 0)
		r = read_number(req, "$top", e->page_max, &o.top, err);
	if (r == 0)
		r = read_number(req, "$skip", SKIP_MAX, &o.skip, err);
	if (r < 0)
		return r;
	o.count = count && strcasecmp(count, "true") == 0;
	if (count && !o.count && strcasecmp(count, "false") != 0)
		return err_setf(err, -EINVAL, "$count: '%.40s' instead of true or false", count);
	*ret_options = o;
	return 0;
}
