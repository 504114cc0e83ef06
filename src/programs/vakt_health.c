/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt_health.c - `vakt health`: the device's report, whole or a part of it
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "sensor/uplink/device_report.h"
#include "vakt.h"

static void print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_INDENT(2));
	putchar('\n');
}

static void print_text(const char *prefix, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		char name[256], *text;

		snprintf(name, sizeof(name), "%s%s", prefix, key);
		if (json_is_object(value)) {
			strncat(name, ".", sizeof(name) - strlen(name) - 1);
			print_text(name, value);
			continue;
		}
		text = json_dumps(value, JSON_ENCODE_ANY);
		printf("%-36s: %s\n", name, text ? text : "");
		free(text);
	}
}

static int details_sensors(const struct vakt_arguments *a, json_t *report,
			   const struct config_set *config _unused_, struct err *err)
{
	json_t *signals = json_object_get(json_object_get(report, "sensor"), "signals"), *signal;
	size_t i;

	if (!signals)
		return err_setf(err, -ENOTCONN, "vakt-sensor does not run; start it with `systemctl start "
				"vakt-sensor` or `sv start vakt-sensor`");
	if (a->json) {
		print_json(signals);
		return VAKT_DONE;
	}
	json_array_foreach(signals, i, signal) {
		const char *provider = json_string_value(json_object_get(signal, "provider"));
		const char *missing = json_string_value(json_object_get(signal, "missing"));

		printf("%-16s %-40s %s\n", json_string_value(json_object_get(signal, "name")),
		       provider ? provider : "-", missing ? missing : "");
	}
	return VAKT_DONE;
}

static int details_edr(const struct vakt_arguments *a, json_t *report,
		       const struct config_set *config _unused_, struct err *err _unused_)
{
	json_t *part = json_object();

	for (size_t i = 0; device_report_fields[i].name; i++) {
		json_t *value = json_object_get(report, device_report_fields[i].name);

		if (device_report_fields[i].edr && value)
			json_object_set(part, device_report_fields[i].name, value);
	}
	if (a->json)
		print_json(part);
	else
		print_text("", part);
	json_decref(part);
	return VAKT_DONE;
}

/* Texts of the list that are not there yet: the programs tell the same fault. */
static void merge(json_t *to, const json_t *from)
{
	json_t *text, *there;
	size_t i, j;

	json_array_foreach(from, i, text) {
		bool known = false;

		json_array_foreach(to, j, there)
			known |= json_equal(there, text);
		if (!known)
			json_array_append(to, text);
	}
}

static json_t *faults(const struct config_set *config, bool refuses)
{
	const struct config_fault *f;
	json_t *list = json_array();

	for (size_t i = 0; (f = config_set_fault(config, i)); i++)
		if (f->refuses == refuses)
			json_array_append_new(list, json_string(f->text));
	return list;
}

static json_t *without_effect(const struct config_set *config)
{
	json_t *list = json_array();
	const char *file;

	for (size_t i = 0; i < config_key_count; i++) {
		const char *json = config_set_json(config, i, &file);

		if (*file && !config_keys[i].programs)
			json_array_append_new(list, json_pack("{s:s,s:o,s:s}", "key", config_keys[i].path,
							      "value", json_loads(json, JSON_DECODE_ANY, NULL),
							      "file", file));
	}
	return list;
}

static void print_list(const char *title, json_t *list)
{
	json_t *item;
	size_t i;

	printf("%s: %zu\n", title, json_array_size(list));
	json_array_foreach(list, i, item) {
		if (json_is_string(item))
			printf("  %s\n", json_string_value(item));
		else
			printf("  %s (%s)\n", json_string_value(json_object_get(item, "key")),
			       json_string_value(json_object_get(item, "file")));
	}
}

