/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_info.c - the row of DeviceInfo: what this machine is
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sensor/process/monitor_internal.h"

#define T(name) DeviceInfo_##name
#define OWN_CPU UINT16_MAX

/* Value of KEY=value or KEY="value" in os-release(5) text; NULL where it is missing. */
static const char *release_value(struct monitor *m, const char *text, const char *key)
{
	size_t key_len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		size_t len;

		line += *line == '\n';
		if (strncmp(line, key, key_len) != 0 || line[key_len] != '=')
			continue;
		line += key_len + 1;
		line += *line == '"';
		len = strcspn(line, "\"\n");
		return arena_strndup(&m->arena, line, len);
	}
	return NULL;
}

static void set_file_line(struct monitor *m, unsigned int field, const char *path)
{
	_cleanup_free_ char *text = NULL;

	if (file_read(path, 4096, &text, NULL, NULL) == 0)
		event_set_str(&m->event, field,
			      arena_strndup(&m->arena, text, strcspn(text, "\n")));
}

void monitor_device_info(struct monitor *m)
{
	_cleanup_free_ char *release = NULL;
	struct event *e = &m->event;
	struct utsname uts;

	arena_reset(&m->arena);
	event_init(e, EVENT_DeviceInfo);
	e->boottime_ns = clock_boottime_ns();
	e->cpu = OWN_CPU;
	e->sequence = (uint64_t)e->boottime_ns << 8 | (m->own_sequence++ & 0xff);
	event_set_int(e, T(Timestamp), monitor_wall_ns(m, e->boottime_ns));
	event_set_str(e, T(ClientVersion), VAKT_VERSION);
	event_set_str(e, T(OSPlatform), "Linux");
	event_set_str(e, T(DeviceCategory), "Endpoint");
	event_set_str(e, T(DeviceType), "Server");
	event_set_str(e, T(OnboardingStatus), "Onboarded");
	event_set_str(e, T(SensorHealthState), "Active");
	if (uname(&uts) == 0) {
		event_set_str(e, T(OSArchitecture), uts.machine);
		event_set_str(e, T(OSVersionInfo), uts.release);
	}
	if (file_read("/etc/os-release", 16384, &release, NULL, NULL) == 0) {
		event_set_str(e, T(OSDistribution), release_value(m, release, "ID"));
		event_set_str(e, T(OSVersion), release_value(m, release, "VERSION_ID"));
	}
	set_file_line(m, T(HardwareUuid), "/sys/class/dmi/id/product_uuid");
	set_file_line(m, T(Vendor), "/sys/class/dmi/id/sys_vendor");
	set_file_line(m, T(Model), "/sys/class/dmi/id/product_name");
	monitor_emit(m, e);
}
