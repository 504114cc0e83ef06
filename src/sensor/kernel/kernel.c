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
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "record.h"
#include "sensor/kernel/decode.h"
#include "sensor/kernel/path_clean.h"
#include "sensor/kernel/pins.h"
#include "sensor/kernel/ring.h"
#include "vakt.skel.h"

#define RING_BYTES_DEFAULT (16u << 20)
#define LOSS_INTERVAL_NS NSEC_PER_SEC

static const char *const kind_names[KERNEL_KIND_COUNT] = {
	"process_fork", "process_exec", "process_exit", "file_create", "file_write",
	"file_rename",	"file_delete",	"net_connect",	"net_accept",  "net_listen",
};

/*
 * Program of the object -> a kind it provides. A kind with several programs names the first, and
 * tells which of the others is missing.
 */
static const struct {
	const char *program;
	enum kernel_kind kind;
} providers[] = {
	{ "on_fork", KERNEL_PROCESS_FORK },	 { "on_exec", KERNEL_PROCESS_EXEC },
	{ "on_exit", KERNEL_PROCESS_EXIT },	 { "on_openat", KERNEL_FILE_CREATE },
	{ "on_open", KERNEL_FILE_CREATE },	 { "on_openat2", KERNEL_FILE_CREATE },
	{ "on_creat", KERNEL_FILE_CREATE },	 { "on_close", KERNEL_FILE_WRITE },
	{ "on_dup2", KERNEL_FILE_WRITE },	 { "on_dup3", KERNEL_FILE_WRITE },
	{ "on_exit_files", KERNEL_FILE_WRITE },	 { "on_rename", KERNEL_FILE_RENAME },
	{ "on_renameat", KERNEL_FILE_RENAME },	 { "on_renameat2", KERNEL_FILE_RENAME },
	{ "on_unlink", KERNEL_FILE_DELETE },	 { "on_unlinkat", KERNEL_FILE_DELETE },
	{ "on_tcp_state", KERNEL_NET_CONNECT },	 { "on_connect", KERNEL_NET_CONNECT },
	{ "on_accept4", KERNEL_NET_ACCEPT },	 { "on_accept", KERNEL_NET_ACCEPT },
	{ "on_tcp_state", KERNEL_NET_LISTEN },
};

/* What a kind cannot see by its nature, where all its programs work. */
static const char *const blind_spots[KERNEL_KIND_COUNT] = {
	[KERNEL_FILE_CREATE] = "not seen: io_uring, 32-bit programs, links and special files",
	[KERNEL_FILE_WRITE] = "not seen: files closed by io_uring, close_range or execve, and "
			      "numbers over 255 at the end of a process; bytes written are growth",
	[KERNEL_FILE_RENAME] = "not seen: io_uring, 32-bit programs; no inode, links not followed",
	[KERNEL_FILE_DELETE] = "not seen: io_uring, 32-bit programs; no inode, links not followed",
	[KERNEL_NET_CONNECT] = "not seen: connections that fail before a packet is sent",
	[KERNEL_NET_ACCEPT] = "not seen: io_uring, 32-bit programs",
};

struct kernel {
	struct kernel_handlers handlers;
	struct vakt_bpf *bpf;
	struct ring *ring;
	bool hold;
	int ring_fd, counters_fd, reported_fd; /* the programs' maps, of this or an earlier run */
	const char *pin_dir;		       /* as given; only valid while opening */
	struct kernel_signal signals[KERNEL_KIND_COUNT];
	char missing[KERNEL_KIND_COUNT][96];
	uint32_t ring_bytes;
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

static void clean(struct kernel_str *s, char *memory)
{
	if (s->len > RECORD_TAIL_MAX)
		return;
	s->len = (uint32_t)path_clean(s->data, s->len, memory);
	s->data = memory;
}

static void hand_on(struct kernel *k, const void *data, size_t len)
{
	struct kernel_event e;

	if (decode_record(data, len, &e) < 0) {
		/* Our own programs wrote it: a mistake of ours, not to be met in silence. */
		k->malformed++;
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 60, "kernel record of %zu bytes makes no sense", len);
		return;
	}
	if (e.kind == KERNEL_FILE_RENAME || e.kind == KERNEL_FILE_DELETE) {
		clean(&e.file.path, k->path[0]);
		clean(&e.file.old_path, k->path[1]);
	}
	k->handlers.on_event(k->handlers.arg, &e);
}

