/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/tiers.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sensor/kernel/pins.h"
#include "sensor/kernel/tier_parts.h"
#include "vakt.skel.h"

#define PROGRAMS_MAX 192
#define MISSING_MAX 384
#define LSM_THAT_MUST_RUN "lsm/file_open"

struct tiers {
	enum kernel_tier first;
	struct {
		const char *program; /* name in the object's memory, or of the table */
		int error;
	} refused[PROGRAMS_MAX];
	size_t refused_count;
	int chosen[TIER_PARTS_MAX]; /* tier, or -1 */
	int cgroup_fd;
	char missing[KERNEL_KIND_COUNT][MISSING_MAX];
};

static int refusal(const struct tiers *t, const char *program)
{
	for (size_t i = 0; i < t->refused_count; i++) {
		if (strcmp(t->refused[i].program, program) == 0)
			return t->refused[i].error;
	}
	return 0;
}

/* The object is opened anew for each attempt, so names are taken from the table of parts. */
static void refuse(struct tiers *t, const char *program, int error)
{
	const char *name = tier_parts_program(program);

	if (!name || refusal(t, name) || t->refused_count == PROGRAMS_MAX)
		return;
	t->refused[t->refused_count].program = name;
	t->refused[t->refused_count++].error = error;
}

/* BTF id of what a section's name points to; negative where this kernel has no such thing. */
static int target_of(const struct btf *kernel, const char *section, enum bpf_attach_type type)
{
	const char *name = strchr(section, '/');
	char full[128];

	if (!name)
		return -EINVAL;
	if (type == BPF_TRACE_RAW_TP) {
		snprintf(full, sizeof(full), "btf_trace_%s", name + 1);
		return btf__find_by_name_kind(kernel, full, BTF_KIND_TYPEDEF);
	}
	snprintf(full, sizeof(full), "%s%s", type == BPF_LSM_MAC ? "bpf_lsm_" : "", name + 1);
	return btf__find_by_name_kind(kernel, full, BTF_KIND_FUNC);
}

/* Whether the program has run since it was attached; opens a file, lest nobody else does. */
static int check_runs(int fd)
{
	_cleanup_close_ int opened = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	if (opened < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	return info.run_cnt ? 0 : -EOPNOTSUPP;
}

/*
 * Loads and attaches a program that does nothing in the place of this one, and for the hook of
 * opened files looks whether it runs, for all of BPF LSM: a kernel that has it but not in its list
 * of security modules takes the programs and never calls them.
 */
static int try_hook(const struct btf *kernel, const struct bpf_program *p)
{
	/* r0 = 0; exit */
	const struct bpf_insn nothing[] = { { .code = 0xb7 }, { .code = 0x95 } };
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = bpf_program__expected_attach_type(p));
	_cleanup_close_ int fd = -1, link = -1;
	int target = target_of(kernel, bpf_program__section_name(p), opts.expected_attach_type);

	if (target < 0)
		return -ENOENT;
	opts.attach_btf_id = (uint32_t)target;
	fd = bpf_prog_load(bpf_program__type(p), NULL, "GPL", nothing, ARRAY_SIZE(nothing), &opts);
	if (fd < 0)
		return -errno;
	link = bpf_raw_tracepoint_open(NULL, fd);
	if (link < 0)
		return -errno;
	return strcmp(bpf_program__section_name(p), LSM_THAT_MUST_RUN) == 0 ? check_runs(fd) : 0;
}

static bool has_hook(const struct bpf_program *p)
{
	return bpf_program__type(p) == BPF_PROG_TYPE_TRACING ||
	       bpf_program__type(p) == BPF_PROG_TYPE_LSM;
}

int tiers_try_hooks(struct tiers *t, struct err *err)
{
	struct vakt_bpf *bpf = vakt_bpf__open();
	_cleanup_close_ int stats = -1;
	struct btf *kernel;
	struct bpf_program *p;
	int lsm = 0;

	if (!bpf)
		return err_setf(err, -errno, "BPF object: %m");
	kernel = btf__load_vmlinux_btf();
	if (!kernel) {
		vakt_bpf__destroy(bpf);
		return err_setf(err, -ENOTSUP, "this kernel does not describe its types (BTF)");
	}
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME); /* counts runs; ends with the descriptor */
	bpf_object__for_each_program(p, bpf->obj) {
		int r = has_hook(p) ? try_hook(kernel, p) : 0;

		if (r < 0)
			refuse(t, bpf_program__name(p), r);
		if (strcmp(bpf_program__section_name(p), LSM_THAT_MUST_RUN) == 0)
			lsm = r;
	}
	bpf_object__for_each_program(p, bpf->obj) {
		if (lsm < 0 && bpf_program__type(p) == BPF_PROG_TYPE_LSM)
			refuse(t, bpf_program__name(p), lsm);
	}
	btf__free(kernel);
	vakt_bpf__destroy(bpf);
	return 0;
}

