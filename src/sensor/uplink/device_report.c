/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/uplink/device_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sensor/uplink/identity.h"
#include "sensor/uplink/local_ask.h"

#define CLOCK_OFFSET_MAX_S 60
#define CERTIFICATE_SOON_NS (3 * 86400LL * NSEC_PER_SEC)

struct sources {
	const struct device_report_options *options;
	const struct config *config;
	json_t *sensor, *uplink; /* NULL: does not run */
	struct identity id;
	bool onboarded; /* the identity's folder tells, or the sender where the folder may not be read */
	bool have_id;   /* id is filled */
	json_t *issues;
};

static void add_issue(struct sources *s, const char *fmt, ...) _printf_(2, 3);

static void add_issue(struct sources *s, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < json_array_size(s->issues); i++)
		if (!strcmp(json_string_value(json_array_get(s->issues, i)), text))
			return;
	json_array_append_new(s->issues, json_string(text));
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void check_sensor(struct sources *s)
{
	json_t *signals = json_object_get(s->sensor, "signals"), *signal;
	size_t i;

	if (!s->sensor) {
		add_issue(s, "vakt-sensor does not run; `systemctl start vakt-sensor` or `sv start "
			     "vakt-sensor` starts it");
		return;
	}
	json_array_foreach(signals, i, signal) {
		if (json_is_null(json_object_get(signal, "provider")) &&
		    !json_is_true(json_object_get(signal, "absent")))
			add_issue(s, "no events of %s: %s", text_of(signal, "name"),
				  text_of(signal, "missing"));
	}
}

static void check_configuration(struct sources *s, const char *program, const json_t *report)
{
	const json_t *restart = json_object_get(report, "restartNeeded"), *text;
	const json_t *issues = json_object_get(report, "issues");
	size_t i;

	json_array_foreach(issues, i, text)
		add_issue(s, "%s", json_string_value(text));
	json_array_foreach(restart, i, text)
		add_issue(s, "%s takes effect when %s is started again", json_string_value(text),
			  program);
}

static void check_own_configuration(struct sources *s)
{
	const struct config_fault *f;

	for (size_t i = 0; (f = config_set_fault(s->options->config, i)); i++)
		if (f->refuses)
			add_issue(s, "%s", f->text);
}

/* Words for each state of the sender in which nothing is sent. */
static void check_connection(struct sources *s)
{
	const char *state = text_of(s->uplink, "state"), *reason = text_of(s->uplink, "reason");

	if (!s->onboarded) {
		add_issue(s, "this device is not onboarded; `vakt onboard --token FILE` does that");
		return;
	}
	if (!s->uplink)
		return;
	if (!strcmp(state, "disconnected"))
		add_issue(s, "the control plane cannot be reached: %s; `vakt connectivity test` looks "
			     "closer", reason);
	else if (!strcmp(state, "notTrusted"))
		add_issue(s, "the control plane refuses this device: %s; `vakt onboard --token FILE` "
			     "with a new token brings it back", reason);
	else if (!strcmp(state, "cloned") || json_is_true(json_object_get(s->uplink, "cloneSuspected")))
		add_issue(s, "this device's identity is used by another machine too; `vakt onboard "
			     "--token FILE` with a new token makes a new one");
	else if (!strcmp(state, "failed"))
		add_issue(s, "vakt-uplink cannot work: %s", reason);
}

static void check_times(struct sources *s)
{
	json_int_t offset_s = number_of(s->uplink, "clockOffsetNs") / NSEC_PER_SEC;

	if (offset_s > CLOCK_OFFSET_MAX_S || offset_s < -CLOCK_OFFSET_MAX_S)
		add_issue(s, "this machine's clock is %lld seconds %s the control plane's",
			  llabs(offset_s), offset_s > 0 ? "ahead of" : "behind");
	if (s->have_id && s->id.not_after_ns - clock_realtime_ns() < CERTIFICATE_SOON_NS &&
	    s->id.not_after_ns - s->id.not_before_ns > 2 * CERTIFICATE_SOON_NS)
		add_issue(s, "the device's certificate could not be renewed and ends within three days");
}

