/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt-sensor.c - kernel events into the spool
 *
 * Opens no network connection. One thread: the ring is polled in an interval, or earlier when it
 * fills. A wake-up costs more than what it reads on a quiet machine, so the interval is longer
 * there.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "program_config.h"
#include "sensor/logs/logs.h"
#include "sensor/process/health.h"
#include "sensor/process/local_socket.h"
#include "sensor/process/monitor.h"
#include "sensor/process/outbox.h"
#include "sensor/process/spooled.h"

#define POLL_INTERVAL_NS (25 * NSEC_PER_MSEC)
#define QUIET_INTERVAL_NS (100 * NSEC_PER_MSEC)
#define QUIET_POLLS 20u /* in a row that found nothing */
#define LOGS_INTERVAL_NS (250 * NSEC_PER_MSEC)
#define DEVICE_INFO_INTERVAL_S 900

struct sensor {
	struct config_set *config;
	struct kernel *kernel;
	struct monitor *monitor;
	struct outbox *outbox;
	struct logs *logs;
	struct loop *loop;
	struct loop_source *poll_timer;
	struct local_socket *socket;
	unsigned int seconds, empty_polls;
	bool resumed;		 /* the kernel went on recording while no sensor ran */
	struct spooled *spooled; /* what the ring still holds of an earlier sensor; NULL: nothing */
	uint64_t dropped;	 /* as last written beside the stamp */
	char *exclusions;	 /* the setting in force, as JSON */
};

static const char *arg_state_dir = "/var/lib/vakt";
static const char *arg_run_dir = "/run/vakt";
static const char *arg_config_dir;	/* NULL: the usual places */
static enum kernel_tier arg_first_tier; /* of the kernel's hooks, the best that is tried */
static const char *arg_pin_dir;		/* NULL: kernel programs end with the sensor */

static int lock_file = -1;

static void stamp(struct sensor *s);

/* Rows on disk: their records may go from the kernel's ring. */
static void on_sealed(void *arg, bool last)
{
	struct sensor *s = arg;
	int64_t since;

	if (s->logs)
		logs_commit(s->logs);
	if (!s->kernel)
		return;
	if (outbox_dropped(s->outbox, &since) != s->dropped)
		stamp(s);
	kernel_commit(s->kernel, last);
	spooled_free(TAKE_PTR(s->spooled));
}

static void on_row(void *arg, const struct event *e)
{
	struct sensor *s = arg;

	if (spooled_has(s->spooled, e->cpu, e->sequence))
		return;
	/* The first that is new: what came before it is on disk. */
	if (s->spooled && s->kernel && !outbox_waiting(s->outbox))
		kernel_commit(s->kernel, false);
	outbox_add(s->outbox, e);
	if (s->kernel && kernel_held(s->kernel) > kernel_hold_max(s->kernel))
		outbox_tick(s->outbox, true);
}

static int set_pace(struct sensor *s, bool found)
{
	bool was_quiet = s->empty_polls >= QUIET_POLLS;

	s->empty_polls = found ? 0 : MIN(s->empty_polls + 1, QUIET_POLLS);
	if (was_quiet == (s->empty_polls >= QUIET_POLLS))
		return 0;
	return loop_set_interval(s->poll_timer, was_quiet ? POLL_INTERVAL_NS : QUIET_INTERVAL_NS);
}

static int on_poll(void *arg)
{
	struct sensor *s = arg;
	int r = kernel_poll(s->kernel);

	if (r >= 0)
		r = set_pace(s, r > 0);
	if (r < 0)
		return r;
	outbox_tick(s->outbox, false);
	/* Records that make no row. */
	if (!outbox_waiting(s->outbox))
		kernel_commit(s->kernel, false);
	return 0;
}

static int on_ring(void *arg, uint32_t events _unused_)
{
	return on_poll(arg);
}

static void exclude(void *arg, uint32_t pid, int64_t start_ns, int exclusion)
{
	struct sensor *s = arg;

	kernel_exclude(s->kernel, pid, start_ns, exclusion);
}

