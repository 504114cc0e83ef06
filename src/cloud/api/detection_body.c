/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detection_body.c - custom detection rules as the reference writes them
 *
 * learn.microsoft.com/graph/api/resources/security-detectionrule. What it has in read-only members,
 * and in members of ours, may be sent back and is not looked at.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cloud/api/detections.h"
#include "cloud/api/enums.h"
#include "cloud/api/handlers.h"
#include "cloud/custom/schedule.h"

#define DRAFT_BYTES_MAX (256u << 10)
#define ASSET(kind) "#microsoft.graph.security.impacted" kind "Asset"

static const char *const severities[] = { "informational", "low", "medium", "high", NULL };
static const char *const severity_words[] = { "Informational", "Low", "Medium", "High" };
static const char *const periods[] = {
#define X(name, duration, period_s, lookback_s) name,
	SCHEDULE_PERIODS(X)
#undef X
	    NULL,
};
static const char *const durations[] = {
#define X(name, duration, period_s, lookback_s) duration,
	SCHEDULE_PERIODS(X)
#undef X
	    NULL,
};
static const char *const assets[] = { ASSET("Device"), ASSET("User"), ASSET("Mailbox"), NULL };
static const char *const related[] = { "file", "process", "address", NULL };

#define TYPE                                                                                       \
	{                                                                                          \
		"@odata.type", BODY_ANY                                                            \
	}
#define READ_ONLY(name_)                                                                           \
	{                                                                                          \
		name_, BODY_ANY, .doc = "Is not looked at."                                        \
	}

static const struct body_field query_fields[] = {
	TYPE,
	{ "queryText", BODY_TEXT, .max = KQL_TEXT_MAX, .doc = "A hunting query." },
	READ_ONLY("lastModifiedDateTime"),
	{ 0 },
};
static const struct body_field schedule_fields[] = {
	TYPE,
	{ "period", BODY_TEXT, .max = 8, .values = periods,
	  .doc = "0: continuously, over what came in since." },
	{ "frequency", BODY_TEXT, .max = 8, .values = durations,
	  .doc = "The same, as a duration." },
	READ_ONLY("nextRunDateTime"),
	{ 0 },
};
static const struct body_field asset_fields[] = {
	{ "@odata.type", BODY_TEXT, .required = true, .max = 64, .values = assets },
	{ "identifier", BODY_TEXT, .required = true, .min = 1, .max = 128,
	  .doc = "A column of the result, its first letter small: deviceId." },
	{ 0 },
};
static const struct body_field related_fields[] = {
	{ "kind", BODY_TEXT, .required = true, .max = 16, .values = related },
	{ "column", BODY_TEXT, .required = true, .min = 1, .max = 128,
	  .doc = "A column of the result: SHA256." },
	{ 0 },
};
static const struct body_field alert_fields[] = {
	TYPE,
	{ "title", BODY_TEXT, .min = 1, .max = CUSTOM_TITLE_MAX,
	  .doc = "{{Column}} is filled with the result's value." },
	{ "description", BODY_TEXT, .max = CUSTOM_DESCRIPTION_MAX, .doc = "Likewise." },
	{ "severity", BODY_TEXT, .max = 16, .values = severities },
	{ "category", BODY_TEXT, .max = 32, .values = api_categories },
	{ "recommendedActions", BODY_TEXT, .nullable = true, .max = CUSTOM_DESCRIPTION_MAX },
	{ "mitreTechniques", BODY_TEXTS, .max = CUSTOM_TECHNIQUES_MAX, .doc = "T1059.004" },
	{ "impactedAssets", BODY_OBJECTS, .nullable = true, .max = 3, .fields = asset_fields,
	  .doc = "One column for each kind; without any it is the device." },
	{ "relatedEntities", BODY_OBJECTS, .nullable = true, .max = CUSTOM_ENTITIES_MAX - 3,
	  .fields = related_fields, .doc = "Columns that become evidence." },
	{ 0 },
};
static const struct body_field action_fields[] = {
	TYPE,
	{ "alertTemplate", BODY_OBJECT, .fields = alert_fields },
	{ "suppressionMinutes", BODY_NUMBER, .max = CUSTOM_SUPPRESS_MAX_S / 60,
	  .doc = "Results of the same entities join an alert for as long; 0: each is one." },
	{ "organizationalScope", BODY_ANY, .nullable = true, .doc = "null: all devices." },
	{ "responseActions", BODY_ANY, .doc = "An empty list." },
	{ 0 },
};
const struct body_field api_detection_fields[] = {
	TYPE,
	{ "displayName", BODY_TEXT, .min = 1, .max = CUSTOM_NAME_MAX },
	{ "isEnabled", BODY_BOOL },
	{ "owner", BODY_TEXT, .min = 1, .max = 128,
	  .doc = "Is told when the rule cannot run; at first who made it." },
	{ "queryCondition", BODY_OBJECT, .fields = query_fields },
	{ "schedule", BODY_OBJECT, .fields = schedule_fields },
	{ "detectionAction", BODY_OBJECT, .fields = action_fields },
	READ_ONLY("id"),
	READ_ONLY("detectorId"),
	READ_ONLY("createdBy"),
	READ_ONLY("createdDateTime"),
	READ_ONLY("lastModifiedBy"),
	READ_ONLY("lastModifiedDateTime"),
	READ_ONLY("lastRunDetails"),
	READ_ONLY("lastRunResults"),
	READ_ONLY("lastRunAlerts"),
	READ_ONLY("lastRunLeft"),
	READ_ONLY("consecutiveFailures"),
	READ_ONLY("alertCount"),
	{ 0 },
};