static void find_issues(struct sources *s)
{
	check_sensor(s);
	if (!s->uplink)
		add_issue(s, "vakt-uplink does not run; `systemctl start vakt-uplink` or `sv start "
			     "vakt-uplink` starts it");
	check_connection(s);
	check_times(s);
	check_own_configuration(s);
	check_configuration(s, "vakt-sensor", json_object_get(s->sensor, "configuration"));
	check_configuration(s, "vakt-uplink", json_object_get(s->uplink, "configuration"));
}

static json_t *get_healthy(const struct sources *s)
{
	return json_boolean(json_array_size(s->issues) == 0);
}

static json_t *get_issues(const struct sources *s)
{
	return json_incref(s->issues);
}

static json_t *get_licensed(const struct sources *s)
{
	return json_boolean(s->onboarded);
}

static json_t *get_version(const struct sources *s _unused_)
{
	return json_string(VAKT_VERSION);
}

/* From the folder, or as the sender tells it. */
static json_t *identity_text(const struct sources *s, const char *own, const char *name)
{
	const char *value = s->have_id ? own : text_of(s->uplink, name);

	return s->onboarded && *value ? json_string(value) : NULL;
}

static json_t *get_tenant(const struct sources *s)
{
	return identity_text(s, s->id.tenant_id, "tenantId");
}

static json_t *get_device(const struct sources *s)
{
	return identity_text(s, s->id.device_id, "deviceId");
}

static json_t *get_machine(const struct sources *s)
{
	return identity_text(s, s->id.machine_uid, "machineUid");
}

static json_t *get_server(const struct sources *s)
{
	return identity_text(s, s->id.server, "server");
}

static json_t *get_cloud_enabled(const struct sources *s)
{
	return json_boolean(s->onboarded && s->uplink);
}

static json_t *get_connected(const struct sources *s)
{
	return s->uplink ? json_boolean(!strcmp(text_of(s->uplink, "state"), "connected")) : NULL;
}

/* Nanoseconds since 1970 as text; NULL for 0, which means never. */
static json_t *get_time(json_int_t ns)
{
	char text[CLOCK_RFC3339_SIZE];

	if (!ns)
		return NULL;
	clock_format_rfc3339(ns, 0, text);
	return json_string(text);
}

static json_t *get_last_contact(const struct sources *s)
{
	return get_time(number_of(s->uplink, "lastSuccessNs"));
}

static json_t *get_certificate_end(const struct sources *s)
{
	return s->onboarded ? get_time(s->have_id ? s->id.not_after_ns
						  : number_of(s->uplink, "certificateExpiryNs"))
			    : NULL;
}

static json_t *get_clock_offset(const struct sources *s)
{
	return s->uplink ? json_integer(number_of(s->uplink, "clockOffsetNs") / NSEC_PER_MSEC)
			 : NULL;
}

static json_t *get_log_level(const struct sources *s _unused_)
{
	size_t key = (size_t)config_key_find("vakt.logLevel", NULL);

	return json_loads(config_set_json(s->options->config, key, NULL), JSON_DECODE_ANY, NULL);
}

static json_t *get_events_by(const struct sources *s)
{
	const char *first;

	if (!s->sensor)
		return json_string("unavailable");
	first = text_of(json_array_get(json_object_get(s->sensor, "signals"), 0), "provider");
	return json_string(*first ? "ebpf" : "disabled");
}

static json_t *get_tags(const struct sources *s)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < CONFIG_TAGS_MAX && s->config->tags[i][0]; i++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "key", "GROUP", "value",
						      s->config->tags[i]));
	return list;
}

static json_t *get_groups(const struct sources *s)
{
	return json_string(s->config->group_ids);
}

static json_t *get_configuration(const struct sources *s)
{
	return json_string(config_set_version(s->options->config));
}

static json_t *get_without_effect(const struct sources *s)
{
	return json_integer((json_int_t)config_set_without_effect(s->options->config));
}

static json_t *get_remarks(const struct sources *s)
{
	const struct config_fault *f;
	json_int_t n = 0;

	for (size_t i = 0; (f = config_set_fault(s->options->config, i)); i++)
		n += !f->refuses;
	return json_integer(n);
}