/* A descriptor of the root of control groups (version 2), or -1. */
static int open_cgroup_root(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], root[2048], at[2048];
	int fd = -1;

	while (f && fd < 0 && fgets(line, sizeof(line), f)) {
		if (strstr(line, " - cgroup2 ") &&
		    sscanf(line, "%*s %*s %*s %2047s %2047s", root, at) == 2 &&
		    strcmp(root, "/") == 0)
			fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (f)
		fclose(f);
	return fd;
}

int tiers_new(enum kernel_tier first, struct tiers **ret_tiers)
{
	struct tiers *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->first = first;
	t->cgroup_fd = open_cgroup_root();
	*ret_tiers = t;
	return 0;
}

void tiers_free(struct tiers *t)
{
	if (!t)
		return;
	closep(&t->cgroup_fd);
	free(t);
}

/* All programs are needed, but in the last tier, where each sees for itself. */
static bool is_usable(const struct tiers *t, const struct tier_part *part, int tier)
{
	const char *const *programs = part->by_tier[tier].programs;
	size_t refused = 0, count = 0;

	for (; count < TIER_PROGRAMS_MAX && programs[count]; count++)
		refused += refusal(t, programs[count]) != 0;
	if (tier == KERNEL_TIER_TRACEPOINT)
		return refused < count;
	return count && !refused;
}

static void choose(struct tiers *t)
{
	for (size_t i = 0; i < tier_parts_count; i++) {
		t->chosen[i] = -1;
		for (int tier = KERNEL_TIER_COUNT - 1; tier >= (int)t->first; tier--) {
			if (is_usable(t, &tier_parts[i], tier))
				t->chosen[i] = tier;
		}
	}
}

void tiers_select(struct tiers *t, struct vakt_bpf *bpf)
{
	struct bpf_program *p;
	bool asks = false;

	choose(t);
	bpf_object__for_each_program(p, bpf->obj)
		bpf_program__set_autoload(p, false);
	for (size_t i = 0; i < tier_parts_count; i++) {
		const struct tier_choice *c;

		if (t->chosen[i] < 0)
			continue;
		c = &tier_parts[i].by_tier[t->chosen[i]];
		asks |= tier_parts[i].asks && t->chosen[i] != KERNEL_TIER_TRACEPOINT;
		for (size_t j = 0; j < TIER_PROGRAMS_MAX && c->programs[j]; j++) {
			p = bpf_object__find_program_by_name(bpf->obj, c->programs[j]);
			bpf_program__set_autoload(p, !refusal(t, c->programs[j]));
		}
	}
	bpf_map__set_autocreate(bpf->maps.intents, asks);
}

/* Loads one program of an object of its own, with a small ring. */
static int try_program(const char *name)
{
	struct vakt_bpf *alone = vakt_bpf__open();
	struct bpf_program *p;
	int r;

	if (!alone)
		return -errno;
	bpf_object__for_each_program(p, alone->obj)
		bpf_program__set_autoload(p, strcmp(bpf_program__name(p), name) == 0);
	bpf_map__set_max_entries(alone->maps.ring, (uint32_t)sysconf(_SC_PAGESIZE));
	r = vakt_bpf__load(alone);
	vakt_bpf__destroy(alone);
	return r;
}

bool tiers_try_each(struct tiers *t, const struct vakt_bpf *bpf)
{
	size_t before = t->refused_count;
	struct bpf_program *p;

	bpf_object__for_each_program(p, bpf->obj) {
		int r = bpf_program__autoload(p) ? try_program(bpf_program__name(p)) : 0;

		if (r < 0)
			refuse(t, bpf_program__name(p), r);
	}
	return t->refused_count > before;
}