void api_draft_init(struct api_draft *d)
{
	d->draft = (struct custom_draft){ 0 };
	arena_init(&d->arena, DRAFT_BYTES_MAX);
}

void api_draft_done(struct api_draft *d)
{
	arena_done(&d->arena);
}

/* A member that must be there. */
static const char *need(const json_t *object, const char *path, bool partial, struct err *err)
{
	const char *name = strrchr(path, '.') ? strrchr(path, '.') + 1 : path;
	const char *text = body_text(object, name);

	if (text)
		return text;
	if (partial)
		return "";
	(void)err_setf(err, -EINVAL, "%s is needed", path);
	return NULL;
}

static int read_period(const json_t *schedule, bool partial, struct custom_draft *d,
		       struct err *err)
{
	const char *period = body_text(schedule, "period");
	const char *duration = body_text(schedule, "frequency");

	for (const struct schedule_period *p = schedule_periods; p->name; p++) {
		if (period ? !strcmp(p->name, period)
			   : duration && !strcmp(p->duration, duration)) {
			d->period_s = p->period_s;
			return 0;
		}
	}
	d->period_s = schedule_find("1H")->period_s;
	return partial ? 0 : err_setf(err, -EINVAL, "schedule.period is needed");
}

static bool is_technique(const char *text)
{
	return text[0] == 'T' && strspn(text + 1, "0123456789") == 4 &&
	       (!text[5] || (text[5] == '.' && strspn(text + 6, "0123456789") == 3 && !text[9]));
}

static int read_techniques(const json_t *list, struct custom_draft *d, struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!is_technique(text))
			return err_setf(
			    err, -EINVAL,
			    "detectionAction.alertTemplate.mitreTechniques: '%.20s' is no "
			    "technique such as T1059 or T1059.004",
			    text);
		d->techniques[d->technique_count++] = text;
	}
	return 0;
}

static int add_entity(struct api_draft *d, enum custom_kind kind, const char *column, bool capital)
{
	char *copy = arena_strdup(&d->arena, column);

	if (!copy)
		return -ENOMEM;
	if (capital)
		copy[0] = (char)toupper((unsigned char)copy[0]);
	d->draft.entities[d->draft.entity_count++] = (struct custom_entity){ kind, copy };
	return 0;
}

