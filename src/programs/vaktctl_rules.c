/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vaktctl_rules.c - Sigma rules: listed, switched off and on, lowered; exceptions to them
 */
#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "vaktctl.h"

#define EXCEPTION_MAX (256 << 10)

static const char *const rule_keys[] = { "id",	    "title",	"severity",	 "state",
					 "matches", "silenced", "lastMatchTime", NULL };
static const char *const exception_keys[] = { "id",	   "ruleTitle",	     "conditions", "reason",
					      "createdBy", "expirationTime", "matches",	   NULL };

static int list_of(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		   const char *const *keys, struct err *err)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	int r = ctl_session_do(s, "GET", path, NULL, &json, err);

	if (r < 0)
		return r;
	ctl_print_objects(a->output, keys, json_object_get(json, "value"));
	return CTL_DONE;
}

static int list_rules(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		      struct err *err)
{
	return list_of(s, a, path, rule_keys, err);
}

/* Takes the body. */
static int change(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		  json_t *body, struct err *err)
{
	_cleanup_(json_decrefp) json_t *sent = body, *rule = NULL, *one = NULL;
	int r = sent ? ctl_session_do(s, "PATCH", path, sent, &rule, err) : -ENOMEM;

	if (r < 0)
		return r;
	one = json_pack("[O]", rule);
	ctl_print_objects(a->output, rule_keys, one);
	return CTL_DONE;
}

static int enable(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		  struct err *err)
{
	return change(s, a, path, json_pack("{s:b}", "enabled", 1), err);
}

static int disable(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		   struct err *err)
{
	return change(s, a, path, json_pack("{s:b}", "enabled", 0), err);
}

/* To what needs nobody's attention; `restore` takes it back. */
static int lower(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		 struct err *err)
{
	return change(s, a, path, json_pack("{s:s}", "severity", "Informational"), err);
}

static int restore(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		   struct err *err)
{
	return change(s, a, path, json_pack("{s:b,s:n}", "enabled", 1, "severity"), err);
}

/* As a file for the operator's folder. */
static int copy(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		struct err *err)
{
	_cleanup_(json_decrefp) json_t *rule = NULL;
	char address[512];
	int r;

	snprintf(address, sizeof(address), "%s/text", path);
	r = ctl_session_do(s, "GET", address, NULL, &rule, err);
	if (r < 0)
		return r;
	if (a->output == CTL_JSON)
		ctl_print_json(rule);
	else
		fputs(json_string_value(json_object_get(rule, "text")) ?: "", stdout);
	return CTL_DONE;
}

int ctl_rules(const struct ctl_arguments *a, struct err *err)
{
	static const struct ctl_verb list[] = {
		{ "list", false, list_rules }, { "enable", true, enable },
		{ "disable", true, disable },  { "lower", true, lower },
		{ "restore", true, restore },  { "copy", true, copy },
	};
	static const struct ctl_verbs verbs = { "rules", "/portal/api/rules",
						"a rule's id; `vaktctl rules` lists them", list,
						ARRAY_SIZE(list) };

	return ctl_run_verb(&verbs, a, err);
}

static int list_exceptions(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
			   struct err *err)
{
	return list_of(s, a, path, exception_keys, err);
}

static int read_exception(const struct ctl_arguments *a, json_t **ret_json, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	json_error_t error;
	size_t len;
	int r;

	if (!a->file)
		return err_setf(err, -EINVAL, "--file FILE is needed: the exception as JSON");
	r = file_read(a->file, EXCEPTION_MAX, &text, &len, err);
	if (r < 0)
		return r;
	*ret_json = json_loadb(text, len, 0, &error);
	return *ret_json ? 0
			 : err_setf(err, -EINVAL, "%s, line %d, column %d: %s", a->file, error.line,
				    error.column, error.text);
}

static int add(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
	       struct err *err)
{
	_cleanup_(json_decrefp) json_t *body = NULL, *made = NULL, *one = NULL;
	int r = read_exception(a, &body, err);

	if (r == 0)
		r = ctl_session_do(s, "POST", path, body, &made, err);
	if (r < 0)
		return r;
	one = json_pack("[O]", made);
	ctl_print_objects(a->output, exception_keys, one);
	return CTL_DONE;
}

/* The file that add takes: what only add needs is left out. */
static int preview(struct ctl_session *s, const struct ctl_arguments *a, const char *path,
		   struct err *err)
{
	static const char *const keys[] = {
		"firstEventTime", "severity", "title", "computerDnsName", "wholly", "id", NULL
	};
	_cleanup_(json_decrefp) json_t *body = NULL, *found = NULL;
	char address[64];
	int r = read_exception(a, &body, err);

	if (r < 0)
		return r;
	json_object_del(body, "reason");
	json_object_del(body, "days");
	snprintf(address, sizeof(address), "%s/preview", path);
	r = ctl_session_do(s, "POST", address, body, &found, err);
	if (r < 0)
		return r;
	if (a->output == CTL_JSON) {
		ctl_print_json(found);
		return CTL_DONE;
	}
	ctl_print_objects(a->output, keys, json_object_get(found, "alerts"));
	fprintf(stderr, "%lld of %lld alerts of the last %lld days would not have been made%s\n",
		json_integer_value(json_object_get(found, "alertCount")),
		json_integer_value(json_object_get(found, "lookedAt")),
		json_integer_value(json_object_get(found, "days")),
		json_is_true(json_object_get(found, "limited"))
		    ? "; there is more than was looked at"
		    : "");
	return CTL_DONE;
}

static int remove_exception(struct ctl_session *s, const struct ctl_arguments *a _unused_,
			    const char *path, struct err *err)
{
	_cleanup_(json_decrefp) json_t *none = NULL;
	int r = ctl_session_do(s, "DELETE", path, NULL, &none, err);

	return r < 0 ? r : CTL_DONE;
}

int ctl_exceptions(const struct ctl_arguments *a, struct err *err)
{
	static const struct ctl_verb list[] = {
		{ "list", false, list_exceptions },
		{ "add", false, add },
		{ "preview", false, preview },
		{ "remove", true, remove_exception },
	};
	static const struct ctl_verbs verbs = {
		"exceptions", "/portal/api/exceptions",
		"an exception's id; `vaktctl exceptions` lists them", list, ARRAY_SIZE(list)
	};

	return ctl_run_verb(&verbs, a, err);
}