static void on_record(void *arg, const void *data, size_t len)
{
	struct kernel *k = arg;

	hand_on(k, data, len);
	if (!k->hold)
		ring_commit(k->ring, true);
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

/* Loads and attaches one program of an object of its own, with a small ring. */
static int try_program(const char *name)
{
	struct vakt_bpf *alone = vakt_bpf__open();
	struct bpf_program *p, *wanted = NULL;
	struct bpf_link *link;
	int r;

	if (!alone)
		return -errno;
	bpf_object__for_each_program(p, alone->obj) {
		bool is = strcmp(bpf_program__name(p), name) == 0;

		bpf_program__set_autoload(p, is);
		if (is)
			wanted = p;
	}
	bpf_map__set_max_entries(alone->maps.ring, (uint32_t)sysconf(_SC_PAGESIZE));
	r = vakt_bpf__load(alone);
	if (r == 0) {
		link = bpf_program__attach(wanted);
		r = link ? 0 : -errno;
		bpf_link__destroy(link);
	}
	vakt_bpf__destroy(alone);
	return r;
}

static void note_program(struct kernel *k, const struct bpf_program *p, int r)
{
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
		enum kernel_kind kind = providers[i].kind;

		if (strcmp(providers[i].program, bpf_program__name(p)) != 0)
			continue;
		if (r < 0)
			snprintf(k->missing[kind], sizeof(k->missing[0]),
				 "%s refused by the kernel: %s", bpf_program__section_name(p),
				 strerror(-r));
		else if (!k->signals[kind].provider)
			k->signals[kind].provider = bpf_program__section_name(p);
	}
}

/* Tries each program alone: an object of which one program is refused would not load at all. */
static int try_programs(struct kernel *k)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, k->bpf->obj) {
		int r = try_program(bpf_program__name(p));

		if (r < 0)
			bpf_program__set_autoload(p, false);
		note_program(k, p, r);
	}
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

static void init_signals(struct kernel *k)
{
	for (unsigned int i = 0; i < KERNEL_KIND_COUNT; i++) {
		k->signals[i].kind = (enum kernel_kind)i;
		k->signals[i].name = kind_names[i];
	}
}

static void finish_signals(struct kernel *k)
{
	for (unsigned int i = 0; i < KERNEL_KIND_COUNT; i++) {
		k->signals[i].missing = k->missing[i][0] ? k->missing[i] : blind_spots[i];
	}
}

static int load(struct kernel *k, struct err *err)
{
	int r;

	mount_tracefs();
	r = try_programs(k);
	if (r < 0)
		return err_setf(err, r, "BPF object: %s", strerror(-r));
	bpf_map__set_max_entries(k->bpf->maps.scratches, k->cpus * RECORD_SCRATCHES);
	bpf_map__set_max_entries(k->bpf->maps.ring, k->ring_bytes);
	/* A reader that holds records back keeps up to a quarter of the ring. */
	k->bpf->rodata->wake_bytes = k->hold ? k->ring_bytes / 8 * 3 : k->ring_bytes / 8;
	r = vakt_bpf__load(k->bpf);
	if (r < 0)
		return err_setf(err, r, "BPF object does not load: %s%s", strerror(-r),
				r == -EPERM ? " (root, or CAP_BPF and CAP_PERFMON, is needed)" : "");
	r = vakt_bpf__attach(k->bpf);
	if (r < 0)
		return err_setf(err, r, "BPF programs do not attach: %s", strerror(-r));
	k->ring_fd = dup(bpf_map__fd(k->bpf->maps.ring));
	k->counters_fd = dup(bpf_map__fd(k->bpf->maps.counters));
	k->reported_fd = dup(bpf_map__fd(k->bpf->maps.reported));
	return 0;
}