static unsigned int index_of(const char *const *words, const char *word)
{
	unsigned int i = 0;

	while (words[i] && strcmp(words[i], word) != 0)
		i++;
	return i;
}

static int read_entities(const json_t *alert, struct api_draft *d)
{
	const json_t *list = json_object_get(alert, "impactedAssets");
	int r = 0;

	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		const json_t *item = json_array_get(list, i);

		r = add_entity(d, CUSTOM_DEVICE + index_of(assets, body_text(item, "@odata.type")),
			       body_text(item, "identifier"), true);
	}
	list = json_object_get(alert, "relatedEntities");
	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		const json_t *item = json_array_get(list, i);

		r = add_entity(d, CUSTOM_FILE + index_of(related, body_text(item, "kind")),
			       body_text(item, "column"), false);
	}
	return r;
}

static int read_alert(const json_t *alert, bool partial, struct api_draft *ret, struct err *err)
{
	struct custom_draft *d = &ret->draft;
	const char *severity = need(alert, "detectionAction.alertTemplate.severity", partial, err);

	d->title = need(alert, "detectionAction.alertTemplate.title", partial, err);
	d->category = need(alert, "detectionAction.alertTemplate.category", partial, err);
	if (!severity || !d->title || !d->category)
		return -EINVAL;
	d->severity =
	    *severity ? severity_words[index_of(severities, severity)] : severity_words[2];
	d->description = body_text(alert, "description") ?: d->title;
	d->recommended = body_text(alert, "recommendedActions");
	if (read_entities(alert, ret) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	return read_techniques(json_object_get(alert, "mitreTechniques"), d, err);
}

/* What the reference's rules may do beside alerting, and where: refused instead of left undone. */
static int check_actions(const json_t *action, struct err *err)
{
	const json_t *scope = json_object_get(action, "organizationalScope");
	const json_t *actions = json_object_get(action, "responseActions");

	if (scope && !json_is_null(scope))
		return err_setf(
		    err, -EINVAL,
		    "detectionAction.organizationalScope: rules hold for all devices; leave "
		    "it null");
	if (json_array_size(actions) ||
	    (actions && !json_is_array(actions) && !json_is_null(actions)))
		return err_setf(
		    err, -EINVAL,
		    "detectionAction.responseActions: rules alert and do not act; leave the "
		    "list empty");
	return 0;
}

int api_draft_read(const json_t *body, bool partial, struct api_draft *ret_draft, struct err *err)
{
	const json_t *action = json_object_get(body, "detectionAction");
	const json_t *enabled = json_object_get(body, "isEnabled");
	struct custom_draft *d = &ret_draft->draft;
	int r;

	d->name = need(body, "displayName", partial, err);
	d->query =
	    need(json_object_get(body, "queryCondition"), "queryCondition.queryText", partial, err);
	if (!d->name || !d->query)
		return -EINVAL;
	d->owner = body_text(body, "owner");
	d->enabled = !enabled || json_is_true(enabled);
	d->suppress_s = body_number(action, "suppressionMinutes", 0) * 60;
	r = read_period(json_object_get(body, "schedule"), partial, d, err);
	if (r == 0)
		r = read_alert(json_object_get(action, "alertTemplate"), partial, ret_draft, err);
	return r < 0 ? r : check_actions(action, err);
}

json_t *api_draft_problems(const struct custom_problems *problems)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < problems->count; i++) {
		const struct custom_problem *p = &problems->list[i];

		json_array_append_new(
		    list, json_pack("{s:s,s:s,s:s,s:s*,s:s*,s:I,s:I,s:I,s:I}", "field", p->field,
				    "code", p->code, "message", p->message, "expected", p->expected,
				    "suggestion", p->suggestion, "line", (json_int_t)p->line,
				    "column", (json_int_t)p->column, "offset",
				    (json_int_t)p->offset, "length", (json_int_t)p->length));
	}
	return list;
}
