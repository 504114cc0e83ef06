/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c - the frame's search: one answer over everything that has a page
 *
 * A group is asked only of who may read what it leads to. What is found by its id or its whole name
 * stands first, since Enter opens the first.
 */
#include "cloud/api/search.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/api/handlers.h"
#include "cloud/incident/classify.h"

int search_add(struct search *s, const char *kind, const char *id, const char *title,
	       const char *detail)
{
	return json_array_append_new(s->hits, json_pack("{s:s,s:s,s:s,s:s}", "kind", kind, "id", id,
							"title", title, "detail", detail));
}

/*
 * Columns id, title, detail; parameters: tenant, text as typed, a pattern that contains it. The
 * exact match stands first by the statements' order.
 */
static const struct {
	const char *kind;
	enum access_permission permission;
	const char *sql;
} groups[] = {
	{ "device", ACCESS_PERMISSION_MACHINE_READ,
	  "SELECT id, computer_dns_name, last_ip_address FROM device WHERE tenant_id = ?1 AND"
	  " (computer_dns_name LIKE ?3 ESCAPE '\\' OR id = ?2 OR last_ip_address = ?2) ORDER BY"
	  " computer_dns_name <> ?2, last_seen_ns DESC" },
	{ "incident", ACCESS_PERMISSION_INCIDENT_READ,
	  "SELECT id, title, severity FROM incident WHERE tenant_id = ?1 AND"
	  " (title LIKE ?3 ESCAPE '\\' OR CAST(id AS TEXT) = ?2) ORDER BY CAST(id AS TEXT) <> ?2,"
	  " id DESC" },
	{ "alert", ACCESS_PERMISSION_ALERT_READ,
	  "SELECT a.id, a.title, coalesce(d.computer_dns_name, '') FROM alert a LEFT JOIN device d"
	  " ON d.tenant_id = a.tenant_id AND d.id = a.device_id WHERE a.tenant_id = ?1 AND"
	  " (a.title LIKE ?3 ESCAPE '\\' OR a.id = ?2) ORDER BY a.id <> ?2, a.created_ns DESC" },
	{ "detection", ACCESS_PERMISSION_DETECTION_READ,
	  "SELECT id, name, title FROM custom_rule WHERE tenant_id = ?1 AND"
	  " (name LIKE ?3 ESCAPE '\\' OR detector_id = ?2) ORDER BY name <> ?2, name" },
};

static int make_pattern(const char *text, struct buf *out)
{
	buf_append_str(out, "%");
	for (; *text; text++) {
		if (strchr("%_\\", *text))
			buf_append_str(out, "\\");
		buf_append(out, text, 1);
	}
	return buf_append_str(out, "%");
}

static int add_group(struct search *s, size_t group, const char *pattern)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	_cleanup_buf_ struct buf sql = BUF_INIT(4096);
	int r;

	if (!access_allows(s->who, groups[group].permission))
		return 0;
	r = buf_printf(&sql, "%s LIMIT %d", groups[group].sql, SEARCH_HITS_MAX);
	if (r == 0)
		r = state_query(state_get(s->api->state), &st, NULL, sql.data, "sss",
				s->who->tenant_id, s->text, pattern);
	while (r >= 0 && (r = state_step(st, NULL)) > 0) {
		r = search_add(s, groups[group].kind, state_text(st, 0), state_text(st, 1),
			       state_text(st, 2) ?: "");
		if (r < 0)
			return -ENOMEM;
	}
	return r;
}

struct rule_search {
	struct search *search;
	unsigned int found;
};

static bool has_technique(const struct rules_info *info, const char *text)
{
	for (const char *const *t = info->techniques; t && *t; t++)
		if (strcasecmp(*t, text) == 0)
			return true;
	return false;
}

static void add_rule(void *arg, const struct detect_rule *rule)
{
	const struct rules_info *info = rule->info;
	struct rule_search *r = arg;
	const char *text = r->search->text;

	if (r->found == SEARCH_HITS_MAX ||
	    (!strcasestr(info->title, text) && strcasecmp(info->id, text) != 0 &&
	     !has_technique(info, text)))
		return;
	r->found++;
	search_add(r->search, "rule", info->id, info->title, classify_severity(info->level));
}

static int search_state(struct search *s)
{
	struct rule_search rules = { s, 0 };
	_cleanup_buf_ struct buf pattern = BUF_INIT(4 * SEARCH_TEXT_MAX);
	int r = make_pattern(s->text, &pattern);

	for (size_t i = 0; i < ARRAY_SIZE(groups) && r == 0; i++)
		r = add_group(s, i, pattern.data);
	if (r == 0 && access_allows(s->who, ACCESS_PERMISSION_DETECTION_READ))
		detect_each_rule(s->api->detect, add_rule, &rules);
	return r;
}

/* Without the blanks around it. 0, or 1 when it has answered that there is nothing to look for. */
static int read_text(const struct http_request *req, struct http_response *res,
		     char ret_text[static SEARCH_TEXT_MAX + 1])
{
	const char *text = http_request_query(req, "text") ?: "";
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (!len || len > SEARCH_TEXT_MAX)
		return api_errorf(req, res, 400, "BadRequest", "text: 1 to %d bytes",
				  SEARCH_TEXT_MAX)
			   ?: 1;
	snprintf(ret_text, SEARCH_TEXT_MAX + 1, "%.*s", (int)len, text);
	return 0;
}

int api_search(struct http_request *req, struct http_response *res, void *arg)
{
	char text[SEARCH_TEXT_MAX + 1];
	struct search s = { arg, api_identity(req), text, NULL, false };
	bool sees_events = access_allows(s.who, ACCESS_PERMISSION_EVENT_READ);
	int r = read_text(req, res, text);

	if (r != 0)
		return MIN(r, 0);
	s.hits = json_array();
	r = s.hits ? 0 : -ENOMEM;
	/* Who types a whole hash or address means the file or the host. */
	if (r == 0 && sees_events)
		r = search_whole(&s);
	if (r == 0)
		r = search_state(&s);
	if (r == 0 && sees_events)
		r = search_names(&s);
	if (r < 0) {
		json_decref(s.hits);
		return r;
	}
	return api_send(res, 200, json_pack("{s:b,s:o}", "partial", s.partial, "value", s.hits));
}
