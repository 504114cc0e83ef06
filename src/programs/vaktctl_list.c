/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl_list.c - alerts and machines, a page of the API after the other
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vaktctl.h"

#define TOP_DEFAULT "100"

static int ask_list(const struct ctl_arguments *a, const char *path, json_t **ret_json,
		    struct err *err)
{
	_cleanup_(ctl_session_closep) struct ctl_session *s = NULL;
	_cleanup_buf_ struct buf address = BUF_INIT(16384);
	_cleanup_(json_decrefp) json_t *json = NULL;
	int status, r;

	buf_printf(&address, "%s?$top=", path);
	ctl_escape(&address, a->top ?: TOP_DEFAULT);
	if (a->filter) {
		buf_append_str(&address, "&$filter=");
		ctl_escape(&address, a->filter);
	}
	if (buf_error(&address))
		return err_setf(err, -EINVAL, "the filter is too long");
	r = ctl_session_open(a, &s, err);
	if (r == 0)
		r = ctl_session_ask(s, "GET", address.data, NULL, &status, &json, err);
	if (r < 0)
		return r;
	if (status != 200)
		return ctl_session_refusal(status, json, err);
	*ret_json = TAKE_PTR(json);
	return 0;
}

/* JSON has the objects whole, as the API tells them. */
static int print_list(const struct ctl_arguments *a, const char *path, const char *const *keys,
		      struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL, *names = json_array(), *rows = json_array();
	const json_t *item;
	int r = ask_list(a, path, &json, err);
	size_t i;

	if (r < 0)
		return r;
	if (a->output == CTL_JSON) {
		json_dumpf(json_object_get(json, "value"), stdout, JSON_INDENT(2));
		putchar('\n');
		return CTL_DONE;
	}
	for (i = 0; keys[i]; i++)
		json_array_append_new(names, json_string(keys[i]));
	json_array_foreach(json_object_get(json, "value"), i, item)
	{
		json_t *row = json_array();

		for (size_t k = 0; keys[k]; k++)
			json_array_append(row, json_object_get(item, keys[k]));
		json_array_append_new(rows, row);
	}
	ctl_print_rows(a->output, names, rows);
	return CTL_DONE;
}

int ctl_alerts(const struct ctl_arguments *a, struct err *err)
{
	static const char *const keys[] = { "alertCreationTime", "severity", "status", "title",
					    "computerDnsName",	 "id",	     NULL };

	return print_list(a, "/api/alerts", keys, err);
}

int ctl_machines(const struct ctl_arguments *a, struct err *err)
{
	static const char *const keys[] = { "computerDnsName",
					    "osDistribution",
					    "healthStatus",
					    "riskScore",
					    "lastSeen",
					    "id",
					    NULL };

	return print_list(a, "/api/machines", keys, err);
}
