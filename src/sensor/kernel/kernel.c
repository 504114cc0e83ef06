/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.c - loads and attaches the programs one by one, reads the ring, counts losses
 *
 * Each program is attached for itself: what the kernel refuses is missing with its reason and the
 * rest works. Owns the BPF object, its links and the ring's reader.
 */
#include "sensor/kernel/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "record.h"
#include "sensor/kernel/decode.h"
#include "sensor/kernel/handover.h"
#include "sensor/kernel/path_clean.h"
#include "sensor/kernel/pins.h"
#include "sensor/kernel/ring.h"
#include "sensor/kernel/tiers.h"
#include "vakt.skel.h"

#define RING_BYTES_DEFAULT (16u << 20)
#define LOSS_INTERVAL_NS NSEC_PER_SEC

static const char *const kind_names[KERNEL_KIND_COUNT] = {
	"process_fork", "process_exec", "process_exit", "file_create", "file_write",
	"file_rename",	"file_delete",	"file_mode", "file_owner", "file_attribute", "net_connect",	"net_accept",  "net_listen",
	"process_trace", "process_read", "process_write", "module_load", "bpf_load",
	"mount", "unmount", "namespace", "memory_file", "signal", "privilege", "dns",
	"net_close", "net_bind",
};

struct kernel {
	struct kernel_handlers handlers;
	struct vakt_bpf *bpf;
	struct ring *ring;
	struct handover *handover;	      /* NULL: from nobody, or done */
	uint64_t carried[KERNEL_KIND_COUNT]; /* losses of others, not told yet */
	int64_t attached_ns;		      /* boot time before the first program was attached */
	struct kernel_options options;
	bool resumed;
	/* The programs' maps, of this or an earlier run. */
	int ring_fd, counters_fd, reported_fd, excluded_fd, left_out_fd;
	struct tiers *tiers;
	struct kernel_signal signals[KERNEL_KIND_COUNT];
	unsigned int cpus;
	struct record_counters *counters; /* one a processor, as last read */
	uint64_t lost[KERNEL_KIND_COUNT]; /* what has been reported so far */
	int64_t loss_checked_ns;          /* boot time */
	bool loss_told;			  /* since the last commit */
	uint64_t malformed;
	char path[2][RECORD_TAIL_MAX + 1]; /* of the event being handed on, cleaned */
};

const char *kernel_kind_name(enum kernel_kind kind)
{
	return (unsigned int)kind < KERNEL_KIND_COUNT ? kind_names[kind] : "unknown";
}

const char *kernel_bpf_type_name(uint32_t type)
{
	return libbpf_bpf_prog_type_str((enum bpf_prog_type)type);
}

int kernel_tier_parse(const char *name, enum kernel_tier *ret_tier)
{
	static const char *const names[] = { "lsm", "fentry", "tracepoint" };

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_tier = (enum kernel_tier)i;
			return 0;
		}
	}
	return -EINVAL;
}

static void clean(struct kernel_str *s, char *memory)
{
	if (s->len > RECORD_TAIL_MAX)
		return;
	s->len = (uint32_t)path_clean(s->data, s->len, memory);
	s->data = memory;
}

static bool is_file(enum kernel_kind kind)
{
	return kind >= KERNEL_FILE_CREATE && kind <= KERNEL_FILE_ATTRIBUTE;
}

static bool decode(struct kernel *k, const void *data, size_t len, struct kernel_event *ret_event)
{
	struct kernel_event *e = ret_event;

	if (decode_record(data, len, e) < 0) {
		/* Our own programs wrote it: a mistake of ours, not to be met in silence. */
		k->malformed++;
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "kernel record of %zu bytes makes no sense", len);
		return false;
	}
	/* Words of system calls, or a name behind a folder. */
	if (e->kind == KERNEL_FILE_RENAME || (is_file(e->kind) && !e->file.inode)) {
		clean(&e->file.path, k->path[0]);
		clean(&e->file.old_path, k->path[1]);
	}
	if (e->kind == KERNEL_MOUNT || e->kind == KERNEL_UNMOUNT)
		clean(&e->act.path, k->path[0]);
	return true;
}

static void on_record(void *arg, const void *data, size_t len)
{
	struct kernel *k = arg;
	struct kernel_event e;

	if (decode(k, data, len, &e) && !(k->handover && handover_has(k->handover, &e)))
		k->handlers.on_event(k->handlers.arg, &e);
	if (!k->options.hold)
		ring_commit(k->ring, true);
}

