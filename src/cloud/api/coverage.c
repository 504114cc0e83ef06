/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage.c - which rules look for which ATT&CK techniques: shipped, the operator's, the tenant's
 *
 * The matrix itself is the portal's: here is a flat list of rules with what they name.
 */
#include <errno.h>
#include <string.h>

#include "cloud/api/handlers.h"
#include "cloud/incident/classify.h"

#define RULES_MAX 10000

static json_t *texts(const char *const *list)
{
	json_t *out = json_array();

	for (; list && *list; list++)
		json_array_append_new(out, json_string(*list));
	return out;
}

struct covering {
	json_t *list;
	json_t *off; /* rules that the tenant has switched off, by id */
};

static int read_off(const struct api *a, const char *tenant_id, json_t *off)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(state_get(a->state), &st, NULL,
			    "SELECT rule_id FROM rule_setting WHERE tenant_id = ? AND NOT enabled",
			    "s", tenant_id);

	while (r >= 0 && (r = state_step(st, NULL)) > 0)
		json_object_set_new(off, state_text(st, 0), json_true());
	return r;
}

static void add_rule(void *arg, const struct detect_rule *rule)
{
	const struct rules_info *info = rule->info;
	const struct covering *c = arg;

	if (json_array_size(c->list) == RULES_MAX)
		return;
	json_array_append_new(
	    c->list,
	    json_pack("{s:s,s:s,s:s,s:s,s:b,s:o,s:o}", "id", info->id, "title", info->title,
		      "source", rule->custom ? "own" : "shipped", "severity",
		      classify_severity(info->level), "enabled", !json_object_get(c->off, info->id),
		      "tactics", texts(info->tactics), "techniques", texts(info->techniques)));
}

/* A custom detection names one tactic, as the category of its alerts: "CredentialAccess". */
static int add_custom(const struct api *a, const char *tenant_id, json_t *list)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(state_get(a->state), &st, NULL,
			    "SELECT id, name, severity, enabled, category, techniques FROM"
			    " custom_rule WHERE tenant_id = ? ORDER BY name",
			    "s", tenant_id);

	while (r >= 0 && (r = state_step(st, NULL)) > 0) {
		json_t *techniques = json_loads(state_text(st, 5) ?: "[]", 0, NULL);

		json_array_append_new(
		    list, json_pack("{s:s,s:s,s:s,s:s,s:b,s:[s],s:o}", "id", state_text(st, 0),
				    "title", state_text(st, 1), "source", "custom", "severity",
				    state_text(st, 2), "enabled", (int)state_int(st, 3), "tactics",
				    state_text(st, 4), "techniques", techniques ?: json_array()));
	}
	return MIN(r, 0);
}

int api_coverage(struct http_request *req, struct http_response *res, void *arg)
{
	_cleanup_(json_decrefp) json_t *list = json_array(), *off = json_object();
	const char *tenant = api_identity(req)->tenant_id;
	struct api *a = arg;
	int r = read_off(a, tenant, off);

	if (r < 0)
		return r;
	detect_each_rule(a->detect, add_rule, &(struct covering){ list, off });
	r = add_custom(a, tenant, list);
	return r < 0 ? r : api_send(res, 200, json_pack("{s:O}", "value", list));
}