/* Takes up the maps of programs that an earlier run of the same build left attached. */
static int resume(struct kernel *k, const char *folder, struct err *err)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, k->bpf->obj)
		note_program(k, p, pins_have_program(folder, bpf_program__name(p)) ? 0 : -EPERM);
	k->ring_fd = pins_open_map(folder, "ring");
	k->counters_fd = pins_open_map(folder, "counters");
	k->reported_fd = pins_open_map(folder, "reported");
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

	if (!k->pin_dir)
		return load(k, err);
	r = pins_prepare(k->pin_dir, k->ring_bytes, folder, err);
	if (r < 0)
		return r;
	/* First what a crash left half done; another build's programs end when ours are there. */
	if (pins_exist(folder)) {
		pins_remove(k->pin_dir, folder);
		return resume(k, folder, err);
	}
	r = load(k, err);
	if (r < 0)
		return r;
	pins_remove(k->pin_dir, NULL);
	return pins_write(folder, k->bpf, err);
}

static int open_object(struct kernel *k, struct err *err)
{
	int r;

	k->bpf = vakt_bpf__open();
	if (!k->bpf)
		return err_setf(err, -errno, "BPF object: %m");
	init_signals(k);
	r = load_or_resume(k, err);
	if (r < 0)
		return r;
	finish_signals(k);
	return ring_open(k->ring_fd, on_record, k, &k->ring, err);
}

int kernel_open(const struct kernel_options *options, const struct kernel_handlers *handlers,
		struct kernel **ret_kernel, struct err *err)
{
	_cleanup_(kernel_closep) struct kernel *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return err_setf(err, -ENOMEM, "out of memory");
	k->ring_fd = k->counters_fd = k->reported_fd = -1;
	libbpf_set_print(print_debug);
	k->handlers = *handlers;
	k->ring_bytes = options && options->ring_bytes ? options->ring_bytes : RING_BYTES_DEFAULT;
	r = libbpf_num_possible_cpus();
	if (r < 0)
		return err_setf(err, r, "number of processors: %s", strerror(-r));
	k->cpus = (unsigned int)r;
	k->counters = calloc(k->cpus, sizeof(*k->counters));
	if (!k->counters)
		return err_setf(err, -ENOMEM, "out of memory");
	k->loss_checked_ns = clock_boottime_ns();
	k->hold = options && options->hold;
	k->pin_dir = options ? options->pin_dir : NULL;
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
	vakt_bpf__destroy(k->bpf);
	closep(&k->ring_fd);
	closep(&k->counters_fd);
	closep(&k->reported_fd);
	free(k->counters);
	free(k);
}

int kernel_unpin(const char *pin_dir)
{
	int r = pins_remove(pin_dir, NULL);

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
		loss.by_kind[kind] = sum - k->lost[kind];
		k->lost[kind] = sum;
		any |= loss.by_kind[kind] > 0;
	}
	if (any)
		k->handlers.on_loss(k->handlers.arg, &loss);
	k->loss_told |= any;
	if (!k->hold)
		remember_losses(k);
}

int kernel_poll(struct kernel *k)
{
	int n = ring_read(k->ring);

	if (clock_boottime_ns() - k->loss_checked_ns >= LOSS_INTERVAL_NS)
		report_losses(k);
	return n;
}

void kernel_commit(struct kernel *k, bool current)
{
	ring_commit(k->ring, current);
	remember_losses(k);
}

size_t kernel_held(const struct kernel *k)
{
	return ring_held(k->ring);
}

size_t kernel_hold_max(const struct kernel *k)
{
	return k->ring_bytes / 4;
}

size_t kernel_signals(const struct kernel *k, const struct kernel_signal **ret_signals)
{
	*ret_signals = k->signals;
	return KERNEL_KIND_COUNT;
}

size_t kernel_memory_bytes(const struct kernel *k)
{
	struct bpf_map *m;
	size_t bytes = 0;

	bpf_object__for_each_map(m, k->bpf->obj) {
		bool ring = bpf_map__type(m) == BPF_MAP_TYPE_RINGBUF;
		size_t each = ring ? 1 : bpf_map__key_size(m) + bpf_map__value_size(m);

		if (bpf_map__type(m) == BPF_MAP_TYPE_PERCPU_ARRAY)
			each *= k->cpus;
		bytes += each * bpf_map__max_entries(m);
	}
	return bytes;
}
