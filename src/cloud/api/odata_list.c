/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odata_list.c - rows of an entity as JSON: one, or a page of a list
 *
 * The tenant stands in every statement made here; nothing else in the API reads these tables.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cloud/api/api_internal.h"
#include "cloud/api/odata.h"

/* A page ends when its JSON is this large; the next link leads on. */
#define PAGE_BYTES_MAX (24u << 20)
#define NESTED_MAX 1000

static int append_nested(const struct odata_property *prop, const struct odata_scope *scope,
			 const char *key, struct buf *out);

static void append_time(int64_t ns, struct buf *out)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_format_rfc3339(ns, 7, text);
	buf_printf(out, "\"%s\"", text);
}

static int append_value(const struct odata_property *prop, const struct odata_scope *scope,
			struct state_stmt *st, int column, struct buf *out)
{
	const char *text;

	if (state_is_null(st, column)) {
		bool list = prop->type == ODATA_TEXTS || prop->type == ODATA_NESTED ||
			    (prop->flags & ODATA_EXPANDED);

		return buf_append_str(out, list ? "[]" : "null");
	}
	switch (prop->type) {
	case ODATA_TEXT:
		text = state_text(st, column);
		return buf_append_json(out, text, strlen(text));
	case ODATA_NUMBER:
		return buf_printf(out, "%lld", (long long)state_int(st, column));
	case ODATA_BOOL:
		return buf_append_str(out, state_int(st, column) ? "true" : "false");
	case ODATA_TIME:
		append_time(state_int(st, column), out);
		return buf_error(out);
	case ODATA_NESTED:
		return append_nested(prop, scope, state_text(st, column), out);
	default:
		return buf_append_str(out, state_text(st, column));
	}
}

static int append_row(const struct odata_entity *e, const struct odata_scope *scope,
		      uint64_t selected, struct state_stmt *st, struct buf *out)
{
	bool first = true;
	int r = buf_append_str(out, "{");

	for (size_t i = 0; i < e->property_count && r == 0; i++) {
		if (!(selected >> i & 1))
			continue;
		buf_printf(out, "%s\"%s\":", first ? "" : ",", e->properties[i].name);
		r = append_value(&e->properties[i], scope, st, (int)i, out);
		first = false;
	}
	return r < 0 ? r : buf_append_str(out, "}");
}

/* SELECT of the options' columns; the values of sql are in the order of the holes. */
static int put_select(const struct odata_entity *e, const struct odata_scope *scope,
		      const struct odata_options *o, struct odata_sql *sql, uint64_t *ret_selected,
		      struct err *err)
{
	int r = buf_append_str(&sql->text, "SELECT ");

	if (r == 0)
		r = odata_columns(e, o, &sql->text, ret_selected, err);
	if (r == 0)
		r = buf_printf(&sql->text, " FROM %s WHERE %s = ?", e->from, e->tenant);
	if (r == 0)
		r = odata_bind_text(sql, scope->tenant_id, strlen(scope->tenant_id));
	if (r == 0 && scope->where)
		r = buf_printf(&sql->text, " AND %s", scope->where);
	if (r == 0 && scope->where)
		r = odata_bind_text(sql, scope->key, strlen(scope->key));
	if (r == 0 && o->filter) {
		r = buf_append_str(&sql->text, " AND ");
		if (r == 0)
			r = odata_filter(e, o->filter, sql, err);
	}
	return r;
}

static int append_nested(const struct odata_property *prop, const struct odata_scope *scope,
			 const char *key, struct buf *out)
{
	const struct odata_scope inner = { scope->conn, scope->tenant_id, prop->nested_key, key };
	const struct odata_options all = { .expand = "evidence", .top = NESTED_MAX };
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	_cleanup_(odata_sql_done) struct odata_sql sql;
	const struct odata_entity *e = prop->nested;
	uint64_t selected;
	int r, count = 0;

	odata_sql_init(&sql);
	r = put_select(e, &inner, &all, &sql, &selected, NULL);
	if (r == 0)
		r = buf_printf(&sql.text, " ORDER BY %s LIMIT %d", e->order, NESTED_MAX);
	if (r == 0)
		r = state_query_values(scope->conn, &st, NULL, sql.text.data, sql.values,
				       sql.value_count);
	if (r == 0)
		r = buf_append_str(out, "[");
	while (r == 0 && (r = state_step(st, NULL)) > 0) {
		if (count++)
			buf_append_str(out, ",");
		r = append_row(e, &inner, selected, st, out);
	}
	return r < 0 ? r : buf_append_str(out, "]");
}

int odata_append_one(const struct odata_entity *e, const struct odata_scope *scope, struct buf *out)
{
	_cleanup_buf_ struct buf expand = BUF_INIT(1024);
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	_cleanup_(odata_sql_done) struct odata_sql sql;
	struct odata_options all = { .top = 1 };
	uint64_t selected;
	int r;

	for (size_t i = 0; i < e->property_count; i++)
		if (e->properties[i].flags & ODATA_EXPANDED)
			buf_printf(&expand, "%s%s", expand.len ? "," : "", e->properties[i].name);
	all.expand = expand.len ? expand.data : NULL;
	odata_sql_init(&sql);
	r = put_select(e, scope, &all, &sql, &selected, NULL);
	if (r == 0)
		r = buf_append_str(&sql.text, " LIMIT 1");
	if (r == 0)
		r = state_query_values(scope->conn, &st, NULL, sql.text.data, sql.values,
				       sql.value_count);
	if (r == 0)
		r = state_step(st, NULL);
	if (r <= 0)
		return r;
	r = append_row(e, scope, selected, st, out);
	return r < 0 ? r : 1;
}

