/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/handover.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/map.h"
#include "record.h"
#include "sensor/kernel/pins.h"
#include "vakt.skel.h"

/* Folders that are taken over at once: more than one only where sensors were killed in doing so. */
#define OTHERS_MAX 4
#define NOTED_MAX (1u << 20)
/* Both programs of one event run within this, or one of them not at all. */
#define SAME_EVENT_NS NSEC_PER_SEC

struct other {
	char folder[PINS_PATH_MAX];
	struct ring *ring; /* NULL: only to be removed */
	bool readable;	   /* the records are made as ours */
};

struct handover {
	struct other others[OTHERS_MAX];
	size_t count;
	bool done;
	int64_t since_ns, until_ns; /* both builds' programs were attached, in boot time */
	struct map *noted;	    /* hash of an event -> how many of it */
	uint64_t unreadable[KERNEL_KIND_COUNT];
};

static void count_unreadable(void *arg, const void *data, size_t len)
{
	struct handover *h = arg;
	uint32_t kind = 0;

	/* The kind comes first in every build's records; one that we do not know is newer. */
	if (len >= sizeof(kind))
		memcpy(&kind, data, sizeof(kind));
	h->unreadable[MIN(kind, (uint32_t)KERNEL_KIND_COUNT - 1)]++;
}

static int open_other(struct handover *h, struct other *o, const char *keep, ring_fn fn, void *arg,
		      struct err *err)
{
	_cleanup_close_ int fd = pins_open_map(o->folder, "ring");

	o->readable = pins_are_alike(o->folder, keep);
	if (fd < 0)
		return 0;
	return ring_open(fd, o->readable ? fn : count_unreadable, o->readable ? arg : h, &o->ring,
			 err);
}

int handover_open(const char *base, const char *keep, ring_fn fn, void *arg,
		  struct handover **ret_handover, struct err *err)
{
	_cleanup_(handover_freep) struct handover *h = calloc(1, sizeof(*h));
	int r = 0;

	if (!h)
		return err_setf(err, -ENOMEM, "out of memory");
	while (h->count < OTHERS_MAX &&
	       pins_find_other(base, keep, h->count, h->others[h->count].folder)) {
		r = open_other(h, &h->others[h->count++], keep, fn, arg, err);
		if (r < 0)
			return r;
	}
	if (!h->count) {
		*ret_handover = NULL;
		return 0;
	}
	h->noted = map_new(NOTED_MAX);
	if (!h->noted)
		return err_setf(err, -ENOMEM, "out of memory");
	*ret_handover = TAKE_PTR(h);
	return 0;
}

void handover_free(struct handover *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++) {
		ring_close(h->others[i].ring);
		if (h->done)
			pins_remove_folder(h->others[i].folder);
	}
	map_free(h->noted);
	free(h);
}

static bool is_alike(const struct bpf_map *m, int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	       info.type == (uint32_t)bpf_map__type(m) && info.key_size == bpf_map__key_size(m) &&
	       info.value_size == bpf_map__value_size(m) &&
	       info.max_entries == bpf_map__max_entries(m) &&
	       info.map_flags == bpf_map__map_flags(m);
}

/* Each ring has its counters; records under construction are nobody else's. */
static bool is_own(const struct vakt_bpf *bpf, const struct bpf_map *m)
{
	return bpf_map__is_internal(m) || m == bpf->maps.ring || m == bpf->maps.counters ||
	       m == bpf->maps.reported || m == bpf->maps.scratches;
}

static void share_map(const struct handover *h, struct bpf_map *m)
{
	for (size_t i = 0; i < h->count; i++) {
		_cleanup_close_ int fd = pins_open_map(h->others[i].folder, bpf_map__name(m));

		if (fd >= 0 && is_alike(m, fd) && bpf_map__reuse_fd(m, fd) == 0)
			return;
	}
}

void handover_share(const struct handover *h, struct vakt_bpf *bpf)
{
	struct bpf_map *m;

	/* One that nobody has in our form begins empty. */
	bpf_object__for_each_map(m, bpf->obj) {
		if (!is_own(bpf, m) && bpf_map__autocreate(m))
			share_map(h, m);
	}
}

/* What the others counted as lost and no sensor told. */
static void add_losses(const struct other *o, uint64_t lost[KERNEL_KIND_COUNT])
{
	_cleanup_close_ int counters = pins_open_map(o->folder, "counters");
	_cleanup_close_ int reported = pins_open_map(o->folder, "reported");
	_cleanup_free_ struct record_counters *all = NULL;
	int cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;

	all = cpus > 0 ? calloc((size_t)cpus, sizeof(*all)) : NULL;
	if (!all || bpf_map_lookup_elem(counters, &zero, all) < 0)
		return;
	for (uint32_t kind = 0; kind < KERNEL_KIND_COUNT; kind++) {
		uint64_t told = 0, sum = 0;

		(void)bpf_map_lookup_elem(reported, &kind, &told);
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += all[cpu].lost[kind];
		lost[kind] += sum - told;
		(void)bpf_map_update_elem(reported, &kind, &sum, BPF_ANY);
	}
}

