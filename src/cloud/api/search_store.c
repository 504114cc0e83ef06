/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_store.c - the part of a search that the event store answers
 *
 * Asked while somebody types: each question has two seconds, and what does not answer in them is
 * left out and said to be.
 */
#include "cloud/api/search.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"

#define EXECUTION_S 2
#define NAME_MIN 3 /* letters */
#define DAYS(n) ((n)*86400 * NSEC_PER_SEC)

static int note(struct search *s, int r)
{
	if (r == -ENOMEM)
		return r;
	s->partial = s->partial || r < 0;
	return 0;
}

/* One that is written out whole, where it was seen in the last month. */
static int add_whole(struct search *s, enum entity_type type)
{
	struct sightings seen = { .api = s->api,
				  .tenant_id = s->who->tenant_id,
				  .execution_s = EXECUTION_S };
	const char *kind = entity_type_name(type);
	struct entity e;
	int r;

	if (entity_read(type, s->text, &e) < 0)
		return 0;
	seen.entity = &e;
	seen.to_ns = clock_realtime_ns() + DAYS(1);
	seen.from_ns = seen.to_ns - DAYS(SIGHTINGS_DAYS_DEFAULT + 1);
	r = sightings_any(&seen, NULL);
	return r > 0 ? search_add(s, kind, e.value, e.value, "") : note(s, r);
}

struct names {
	struct search *search;
	const char *kind;
};

static int add_name(const json_t *values, void *arg)
{
	const char *name = json_string_value(json_array_get(values, 0));
	struct names *n = arg;

	return name ? search_add(n->search, n->kind, name, name, "") : 0;
}

/* sql asks for names that {text:String} begins. */
static int add_names(struct search *s, const char *kind, const char *sql)
{
	_cleanup_(event_question_done) struct event_question q;
	_cleanup_buf_ struct buf answer = BUF_INIT(1u << 20);
	struct names names = { s, kind };
	int r = event_question_begin(&q, s->api, s->who->tenant_id);

	q.execution_s = EXECUTION_S;
	if (r == 0)
		r = event_question_text(&q, "text", s->text);
	if (r < 0)
		return r;
	buf_printf(&q.sql, "%s LIMIT %d", sql, SEARCH_HITS_MAX);
	r = event_question_ask(&q, &answer, NULL);
	return r < 0 ? note(s, r) : event_rows(&answer, add_name, &names);
}

#define OF_TENANT " WHERE TenantId = {tenant:String} AND Timestamp > now() - INTERVAL "

/* Programs run in everybody's name; a day of them is read, and a month of the fewer others. */
static const char users[] =
    "SELECT name FROM (SELECT DISTINCT AccountName AS name FROM vakt.DeviceLogonEvents" OF_TENANT
    "30 DAY UNION DISTINCT SELECT DISTINCT AccountName FROM vakt.AlertEvidence" OF_TENANT
    "30 DAY UNION DISTINCT SELECT DISTINCT AccountName FROM vakt.DeviceProcessEvents" OF_TENANT
    "1 DAY) WHERE startsWith(lowerUTF8(name), lowerUTF8({text:String}))"
    " ORDER BY length(name), name";

static const char domains[] =
    "SELECT name FROM (SELECT DISTINCT lower(DnsQueryString) AS name FROM"
    " vakt.DeviceEvents" OF_TENANT "7 DAY AND DnsQueryString != '' AND"
    " startsWith(lower(DnsQueryString), lower({text:String})) UNION DISTINCT SELECT DISTINCT"
    " lower(RemoteUrl) FROM vakt.DeviceNetworkEvents" OF_TENANT "7 DAY AND RemoteUrl != '' AND"
    " startsWith(lower(RemoteUrl), lower({text:String}))) ORDER BY length(name), name";

int search_whole(struct search *s)
{
	int r = add_whole(s, ENTITY_FILE);

	return r < 0 ? r : add_whole(s, ENTITY_IP);
}

int search_names(struct search *s)
{
	struct entity e;
	int r = 0;

	if (strlen(s->text) < NAME_MIN || entity_read(ENTITY_IP, s->text, &e) == 0 ||
	    entity_read(ENTITY_FILE, s->text, &e) == 0)
		return 0;
	if (entity_read(ENTITY_DOMAIN, s->text, &e) == 0)
		r = add_names(s, "domain", domains);
	return r < 0 ? r : add_names(s, "user", users);
}