static int count_rows(const struct odata_entity *e, const struct odata_scope *scope,
		      const struct odata_options *o, int64_t *ret_count)
{
	const struct odata_options bare = { .filter = o->filter };
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	_cleanup_(odata_sql_done) struct odata_sql sql;
	uint64_t selected;
	int r;

	odata_sql_init(&sql);
	r = buf_append_str(&sql.text, "SELECT count(*) FROM (");
	if (r == 0)
		r = put_select(e, scope, &bare, &sql, &selected, NULL);
	if (r == 0)
		r = buf_append_str(&sql.text, ")");
	if (r == 0)
		r = state_query_values(scope->conn, &st, NULL, sql.text.data, sql.values,
				       sql.value_count);
	if (r == 0)
		r = state_step(st, NULL);
	if (r < 0)
		return r;
	*ret_count = state_int(st, 0);
	return 0;
}

static void append_origin(const struct http_request *req, struct buf *out)
{
	const char *host = http_request_header(req, "Host");
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-:[]";

	/* A strange name stays out of the link: it is then relative. */
	if (host && strspn(host, allowed) == strlen(host))
		buf_printf(out, "https://%s", host);
}

/* The same question, further on. */
static void append_next_link(const struct http_request *req, const struct odata_options *o,
			     int64_t sent, struct buf *out)
{
	_cleanup_buf_ struct buf link = BUF_INIT(64u << 10);
	const char *query = req->query;

	append_origin(req, &link);
	buf_printf(&link, "%s?", req->path);
	while (*query) {
		size_t len = strcspn(query, "&");

		if (strncmp(query, "$skip=", 6) && strncmp(query, "%24skip=", 8) &&
		    strncmp(query, "$top=", 5) && strncmp(query, "%24top=", 7)) {
			buf_append(&link, query, len);
			buf_append_str(&link, "&");
		}
		query += len + (query[len] == '&');
	}
	if (o->top >= 0)
		buf_printf(&link, "$top=%lld&", (long long)(o->top - sent));
	buf_printf(&link, "$skip=%lld", (long long)(o->skip + sent));
	buf_append_str(out, ",\"@odata.nextLink\":");
	if (!buf_error(&link))
		buf_append_json(out, link.data, link.len);
	else
		buf_append_str(out, "null");
}

static int append_page(const struct odata_entity *e, const struct odata_scope *scope,
		       const struct http_request *req, const struct odata_options *o,
		       struct odata_sql *sql, uint64_t selected, struct buf *out)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int64_t wanted = o->top >= 0 ? o->top : e->page_max, sent = 0;
	int r = state_query_values(scope->conn, &st, NULL, sql->text.data, sql->values,
				   sql->value_count);

	if (r == 0)
		r = buf_append_str(out, ",\"value\":[");
	while (r == 0 && (r = state_step(st, NULL)) > 0) {
		if (sent == wanted || out->len > PAGE_BYTES_MAX)
			break;
		if (sent++)
			buf_append_str(out, ",");
		r = append_row(e, scope, selected, st, out);
	}
	if (r < 0)
		return r;
	buf_append_str(out, "]");
	/* With $top the caller said where the list ends. */
	if (r == 1 && (o->top < 0 || sent < wanted))
		append_next_link(req, o, sent, out);
	return buf_append_str(out, "}");
}

static int list(const struct odata_entity *e, const struct odata_scope *scope,
		const struct http_request *req, struct buf *out, struct err *err)
{
	_cleanup_(odata_sql_done) struct odata_sql sql;
	struct odata_options o;
	uint64_t selected;
	int64_t count;
	int r;

	odata_sql_init(&sql);
	r = odata_options_read(e, req, &o, err);
	if (r == 0)
		r = put_select(e, scope, &o, &sql, &selected, err);
	if (r == 0)
		r = buf_append_str(&sql.text, " ORDER BY ");
	if (r == 0)
		r = odata_order(e, o.order, &sql.text, err);
	/* One more than asked for tells whether there is more. */
	if (r == 0)
		r = buf_printf(&sql.text, " LIMIT %lld OFFSET %lld",
			       (long long)(o.top >= 0 ? o.top : e->page_max) + 1,
			       (long long)o.skip);
	if (r < 0)
		return r;
	buf_append_str(out, "{\"@odata.context\":\"");
	append_origin(req, out);
	buf_printf(out, "/api/$metadata#%s\"", e->set);
	if (o.count) {
		r = count_rows(e, scope, &o, &count);
		if (r < 0)
			return r;
		buf_printf(out, ",\"@odata.count\":%lld", (long long)count);
	}
	return append_page(e, scope, req, &o, &sql, selected, out);
}

int odata_answer_list(const struct odata_entity *e, const struct odata_scope *scope,
		      const struct http_request *req, struct http_response *res)
{
	struct err err = { 0 };
	int r = list(e, scope, req, &res->body, &err);

	if (r == -EINVAL) {
		buf_clear(&res->body);
		return api_error(req, res,
				 &(struct api_problem){ 400, "ODataError", err_msg(&err, r) });
	}
	return r < 0 ? r : http_response_json(res, 200, "", 0);
}