void handover_end_programs(struct handover *h, int64_t since_ns, uint64_t lost[KERNEL_KIND_COUNT])
{
	h->since_ns = since_ns;
	for (size_t i = 0; i < h->count; i++)
		pins_retire(h->others[i].folder);
	h->until_ns = clock_boottime_ns();
	for (size_t i = 0; i < h->count; i++) {
		const struct other *o = &h->others[i];

		if (o->readable)
			add_losses(o, lost);
		else if (o->ring)
			ring_read(o->ring);
	}
	for (uint32_t kind = 0; kind < KERNEL_KIND_COUNT; kind++)
		lost[kind] += h->unreadable[kind];
}

int handover_read(struct handover *h)
{
	int count = 0;

	for (size_t i = 0; i < h->count; i++) {
		if (h->others[i].ring && h->others[i].readable)
			count += ring_read(h->others[i].ring);
	}
	return count;
}

/* What happened, to whom: the same whichever build's hooks have seen it. */
static uint64_t hash_event(const struct kernel_event *e)
{
	struct {
		uint64_t kind, tid, a, b, c;
	} key = { e->kind, e->task.tid, 0, 0, 0 };

	switch (e->kind) {
	case KERNEL_PROCESS_FORK:
		key.a = e->fork.child_pid;
		key.b = (uint64_t)e->fork.child_start_boottime_ns;
		break;
	case KERNEL_PROCESS_EXEC:
		key.a = XXH3_64bits(e->exec.path.data, e->exec.path.len);
		key.b = XXH3_64bits(e->exec.argv.data, e->exec.argv.len);
		break;
	case KERNEL_PROCESS_EXIT:
		key.a = (uint64_t)e->task.start_boottime_ns;
		break;
	case KERNEL_NET_CONNECT:
	case KERNEL_NET_ACCEPT:
	case KERNEL_NET_LISTEN:
	case KERNEL_NET_BIND:
		key.a = e->net.socket_cookie;
		key.b = (uint64_t)e->net.remote_port << 32 | (uint32_t)e->net.error;
		key.c = XXH3_64bits(e->net.remote_address, sizeof(e->net.remote_address));
		break;
	case KERNEL_FILE_CREATE:
	case KERNEL_FILE_WRITE:
	case KERNEL_FILE_RENAME:
	case KERNEL_FILE_DELETE:
	case KERNEL_FILE_MODE:
	case KERNEL_FILE_OWNER:
	case KERNEL_FILE_ATTRIBUTE:
		key.a = XXH3_64bits(e->file.path.data, e->file.path.len);
		key.b = XXH3_64bits(e->file.old_path.data, e->file.old_path.len);
		break;
	case KERNEL_DNS:
		key.a = XXH3_64bits(e->dns.message.data, e->dns.message.len);
		key.b = (uint64_t)e->dns.local_port << 16 | e->dns.incoming;
		break;
	default:
		key.a = (uint64_t)e->act.target_pid << 32 | e->act.call;
		key.b = XXH3_64bits(e->act.path.data, e->act.path.len);
		key.c = XXH3_64bits(e->act.text.data, e->act.text.len);
	}
	return XXH3_64bits(&key, sizeof(key));
}

/* Told by a change of shared state: who comes first takes it, and there is no other. */
static bool is_told_once(const struct kernel_event *e)
{
	return e->kind == KERNEL_FILE_WRITE || e->kind == KERNEL_PROCESS_READ ||
	       e->kind == KERNEL_PROCESS_WRITE || e->kind == KERNEL_NET_CLOSE;
}

void handover_note(struct handover *h, const struct kernel_event *e)
{
	uint64_t hash = hash_event(e);
	uintptr_t count;

	if (e->boottime_ns < h->since_ns || is_told_once(e))
		return;
	count = (uintptr_t)map_get_u64(h->noted, hash) + 1;
	(void)map_put_u64(h->noted, hash, (void *)count, NULL); /* full: told twice, not lost */
}

bool handover_has(struct handover *h, const struct kernel_event *e)
{
	uint64_t hash;
	uintptr_t count;

	if (!map_len(h->noted) || e->boottime_ns > h->until_ns + SAME_EVENT_NS || is_told_once(e))
		return false;
	hash = hash_event(e);
	count = (uintptr_t)map_get_u64(h->noted, hash);
	if (!count)
		return false;
	if (count == 1)
		map_remove_u64(h->noted, hash);
	else
		(void)map_put_u64(h->noted, hash, (void *)(count - 1), NULL);
	return true;
}

void handover_commit(struct handover *h, bool current)
{
	for (size_t i = 0; i < h->count; i++) {
		if (h->others[i].ring)
			ring_commit(h->others[i].ring, current);
	}
}

size_t handover_held(const struct handover *h)
{
	size_t held = 0;

	for (size_t i = 0; i < h->count; i++)
		held += h->others[i].ring ? ring_held(h->others[i].ring) : 0;
	return held;
}

bool handover_is_done(struct handover *h)
{
	h->done = clock_boottime_ns() > h->until_ns + 2 * SAME_EVENT_NS && !handover_held(h);
	return h->done;
}