/* The text in force is kept: a change of other settings is none of exclusions. */
static int set_exclusions(struct sensor *s)
{
	const char *json = config_set_json(
		s->config, (size_t)config_key_find("exclusionSettings.exclusions", NULL), NULL);

	if (s->exclusions && strcmp(s->exclusions, json) == 0)
		return 0;
	free(s->exclusions);
	s->exclusions = strdup(json);
	kernel_exclude_none(s->kernel);
	return s->exclusions ? monitor_set_exclusions(s->monitor, json) : -ENOMEM;
}

static int on_logs(void *arg)
{
	struct sensor *s = arg;

	logs_poll(s->logs);
	return 0;
}

static void on_log_line(void *arg, const struct log_line *line)
{
	struct sensor *s = arg;

	monitor_log_line(s->monitor, line);
}

static void on_log_gap(void *arg, const char *reason, int64_t since_ns)
{
	struct sensor *s = arg;

	monitor_gap(s->monitor, "EventsDropped", "log", -1, reason, since_ns, clock_boottime_ns());
}

static int on_configuration(void *arg)
{
	struct sensor *s = arg;
	const struct config *c = config_set_values(s->config);

	program_config_tell(s->config);
	outbox_configure(s->outbox, (uint64_t)c->spool_max_bytes, c->seal_ms * NSEC_PER_MSEC);
	monitor_configure(s->monitor, (uint64_t)c->hash_max_bytes);
	logs_configure(s->logs, c);
	if (set_exclusions(s) < 0)
		return -ENOMEM;
	log_notice("configuration %s is in force", config_set_version(s->config));
	return 0;
}

static int on_hangup(void *arg)
{
	struct sensor *s = arg;

	(void)config_set_reload(s->config);
	return on_configuration(s);
}

static int on_second(void *arg)
{
	struct sensor *s = arg;
	int64_t since;
	uint64_t dropped = outbox_take_dropped(s->outbox, &since);

	if (dropped)
		monitor_gap(s->monitor, "SpoolFull", "all", (int64_t)dropped,
			    "the spool's disk budget was used up", since, clock_boottime_ns());
	monitor_tick(s->monitor);
	if (config_set_poll(s->config))
		(void)on_configuration(s);
	if (s->seconds++ % DEVICE_INFO_INTERVAL_S == 0)
		monitor_device_info(s->monitor);
	return 0;
}

/* Two sensors would send everything twice. The lock goes with the process. */
static int lock_state(struct err *err)
{
	char path[4096];
	int fd, r = dir_make(arg_state_dir, 0755, err);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/sensor.lock", arg_state_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_setf(err, -errno, "%s: %m", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_setf(err, -EBUSY, "%s is locked: another vakt-sensor runs", path);
	return fd;
}

/*
 * The lock file says when the last sensor was alive and what it had dropped without being able to
 * tell, as three numbers of equal length: written in place, it needs no room on a full disk.
 */
static void stamp(struct sensor *s)
{
	char text[80];
	int64_t since, offset = clock_realtime_ns() - clock_boottime_ns();
	int n;

	s->dropped = outbox_dropped(s->outbox, &since);
	n = snprintf(text, sizeof(text), "%020lld %020llu %020lld\n",
		     (long long)clock_realtime_ns(), (unsigned long long)s->dropped,
		     (long long)(since + offset));
	/* A failure means a longer blind interval after a crash, no more. */
	if (pwrite(lock_file, text, (size_t)n, 0) != n)
		log_debug("sensor.lock: %m");
}

static int on_stamp(void *arg)
{
	stamp(arg);
	return 0;
}