/* Of the programs of another build, that ours have taken over from. */
static void on_other_record(void *arg, const void *data, size_t len)
{
	struct kernel *k = arg;
	struct kernel_event e;

	if (decode(k, data, len, &e)) {
		handover_note(k->handover, &e);
		k->handlers.on_event(k->handlers.arg, &e);
	}
	if (!k->options.hold)
		handover_commit(k->handover, true);
}

static int print_debug(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (log_get_level() < LOG_LEVEL_DEBUG || level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("libbpf: %s", line);
	return 0;
}

/* Tracepoints of system calls are found by their numbers in tracefs; not mounted everywhere. */
static void mount_tracefs(void)
{
	if (access("/sys/kernel/tracing/events", F_OK) < 0 &&
	    mount("tracefs", "/sys/kernel/tracing", "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0)
		log_debug("tracefs: %s", strerror(errno));
}

/* Ports that the kernel gives to sockets that send without having asked for one. */
static void read_outgoing_ports(struct vakt_bpf *bpf)
{
	_cleanup_free_ char *text = NULL;
	unsigned int min, max;

	if (file_read("/proc/sys/net/ipv4/ip_local_port_range", 64, &text, NULL, NULL) == 0 &&
	    sscanf(text, "%u %u", &min, &max) == 2) {
		bpf->rodata->outgoing_port_min = min;
		bpf->rodata->outgoing_port_max = max;
	}
}

/* Numbers go on from the boot time, so that no two loadings in a boot give the same. */
static int seed_sequence(struct kernel *k)
{
	uint32_t zero = 0;

	for (unsigned int cpu = 0; cpu < k->cpus; cpu++)
		k->counters[cpu] = (struct record_counters){
			.sequence = (uint64_t)clock_boottime_ns(),
		};
	return bpf_map__update_elem(k->bpf->maps.counters, &zero, sizeof(zero), k->counters,
				    k->cpus * sizeof(*k->counters), BPF_ANY);
}

/* 0, a negative errno, or 1: to be tried again, with other programs. */
static int load_selected(struct kernel *k)
{
	int r;

	vakt_bpf__destroy(k->bpf);
	k->bpf = vakt_bpf__open();
	if (!k->bpf)
		return -errno;
	tiers_select(k->tiers, k->bpf);
	if (k->handover)
		handover_share(k->handover, k->bpf);
	bpf_map__set_max_entries(k->bpf->maps.scratches, k->cpus * RECORD_SCRATCHES);
	bpf_map__set_max_entries(k->bpf->maps.ring, k->options.ring_bytes);
	/* A reader that holds records back keeps up to a quarter of the ring. */
	k->bpf->rodata->wake_bytes = k->options.hold ? k->options.ring_bytes / 8 * 3 : k->options.ring_bytes / 8;
	k->bpf->rodata->connection_ends = k->options.connection_ends;
	read_outgoing_ports(k->bpf);
	r = vakt_bpf__load(k->bpf);
	if (r < 0)
		return tiers_try_each(k->tiers, k->bpf) ? 1 : r;
	r = seed_sequence(k);
	if (r < 0)
		return r;
	k->attached_ns = clock_boottime_ns();
	return tiers_attach(k->tiers, k->bpf) ? 0 : 1;
}

static int load(struct kernel *k, struct err *err)
{
	int r = tiers_try_hooks(k->tiers, err);

	if (r < 0)
		return r;
	mount_tracefs();
	r = 1;
	for (int tries = 0; r > 0 && tries < 2 * KERNEL_TIER_COUNT; tries++)
		r = load_selected(k);
	if (r != 0)
		return err_setf(err, r < 0 ? r : -ENOTSUP, "BPF object does not load: %s%s",
				strerror(r < 0 ? -r : ENOTSUP),
				r == -EPERM ? " (root, or CAP_BPF and CAP_PERFMON, is needed)" : "");
	k->ring_fd = dup(bpf_map__fd(k->bpf->maps.ring));
	k->counters_fd = dup(bpf_map__fd(k->bpf->maps.counters));
	k->reported_fd = dup(bpf_map__fd(k->bpf->maps.reported));
	k->excluded_fd = dup(bpf_map__fd(k->bpf->maps.excluded));
	k->left_out_fd = dup(bpf_map__fd(k->bpf->maps.left_out));
	return 0;
}

/* Takes up the maps of programs that an earlier run of the same build left attached. */
static int resume(struct kernel *k, const char *folder, struct err *err)
{
	k->bpf = vakt_bpf__open();
	if (!k->bpf)
		return err_setf(err, -errno, "BPF object: %m");
	tiers_read_pins(k->tiers, k->bpf, folder);
	k->ring_fd = pins_open_map(folder, "ring");
	k->counters_fd = pins_open_map(folder, "counters");
	k->reported_fd = pins_open_map(folder, "reported");
	k->excluded_fd = pins_open_map(folder, "excluded");
	k->left_out_fd = pins_open_map(folder, "left_out");
	if (k->ring_fd < 0 || k->counters_fd < 0 || k->reported_fd < 0)
		return err_setf(err, -ENOENT, "%s: pinned maps do not open", folder);
	for (uint32_t kind = 0; kind < KERNEL_KIND_COUNT; kind++)
		bpf_map_lookup_elem(k->reported_fd, &kind, &k->lost[kind]);
	return 0;
}

static int load_or_resume(struct kernel *k, struct err *err)
{
	char folder[PINS_PATH_MAX];
	int r;

	if (!k->options.pin_dir)
		return load(k, err);
	r = pins_prepare(k->options.pin_dir, &k->options, folder, err);
	if (r < 0)
		return r;
	pins_remove(k->options.pin_dir, false);
	r = handover_open(k->options.pin_dir, folder, on_other_record, k, &k->handover, err);
	if (r < 0)
		return r;
	k->resumed = k->handover || pins_exist(folder);
	if (pins_exist(folder)) {
		r = resume(k, folder, err);
	} else {
		r = load(k, err);
		if (r == 0)
			r = pins_write(folder, k->bpf, err);
	}
	if (r == 0 && k->handover)
		handover_end_programs(k->handover, k->attached_ns, k->carried);
	return r;
}

/* What is not told because nobody wants it. */
static void describe_settings(struct kernel *k)
{
	struct kernel_signal *s = &k->signals[KERNEL_NET_CLOSE];

	if (k->options.connection_ends == KERNEL_ENDS_NONE)
		*s = (struct kernel_signal){ .kind = s->kind, .name = s->name, .absent = true,
					     .missing = "switched off: vakt.network.connectionEnds" };
	else if (k->options.connection_ends == KERNEL_ENDS_REMOTE && s->provider)
		s->missing = "connections with other machines only: vakt.network.connectionEnds; not "
			     "seen: those from before the sensor";
}

static int open_object(struct kernel *k, struct err *err)
{
	int r = tiers_new(k->options.first_tier, &k->tiers);

	if (r < 0)
		return err_setf(err, r, "out of memory");
	r = load_or_resume(k, err);
	if (r < 0)
		return r;
	tiers_describe(k->tiers, k->bpf, k->signals);
	describe_settings(k);
	return ring_open(k->ring_fd, on_record, k, &k->ring, err);
}

int kernel_open(const struct kernel_options *options, const struct kernel_handlers *handlers,
		struct kernel **ret_kernel, struct err *err)
{
	_cleanup_(kernel_closep) struct kernel *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return err_setf(err, -ENOMEM, "out of memory");
	k->ring_fd = k->counters_fd = k->reported_fd = k->excluded_fd = k->left_out_fd = -1;
	libbpf_set_print(print_debug);
	k->handlers = *handlers;
	if (options)
		k->options = *options;
	if (!k->options.ring_bytes)
		k->options.ring_bytes = RING_BYTES_DEFAULT;
	r = libbpf_num_possible_cpus();
	if (r < 0)
		return err_setf(err, r, "number of processors: %s", strerror(-r));
	k->cpus = (unsigned int)r;
	k->counters = calloc(k->cpus, sizeof(*k->counters));
	if (!k->counters)
		return err_setf(err, -ENOMEM, "out of memory");
	k->loss_checked_ns = clock_boottime_ns();
	r = open_object(k, err);
	if (r < 0)
		return r;
	*ret_kernel = TAKE_PTR(k);
	return 0;
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	ring_close(k->ring);
	handover_free(k->handover);
	vakt_bpf__destroy(k->bpf);
	tiers_free(k->tiers);
	closep(&k->ring_fd);
	closep(&k->counters_fd);
	closep(&k->reported_fd);
	closep(&k->excluded_fd);
	closep(&k->left_out_fd);
	free(k->counters);
	free(k);
}

int kernel_unpin(const char *pin_dir)
{
	int r = pins_remove(pin_dir, true);

	return r < 0 ? r : rmdir(pin_dir) < 0 && errno != ENOENT ? -errno : 0;
}

int kernel_fd(const struct kernel *k)
{
	return ring_fd(k->ring);
}

/* What was told and is safe is not told again by the next sensor. */
static void remember_losses(struct kernel *k)
{
	for (uint32_t kind = 0; k->loss_told && kind < KERNEL_KIND_COUNT; kind++)
		bpf_map_update_elem(k->reported_fd, &kind, &k->lost[kind], BPF_ANY);
	k->loss_told = false;
}

static void report_losses(struct kernel *k)
{
	struct kernel_loss loss = { .since_boottime_ns = k->loss_checked_ns };
	uint32_t zero = 0;
	bool any = false;

	loss.until_boottime_ns = k->loss_checked_ns = clock_boottime_ns();
	if (bpf_map_lookup_elem(k->counters_fd, &zero, k->counters) < 0)
		return;
	for (unsigned int kind = 0; kind < KERNEL_KIND_COUNT; kind++) {
		uint64_t sum = 0;

		for (unsigned int cpu = 0; cpu < k->cpus; cpu++)
			sum += k->counters[cpu].lost[kind];
		loss.by_kind[kind] = sum - k->lost[kind] + k->carried[kind];
		k->lost[kind] = sum;
		k->carried[kind] = 0;
		any |= loss.by_kind[kind] > 0;
	}
	if (any)
		k->handlers.on_loss(k->handlers.arg, &loss);
	k->loss_told |= any;
	if (!k->options.hold)
		remember_losses(k);
}

int kernel_poll(struct kernel *k)
{
	int n = k->handover ? handover_read(k->handover) : 0;

	n += ring_read(k->ring);
	if (k->handover && handover_is_done(k->handover))
		handover_free(TAKE_PTR(k->handover));
	if (clock_boottime_ns() - k->loss_checked_ns >= LOSS_INTERVAL_NS)
		report_losses(k);
	return n;
}

void kernel_commit(struct kernel *k, bool current)
{
	if (k->handover)
		handover_commit(k->handover, current);
	ring_commit(k->ring, current);
	remember_losses(k);
}

size_t kernel_held(const struct kernel *k)
{
	return ring_held(k->ring) + (k->handover ? handover_held(k->handover) : 0);
}

size_t kernel_hold_max(const struct kernel *k)
{
	return k->options.ring_bytes / 4;
}

bool kernel_resumed(const struct kernel *k)
{
	return k->resumed;
}

size_t kernel_signals(const struct kernel *k, const struct kernel_signal **ret_signals)
{
	*ret_signals = k->signals;
	return KERNEL_KIND_COUNT;
}

_Static_assert(KERNEL_EXCLUSIONS_MAX == RECORD_EXCLUSIONS, "exclusions differ");

void kernel_exclude(struct kernel *k, uint32_t pid, int64_t start_ns, int exclusion)
{
	const struct record_excluded e = { .start_tick = (uint64_t)start_ns / RECORD_TICK_NS,
					   .exclusion = (uint32_t)exclusion };

	if (exclusion < 0)
		bpf_map_delete_elem(k->excluded_fd, &pid);
	else
		bpf_map_update_elem(k->excluded_fd, &pid, &e, BPF_ANY);
}

void kernel_exclude_none(struct kernel *k)
{
	uint64_t none = 0;
	uint32_t pid;

	while (bpf_map_get_next_key(k->excluded_fd, NULL, &pid) == 0 &&
	       bpf_map_delete_elem(k->excluded_fd, &pid) == 0)
		;
	for (uint32_t i = 0; i < RECORD_EXCLUSIONS; i++)
		bpf_map_update_elem(k->left_out_fd, &i, &none, BPF_ANY);
}

uint64_t kernel_excluded(const struct kernel *k, unsigned int exclusion)
{
	uint64_t count = 0;

	(void)bpf_map_lookup_elem(k->left_out_fd, &exclusion, &count);
	return count;
}

/* What the kernel says that a map takes; of rings it says nothing before 6.4. */
static size_t map_memory(int fd)
{
	_cleanup_free_ char *text = NULL;
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	const char *line;
	size_t bytes = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (file_read(path, 65536, &text, NULL, NULL) == 0) {
		line = strstr(text, "memlock:");
		bytes = line ? strtoull(line + strlen("memlock:"), NULL, 10) : 0;
	}
	if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.type == BPF_MAP_TYPE_RINGBUF)
		bytes = MAX(bytes, (size_t)info.max_entries);
	return bytes;
}

size_t kernel_memory_bytes(const struct kernel *k)
{
	char folder[PINS_PATH_MAX];
	struct bpf_map *m;
	size_t bytes = 0;

	/* Maps that were found pinned are not in the object. */
	if (k->options.pin_dir && pins_prepare(k->options.pin_dir, &k->options, folder, NULL) < 0)
		return 0;
	bpf_object__for_each_map(m, k->bpf->obj) {
		_cleanup_close_ int pinned = -1;
		int fd = bpf_map__fd(m);

		if (fd < 0 && k->options.pin_dir)
			fd = pinned = pins_open_map(folder, bpf_map__name(m));
		if (fd >= 0)
			bytes += map_memory(fd);
	}
	return bytes;
}