static struct bpf_link *attach(const struct tiers *t, const struct bpf_program *p)
{
	if (bpf_program__type(p) != BPF_PROG_TYPE_CGROUP_SOCK_ADDR &&
	    bpf_program__type(p) != BPF_PROG_TYPE_CGROUP_SOCK &&
	    bpf_program__type(p) != BPF_PROG_TYPE_CGROUP_SKB)
		return bpf_program__attach(p);
	if (t->cgroup_fd < 0) {
		errno = ENOENT;
		return NULL;
	}
	return bpf_program__attach_cgroup(p, t->cgroup_fd);
}

bool tiers_attach(struct tiers *t, struct vakt_bpf *bpf)
{
	bool all = true;

	for (int i = 0; i < bpf->skeleton->prog_cnt; i++) {
		const struct bpf_prog_skeleton *s = &bpf->skeleton->progs[i];

		if (!bpf_program__autoload(*s->prog))
			continue;
		*s->link = attach(t, *s->prog);
		if (*s->link)
			continue;
		refuse(t, s->name, -errno);
		all = false;
	}
	return all;
}

void tiers_read_pins(struct tiers *t, const struct vakt_bpf *bpf, const char *folder)
{
	struct bpf_program *p;

	t->first = KERNEL_TIER_LSM;
	t->refused_count = 0;
	bpf_object__for_each_program(p, bpf->obj) {
		if (!pins_have_program(folder, bpf_program__name(p)))
			refuse(t, bpf_program__name(p), -ENOENT);
	}
	choose(t);
}

/* Adds a remark, unless it stands there already: parts of a signal share some. */
static void add_missing(struct tiers *t, enum kernel_kind kind, const char *text)
{
	char *missing = t->missing[kind];
	size_t len = strlen(missing);

	if (text && !strstr(missing, text))
		snprintf(missing + len, MISSING_MAX - len, "%s%s", len ? "; " : "", text);
}

static const char *section(const struct vakt_bpf *bpf, const char *program)
{
	return bpf_program__section_name(bpf_object__find_program_by_name(bpf->obj, program));
}

/* What of the last tier was refused: that alone is not seen. */
static void describe_refused(struct tiers *t, const struct vakt_bpf *bpf,
			     const struct tier_part *part, enum kernel_kind kind)
{
	const char *const *programs = part->by_tier[KERNEL_TIER_TRACEPOINT].programs;
	char text[160];

	for (size_t i = 0; i < TIER_PROGRAMS_MAX && programs[i]; i++) {
		int error = refusal(t, programs[i]);

		/* A kernel without that system call has nothing there to be seen. */
		if (!error || (error == -ENOENT && strncmp(section(bpf, programs[i]), "tp/syscalls/", 12) == 0))
			continue;
		snprintf(text, sizeof(text), "%s refused by the kernel: %s",
			 section(bpf, programs[i]), strerror(-error));
		add_missing(t, kind, text);
	}
}

static void describe(struct tiers *t, const struct vakt_bpf *bpf, size_t i,
		     struct kernel_signal *signal)
{
	const struct tier_part *part = &tier_parts[i];

	if (part->only_with && access(part->only_with, F_OK) < 0) {
		add_missing(t, signal->kind, part->without);
		signal->absent = true;
		return;
	}
	if (t->chosen[i] < 0) {
		describe_refused(t, bpf, part, signal->kind);
		return;
	}
	if (!signal->provider)
		signal->provider = section(bpf, part->by_tier[t->chosen[i]].programs[0]);
	if (t->chosen[i] == KERNEL_TIER_TRACEPOINT)
		describe_refused(t, bpf, part, signal->kind);
	add_missing(t, signal->kind, part->by_tier[t->chosen[i]].blind);
}

void tiers_describe(struct tiers *t, const struct vakt_bpf *bpf,
		    struct kernel_signal signals[KERNEL_KIND_COUNT])
{
	for (unsigned int kind = 0; kind < KERNEL_KIND_COUNT; kind++) {
		signals[kind] = (struct kernel_signal){ 0 };
		signals[kind].kind = (enum kernel_kind)kind;
		signals[kind].name = kernel_kind_name((enum kernel_kind)kind);
		t->missing[kind][0] = '\0';
		for (size_t i = 0; i < tier_parts_count; i++) {
			if (tier_parts[i].kinds & 1u << kind)
				describe(t, bpf, i, &signals[kind]);
		}
		signals[kind].missing = t->missing[kind][0] ? t->missing[kind] : NULL;
	}
}
