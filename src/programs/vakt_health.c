/* SPDX-License-Identifier: Apache-2.0 */
#include "vakt_health.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "sensor/uplink/identity.h"

#define ANSWER_MAX (256 << 10)

/* NULL: the program behind the socket does not answer. */
static json_t *ask(const char *run_dir, const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 3 };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_free_ char *text = malloc(ANSWER_MAX);
	ssize_t n;

	if (fd < 0 || !text)
		return NULL;
	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s.sock", run_dir, name) >=
	    (int)sizeof(sa.sun_path))
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return NULL;
	if (fd_write_all(fd, "{\"request\":\"health\"}\n", 21) < 0)
		return NULL;
	n = fd_read_full(fd, text, ANSWER_MAX);
	return n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
}

static void add_identity(json_t *all, const char *state_dir)
{
	struct identity id = { 0 };
	struct err err = { "" };
	bool onboarded = identity_load(state_dir, &id, &err) == 0;

	json_object_set_new(all, "licensed", json_boolean(onboarded));
	if (onboarded) {
		json_object_set_new(all, "org_id", json_string(id.tenant_id));
		json_object_set_new(all, "edr_machine_id", json_string(id.device_id));
		json_object_set_new(all, "machine_guid", json_string(id.machine_uid));
		identity_done(&id);
	}
}

static json_t *collect(const struct vakt_health_options *o)
{
	json_t *all = json_object(), *issues = json_array();
	json_t *sensor = ask(o->run_dir, "sensor"), *uplink = ask(o->run_dir, "uplink");

	if (!sensor)
		json_array_append_new(issues, json_string("vakt-sensor does not run"));
	if (!uplink)
		json_array_append_new(issues, json_string("vakt-uplink does not run"));
	add_identity(all, o->state_dir);
	if (!json_is_true(json_object_get(all, "licensed")))
		json_array_append_new(issues, json_string("this device is not onboarded"));
	json_object_set_new(all, "healthy", json_boolean(json_array_size(issues) == 0));
	json_object_set_new(all, "health_issues", issues);
	json_object_set_new(all, "app_version", json_string(VAKT_VERSION));
	json_object_set_new(all, "edr_client_version", json_string(VAKT_VERSION));
	if (sensor)
		json_object_set_new(all, "sensor", sensor);
	if (uplink)
		json_object_set_new(all, "uplink", uplink);
	return all;
}

static void print_text(const char *prefix, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		_cleanup_free_ char *text = NULL;
		char name[256];

		snprintf(name, sizeof(name), "%s%s", prefix, key);
		if (json_is_object(value)) {
			strncat(name, ".", sizeof(name) - strlen(name) - 1);
			print_text(name, value);
			continue;
		}
		text = json_dumps(value, JSON_ENCODE_ANY);
		printf("%-36s: %s\n", name, text ? text : "");
	}
}

static int print_sensors(const struct vakt_health_options *o, json_t *all, struct err *err)
{
	json_t *signals = json_object_get(json_object_get(all, "sensor"), "signals"), *signal;
	size_t i;

	if (!signals)
		return err_setf(err, -ENOTCONN,
				"vakt-sensor does not run; start it with `sv start vakt-sensor` "
				"or `systemctl start vakt-sensor`");
	if (o->json) {
		json_dumpf(signals, stdout, JSON_INDENT(2));
		putchar('\n');
		return 0;
	}
	json_array_foreach(signals, i, signal) {
		const char *provider = json_string_value(json_object_get(signal, "provider"));
		const char *missing = json_string_value(json_object_get(signal, "missing"));

		printf("%-16s %-40s %s\n", json_string_value(json_object_get(signal, "name")),
		       provider ? provider : "-", missing ? missing : "");
	}
	return 0;
}

int vakt_health(const struct vakt_health_options *o, struct err *err)
{
	json_auto_t *all = collect(o);
	json_t *shown = all;

	if (o->sensors)
		return print_sensors(o, all, err);
	/* Long and of its own command. */
	json_object_del(json_object_get(all, "sensor"), "signals");
	if (o->field) {
		shown = json_object_get(all, o->field);
		if (!shown)
			return err_setf(err, -ENOENT, "there is no field \"%s\" here", o->field);
	}
	if (!o->json && json_is_object(shown)) {
		print_text("", shown);
		return 0;
	}
	json_dumpf(shown, stdout, JSON_ENCODE_ANY | JSON_INDENT(2));
	putchar('\n');
	return 0;
}