static int details_configuration(const struct vakt_arguments *a, json_t *report,
				 const struct config_set *config, struct err *err _unused_)
{
	static const char *const programs[] = { "sensor", "uplink" };
	json_t *issues = faults(config, true), *restart = json_array(), *all;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		json_t *part = json_object_get(json_object_get(report, programs[i]), "configuration");

		merge(issues, json_object_get(part, "issues"));
		merge(restart, json_object_get(part, "restartNeeded"));
	}
	all = json_pack("{s:s,s:[s,s],s:o,s:o,s:o,s:o}", "version", config_set_version(config), "files",
			config_set_path(config, CONFIG_REFERENCE), config_set_path(config, CONFIG_OWN),
			"issues", issues, "restartNeeded", restart, "remarks", faults(config, false),
			"withoutEffect", without_effect(config));
	if (a->json) {
		print_json(all);
	} else {
		printf("version: %s\nfiles:\n  %s\n  %s\n", config_set_version(config),
		       config_set_path(config, CONFIG_REFERENCE), config_set_path(config, CONFIG_OWN));
		print_list("issues (the file is refused, what was good before stays in force)", issues);
		print_list("take effect at the next start", restart);
		print_list("remarks (accepted nevertheless)", json_object_get(all, "remarks"));
		print_list("keys without effect", json_object_get(all, "withoutEffect"));
	}
	json_decref(all);
	return VAKT_DONE;
}

static const struct {
	const char *name;
	int (*print)(const struct vakt_arguments *a, json_t *report, const struct config_set *config,
		     struct err *err);
} details[] = {
	{ "sensors", details_sensors },
	{ "configuration", details_configuration },
	{ "edr", details_edr },
};

static int print_details(const struct vakt_arguments *a, json_t *report,
			 const struct config_set *config, struct err *err)
{
	struct near near = { .word = a->details };

	for (size_t i = 0; i < ARRAY_SIZE(details); i++) {
		if (!strcmp(details[i].name, a->details))
			return details[i].print(a, report, config, err);
		near_offer(&near, details[i].name);
	}
	if (near.best)
		return err_setf(err, -EINVAL, "there are no details \"%s\"; did you mean \"%s\"?",
				a->details, near.best);
	return err_setf(err, -EINVAL, "there are no details \"%s\"; there are: sensors, configuration, edr",
			a->details);
}

static int print_field(const struct vakt_arguments *a, json_t *report, struct err *err)
{
	json_t *value = json_object_get(report, a->field);
	struct near near = { .word = a->field };

	if (value) {
		if (json_is_object(value) && !a->json)
			print_text("", value);
		else
			print_json(value);
		return VAKT_DONE;
	}
	for (size_t i = 0; device_report_fields[i].name; i++) {
		if (!strcmp(device_report_fields[i].name, a->field))
			return err_setf(err, -ENODATA, "%s is not known at present", a->field);
		near_offer(&near, device_report_fields[i].name);
	}
	if (near.best)
		return err_setf(err, -ENOENT, "there is no field \"%s\"; did you mean \"%s\"?", a->field,
				near.best);
	return err_setf(err, -ENOENT, "there is no field \"%s\"; `vakt help health` lists them", a->field);
}

static int print_whole(const struct vakt_arguments *a, json_t *report)
{
	/* Long and of its own command. */
	json_object_del(json_object_get(report, "sensor"), "signals");
	if (a->json)
		print_json(report);
	else
		print_text("", report);
	return VAKT_DONE;
}

int vakt_health(const struct vakt_arguments *a, struct err *err)
{
	struct device_report_options o = { .state_dir = a->state_dir, .run_dir = a->run_dir };
	_cleanup_(config_set_freep) struct config_set *config = NULL;
	json_t *report;
	int r = vakt_open_config(a, &config, err);

	if (r < 0)
		return r;
	o.config = config;
	report = device_report_make(&o);
	if (!report)
		return err_setf(err, -ENOMEM, "out of memory");
	r = a->details ? print_details(a, report, config, err)
	    : a->field ? print_field(a, report, err)
		       : print_whole(a, report);
	if (r == VAKT_DONE && a->check && !json_is_true(json_object_get(report, "healthy")))
		r = VAKT_UNHEALTHY;
	json_decref(report);
	return r;
}