/* From the last sensor's end until now nobody watched, unless the kernel recorded on. */
static void report_last_sensor(struct sensor *s)
{
	int64_t offset =
	    clock_realtime_ns() - clock_boottime_ns(); /* the machine may have been off */
	long long last = 0, since = 0;
	unsigned long long dropped = 0;
	char text[80] = "";

	if (pread(lock_file, text, sizeof(text) - 1, 0) <= 0 ||
	    sscanf(text, "%lld %llu %lld", &last, &dropped, &since) < 1 || last <= 0)
		return;
	if (dropped)
		outbox_dropped_before(s->outbox, dropped, since - offset);
	if (!s->resumed)
		monitor_gap(s->monitor, "SensorStopped", "all", -1, "no sensor was running",
			    (int64_t)last - offset, clock_boottime_ns());
}

static int open_kernel(struct sensor *s, struct err *err)
{
	const struct config *c = config_set_values(s->config);
	const struct kernel_options options = { .ring_bytes = (uint32_t)c->ring_bytes,
						.first_tier = arg_first_tier,
						.connection_ends = (enum kernel_ends)c->connection_ends,
						.pin_dir = arg_pin_dir,
						.hold = true };
	const struct kernel_handlers handlers = { monitor_on_event, monitor_on_loss, s->monitor };
	int r = kernel_open(&options, &handlers, &s->kernel, err);

	s->resumed = r == 0 && kernel_resumed(s->kernel);
	return r;
}

static void note_spooled(void *arg, uint16_t cpu, uint64_t sequence)
{
	struct sensor *s = arg;

	if (cpu == LOG_CPU)
		logs_note_spooled(s->logs, sequence);
}

/* What the last sensor wrote, and was killed before it could tell. */
static int open_logs(struct sensor *s, const char *spool, const char *boot_id, struct err *err)
{
	const struct logs_options options = { .state_dir = arg_state_dir,
					      .on_line = on_log_line,
					      .on_gap = on_log_gap,
					      .arg = s };
	int r;

	/* Without it a few rows may come twice: no reason not to start. */
	if (spooled_read(spool, boot_id, &s->spooled, err) < 0)
		log_warning("last frame of the spool: %s", err->msg);
	r = logs_new(&options, config_set_values(s->config), &s->logs, err);
	if (r < 0)
		return r;
	spooled_each(s->spooled, note_spooled, s);
	/* The kernel began to count anew: its numbers mean nothing any more. */
	if (!s->resumed)
		spooled_free(TAKE_PTR(s->spooled));
	return 0;
}

static int sensor_open(struct sensor *s, struct err *err)
{
	const struct config *c = config_set_values(s->config);
	struct monitor_options monitor = { .processes_max = (size_t)c->processes_max,
					   .hash_max_bytes = (uint64_t)c->hash_max_bytes,
					   .on_event = on_row,
					   .exclude = exclude,
					   .arg = s };
	struct outbox_options outbox = { .spool_max_bytes = (uint64_t)c->spool_max_bytes,
					 .seal_after_ns = c->seal_ms * NSEC_PER_MSEC,
					 .on_sealed = on_sealed,
					 .arg = s };
	_cleanup_free_ char *boot_id = NULL;
	char spool[4096];
	int r;

	r = file_read("/proc/sys/kernel/random/boot_id", 64, &boot_id, NULL, err);
	if (r < 0)
		return r;
	boot_id[strcspn(boot_id, "\n")] = '\0';
	snprintf(spool, sizeof(spool), "%s/spool", arg_state_dir);
	outbox.spool_dir = spool;
	outbox.boot_id = monitor.boot_id = boot_id;
	r = outbox_new(&outbox, &s->outbox, err);
	if (r == 0)
		r = monitor_new(&monitor, &s->monitor, err);
	if (r == 0)
		r = open_kernel(s, err);
	if (r == 0)
		r = open_logs(s, spool, boot_id, err);
	if (r < 0)
		return r;
	/* After attaching: a process that starts in between is found at least once. */
	r = monitor_read_proc(s->monitor);
	if (r >= 0)
		r = set_exclusions(s);
	return r < 0 ? err_setf(err, r, "/proc: %s", strerror(-r)) : 0;
}

static void on_health(void *arg, struct buf *out)
{
	struct sensor *s = arg;

	sensor_health(&(struct sensor_parts){ s->kernel, s->monitor, s->outbox, s->logs, s->config }, out);
}