static json_t *get_lost(const struct sources *s)
{
	return s->sensor ? json_integer(number_of(s->sensor, "events_lost") +
					number_of(s->sensor, "events_dropped"))
			 : NULL;
}

static json_t *get_spool(const struct sources *s)
{
	const json_t *from = s->uplink ? s->uplink : s->sensor;

	return from ? json_integer(number_of(from, s->uplink ? "spoolBytes" : "spool_bytes")) : NULL;
}

/* name, shown by --details edr, where it comes from, what it says */
#define FIELDS(X)                                                                                  \
	X(healthy, false, get_healthy, "true when there is no issue")                              \
	X(health_issues, false, get_issues, "what is wrong and what to do")                        \
	X(licensed, false, get_licensed, "whether this device is onboarded")                       \
	X(app_version, false, get_version, "version of Vakt")                                      \
	X(org_id, false, get_tenant, "tenant")                                                     \
	X(log_level, false, get_log_level, "vakt.logLevel")                                        \
	X(machine_guid, false, get_machine, "hash of machine-id and hardware")                     \
	X(cloud_enabled, false, get_cloud_enabled, "whether events are sent to a control plane")   \
	X(cloud_server, false, get_server, "address of the control plane")                         \
	X(cloud_connected, false, get_connected, "whether its last answer was good")               \
	X(cloud_last_contact, false, get_last_contact, "time of that answer")                      \
	X(certificate_expiration, false, get_certificate_end, "end of the device's certificate")   \
	X(clock_offset_milliseconds, false, get_clock_offset, "this clock minus the control plane's")   \
	X(supplementary_events_subsystem, false, get_events_by, "what kernel events come by")      \
	X(events_lost, false, get_lost, "since the sensor started; each is in SensorGaps")         \
	X(spool_bytes, false, get_spool, "waiting to be sent")                                     \
	X(configuration_without_effect, false, get_without_effect,                                 \
	  "keys given that have no effect yet: --details configuration")                           \
	X(configuration_remarks, false, get_remarks, "faults in keys without effect: likewise")    \
	X(edr_device_tags, true, get_tags, "edr.tags")                                             \
	X(edr_group_ids, true, get_groups, "edr.groupIds")                                         \
	X(edr_configuration_version, true, get_configuration, "changes with the settings")         \
	X(edr_client_version, true, get_version, "version of the sensor")                          \
	X(edr_machine_id, true, get_device, "this device's id at the control plane")

#define AS_FIELD(name_, edr_, get_, doc_) { #name_, edr_, doc_ },
const struct device_report_field device_report_fields[] = { FIELDS(AS_FIELD){ NULL, false, NULL } };

#define AS_GETTER(name_, edr_, get_, doc_) get_,
static json_t *(*const getters[])(const struct sources *s) = { FIELDS(AS_GETTER) };

static void read_identity(struct sources *s)
{
	int r = identity_load(s->options->state_dir, &s->id, NULL);

	s->have_id = r == 0;
	s->onboarded = r == 0 || (r == -EACCES && *text_of(s->uplink, "deviceId") &&
				  strcmp(text_of(s->uplink, "state"), "notOnboarded") != 0);
}

json_t *device_report_make(const struct device_report_options *o)
{
	struct sources s = { .options = o, .config = config_set_values(o->config),
			     .sensor = local_ask(o->run_dir, "sensor"),
			     .uplink = o->uplink ? json_incref(o->uplink)
						 : local_ask(o->run_dir, "uplink"),
			     .issues = json_array() };
	json_t *report = json_object();

	read_identity(&s);
	find_issues(&s);
	for (size_t i = 0; report && device_report_fields[i].name; i++) {
		json_t *value = getters[i](&s);

		if (value)
			json_object_set_new(report, device_report_fields[i].name, value);
	}
	if (s.sensor)
		json_object_set(report, "sensor", s.sensor);
	if (s.uplink)
		json_object_set(report, "uplink", s.uplink);
	json_decref(s.sensor);
	json_decref(s.uplink);
	json_decref(s.issues);
	if (s.have_id)
		identity_done(&s.id);
	return report;
}
