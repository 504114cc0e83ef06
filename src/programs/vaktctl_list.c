/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl_list.c - alerts and machines, a page of the API after the other
 */
#include <errno.h>

#include "vaktctl.h"

#define TOP_DEFAULT "100"

static int ask_list(const struct ctl_arguments *a, const char *path, json_t **ret_json,
		    struct err *err)
{
	_cleanup_(ctl_session_closep) struct ctl_session *s = NULL;
	_cleanup_buf_ struct buf address = BUF_INIT(16384);
	int r;

	buf_printf(&address, "%s?$top=", path);
	ctl_escape(&address, a->top ?: TOP_DEFAULT);
	if (a->filter) {
		buf_append_str(&address, "&$filter=");
		ctl_escape(&address, a->filter);
	}
	if (buf_error(&address))
		return err_setf(err, -EINVAL, "the filter is too long");
	r = ctl_session_open(a, &s, err);
	return r < 0 ? r : ctl_session_do(s, "GET", address.data, NULL, ret_json, err);
}

static int print_list(const struct ctl_arguments *a, const char *path, const char *const *keys,
		      struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	int r = ask_list(a, path, &json, err);

	if (r < 0)
		return r;
	ctl_print_objects(a->output, keys, json_object_get(json, "value"));
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