static int open_socket(struct sensor *s, struct err *err)
{
	char path[4096];
	int r = dir_make(arg_run_dir, 0755, err);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/sensor.sock", arg_run_dir);
	return local_socket_open(s->loop, path, on_health, s, &s->socket, err);
}

static int sensor_run(struct sensor *s, struct err *err)
{
	int r = loop_new(&s->loop, err);

	if (r < 0)
		return r;
	r = open_socket(s, err);
	if (r < 0)
		return r;
	r = loop_handle_signals(s->loop, on_hangup, s);
	if (r == 0)
		r = loop_add_fd(s->loop, kernel_fd(s->kernel), EPOLLIN, on_ring, s, NULL);
	if (r == 0)
		r = loop_add_timer(s->loop, POLL_INTERVAL_NS, on_poll, s, &s->poll_timer);
	if (r == 0)
		r = loop_add_timer(s->loop, LOGS_INTERVAL_NS, on_logs, s, NULL);
	if (r == 0)
		r = loop_add_timer(s->loop, NSEC_PER_SEC, on_second, s, NULL);
	if (r == 0)
		r = loop_add_timer(s->loop, NSEC_PER_SEC, on_stamp, s, NULL);
	if (r == 0)
		r = loop_run(s->loop);
	return r < 0 ? err_setf(err, r, "event loop: %s", strerror(-r)) : 0;
}

static void sensor_done(struct sensor *s)
{
	if (s->kernel)
		(void)kernel_poll(s->kernel);
	if (s->outbox)
		outbox_tick(s->outbox, true);
	if (s->kernel && s->outbox)
		stamp(s);
	kernel_close(s->kernel);
	logs_free(s->logs);
	monitor_free(s->monitor);
	outbox_free(s->outbox);
	spooled_free(s->spooled);
	local_socket_close(s->socket);
	loop_free(s->loop);
	config_set_free(s->config);
	free(s->exclusions);
}

static int parse_arguments(int argc, char **argv)
{
	static const struct option options[] = { { "state-dir", required_argument, NULL, 's' },
						 { "run-dir", required_argument, NULL, 'r' },
						 { "pin-dir", required_argument, NULL, 'p' },
						 { "config-dir", required_argument, NULL, 'c' },
						 { "kernel-tier", required_argument, NULL, 'k' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 's') {
			arg_state_dir = optarg;
			continue;
		}
		if (c == 'p') {
			arg_pin_dir = optarg;
			continue;
		}
		if (c == 'c') {
			arg_config_dir = optarg;
			continue;
		}
		if (c == 'r') {
			arg_run_dir = optarg;
			continue;
		}
		if (c == 'k' && kernel_tier_parse(optarg, &arg_first_tier) == 0)
			continue;
		fprintf(
		    c == 'h' ? stdout : stderr,
		    "usage: vakt-sensor [--state-dir DIR] [--run-dir DIR] "
		    "[--pin-dir DIR] [--config-dir DIR] [--kernel-tier lsm|fentry|tracepoint]\n");
		return c == 'h' ? 1 : -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sensor s = { 0 };
	struct err err = { 0 };
	int r = parse_arguments(argc, argv);

	if (r != 0)
		return r < 0 ? 2 : 0;
	log_init("sensor");
	r = lock_file = lock_state(&err);
	if (r >= 0)
		r = program_config_open(arg_config_dir, arg_state_dir, true, &s.config, &err);
	if (r >= 0)
		r = sensor_open(&s, &err);
	if (r >= 0) {
		report_last_sensor(&s);
		stamp(&s);
		log_notice("started, %zu KiB of kernel memory",
			   kernel_memory_bytes(s.kernel) >> 10);
		r = sensor_run(&s, &err);
	}
	sensor_done(&s);
	if (r < 0) {
		log_error("%s", err_msg(&err, r));
		return 1;
	}
	log_notice("stopped");
	return 0;
}
