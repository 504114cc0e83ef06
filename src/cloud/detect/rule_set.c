/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/detect/rule_set.h"

#include <errno.h>
#include <fts.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/map.h"
#include "rules/rules_source.h"

#define SCRATCH_POOL_MAX 64
#define FILES_MAX 100000
#define MISSING_TEXT_MAX 4096u
#define REFUSAL_BYTES (8u << 20)
/* Of all tenants: at most 150 MiB. */
static const struct rules_correlator_limits correlation_limits = { .groups = 100000,
								   .entries = 1u << 20 };

struct rule_set {
	_Atomic unsigned int refs;
	struct rules_set *rules;
	struct rules_binding *binding;
	size_t refused;
	struct arena texts; /* of the refusals */
	struct detect_refused *refusals;
	size_t refusal_count;
	char *custom_dir;
	struct rule_count **counts; /* by rule */
	char **missing; /* by rule; NULL: it has data */
	pthread_mutex_t lock;
	struct rules_scratch *pool[SCRATCH_POOL_MAX];
	unsigned int pool_count;
	pthread_mutex_t correlating;
	struct rules_correlator *correlator;
};

static bool is_rule_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".yml") == 0 || strcmp(dot, ".yaml") == 0);
}

/* Independent of the order in which the folder lists its files. */
static int add_folder(const char *dir, uint64_t *hash, struct err *err)
{
	char *const paths[] = { (char *)dir, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	unsigned int files = 0;
	FTSENT *entry;

	if (!walk)
		return err_setf(err, -errno, "%s: %m", dir);
	while ((entry = fts_read(walk)) && files < FILES_MAX) {
		const struct stat *st = entry->fts_statp;
		struct {
			uint64_t path;
			int64_t size, seconds, nanoseconds;
			uint64_t inode;
		} file;

		if (entry->fts_info != FTS_F || !is_rule_file(entry->fts_name))
			continue;
		file.path = XXH3_64bits(entry->fts_path, entry->fts_pathlen);
		file.size = st->st_size;
		file.seconds = st->st_mtim.tv_sec;
		file.nanoseconds = st->st_mtim.tv_nsec;
		file.inode = st->st_ino;
		*hash += XXH3_64bits(&file, sizeof(file));
		files++;
	}
	fts_close(walk);
	return 0;
}

static bool has_custom(const struct detect_options *options)
{
	return options->custom_dir && access(options->custom_dir, F_OK) == 0;
}

int rule_set_fingerprint(const struct detect_options *options, uint64_t *ret_fingerprint,
			 struct err *err)
{
	uint64_t hash = 1;
	int r = add_folder(options->dir, &hash, err);

	if (r == 0 && has_custom(options))
		r = add_folder(options->custom_dir, &hash, err);
	if (r == 0)
		*ret_fingerprint = hash;
	return r;
}

struct loading {
	const struct detect_options *options;
	struct rule_set *set;
};

/* What there is no memory for is counted only. */
static void keep_refusal(struct rule_set *s, const struct rules_problem *problem)
{
	struct detect_refused kept = { .line = problem->line };

	if (!s->refusals)
		s->refusals =
		    arena_array(&s->texts, struct detect_refused, DETECT_REFUSED_MAX + 1);
	if (!s->refusals || s->refusal_count == DETECT_REFUSED_MAX)
		return;
	kept.file = arena_strdup(&s->texts, problem->file);
	kept.message = arena_strdup(&s->texts, problem->message);
	kept.title = problem->rule ? arena_strdup(&s->texts, problem->rule) : NULL;
	if (kept.file && kept.message)
		s->refusals[s->refusal_count++] = kept;
}

static void on_problem(void *arg, const struct rules_problem *problem)
{
	struct loading *l = arg;

	l->set->refused++;
	keep_refusal(l->set, problem);
	if (l->options->problem)
		l->options->problem(l->options->arg, problem);
}

static int build(struct loading *l, struct err *err)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	const struct detect_options *o = l->options;
	int r = rules_builder_new(&b);

	if (r < 0)
		return err_setf(err, r, "out of memory");
	r = rules_builder_add_dir(b, o->dir, on_problem, l, err);
	if (r >= 0 && has_custom(o))
		r = rules_builder_add_dir(b, o->custom_dir, on_problem, l, err);
	if (r < 0)
		return r;
	rules_builder_link(b, on_problem, l);
	r = rules_builder_compile(b, &l->set->rules, err);
	if (r < 0)
		return r;
	r = rules_binding_new(l->set->rules, &l->set->binding);
	if (r == 0)
		r = rules_correlator_new(l->set->rules, &correlation_limits, &l->set->correlator);
	return r < 0 ? err_setf(err, r, "out of memory") : 0;
}

static int find_missing(struct rule_set *s)
{
	s->missing = calloc(rule_set_count(s) + 1, sizeof(char *));
	if (!s->missing)
		return -ENOMEM;
	for (unsigned int i = 0; i < rule_set_count(s); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT(MISSING_TEXT_MAX);
		int r = rules_missing(s->binding, i, &text);

		if (r < 0)
			return r;
		s->missing[i] = text.len ? buf_take(&text) : NULL;
	}
	return 0;
}

static int share_counts(struct rule_set *s, const struct rule_set *before)
{
	_cleanup_(map_freep) struct map *known = map_new(before ? rule_set_count(before) + 1 : 1);
	int r = known ? 0 : -ENOMEM;

	for (unsigned int i = 0; r == 0 && before && i < rule_set_count(before); i++) {
		const char *id = rule_set_info(before, i)->id;

		r = map_put(known, id, strlen(id), before->counts[i], NULL);
	}
	for (unsigned int i = 0; r == 0 && i < rule_set_count(s); i++) {
		const char *id = rule_set_info(s, i)->id;

		s->counts[i] = map_get(known, id, strlen(id)) ?: calloc(1, sizeof(*s->counts[i]));
		if (s->counts[i])
			s->counts[i]->refs++;
		else
			r = -ENOMEM;
	}
	return r;
}

int rule_set_load(const struct detect_options *options, struct rule_set *before,
		  struct rule_set **ret_set, struct err *err)
{
	_cleanup_(rule_set_unrefp) struct rule_set *s = calloc(1, sizeof(*s));
	struct loading l = { options, s };
	int r;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	s->refs = 1;
	arena_init(&s->texts, REFUSAL_BYTES);
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->correlating, NULL);
	s->custom_dir = strdup(options->custom_dir ?: "");
	r = build(&l, err);
	if (r < 0)
		return r;
	s->counts = calloc(rules_set_count(s->rules) + 1, sizeof(struct rule_count *));
	if (!s->counts || !s->custom_dir || share_counts(s, before) < 0 ||
	    find_missing(s) < 0)
		return err_setf(err, -ENOMEM, "out of memory");
	if (before) {
		pthread_mutex_lock(&before->correlating);
		rules_correlator_adopt(s->correlator, before->correlator);
		pthread_mutex_unlock(&before->correlating);
	}
	*ret_set = TAKE_PTR(s);
	return 0;
}

struct rule_set *rule_set_ref(struct rule_set *s)
{
	s->refs++;
	return s;
}

void rule_set_unref(struct rule_set *s)
{
	if (!s || --s->refs)
		return;
	for (unsigned int i = 0; s->counts && i < rule_set_count(s); i++)
		if (s->counts[i] && --s->counts[i]->refs == 0)
			free(s->counts[i]);
	for (unsigned int i = 0; s->missing && i < rule_set_count(s); i++)
		free(s->missing[i]);
	while (s->pool_count)
		rules_scratch_free(s->pool[--s->pool_count]);
	rules_correlator_free(s->correlator);
	rules_binding_free(s->binding);
	rules_set_free(s->rules);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->correlating);
	arena_done(&s->texts);
	free(s->counts);
	free(s->missing);
	free(s->custom_dir);
	free(s);
}

size_t rule_set_count(const struct rule_set *s)
{
	return rules_set_count(s->rules);
}

size_t rule_set_refused(const struct rule_set *s)
{
	return s->refused;
}

const struct detect_refused *rule_set_refusal(const struct rule_set *s, size_t i)
{
	return i < s->refusal_count ? &s->refusals[i] : NULL;
}

const struct rules_info *rule_set_info(const struct rule_set *s, unsigned int rule)
{
	return rules_set_info(s->rules, rule);
}

bool rule_set_is_custom(const struct rule_set *s, unsigned int rule)
{
	size_t len = strlen(s->custom_dir);
	const char *file = rules_set_info(s->rules, rule)->file;

	return len && strncmp(file, s->custom_dir, len) == 0 && file[len] == '/';
}

const char *rule_set_missing(const struct rule_set *s, unsigned int rule)
{
	return s->missing[rule];
}

struct rule_count *rule_set_counter(const struct rule_set *s, unsigned int rule)
{
	return s->counts[rule];
}

struct rules_scratch *rule_set_take_scratch(struct rule_set *s)
{
	struct rules_scratch *scratch = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->pool_count)
		scratch = s->pool[--s->pool_count];
	pthread_mutex_unlock(&s->lock);
	if (!scratch && rules_scratch_new(s->rules, &scratch) < 0)
		return NULL;
	return scratch;
}

void rule_set_give_scratch(struct rule_set *s, struct rules_scratch *scratch)
{
	pthread_mutex_lock(&s->lock);
	if (s->pool_count < SCRATCH_POOL_MAX) {
		s->pool[s->pool_count++] = scratch;
		scratch = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	rules_scratch_free(scratch);
}

const struct rules_binding *rule_set_binding(const struct rule_set *s)
{
	return s->binding;
}

bool rule_set_is_silent(const struct rule_set *s, unsigned int rule)
{
	return rules_set_is_silent(s->rules, rule);
}

void rule_set_correlate(struct rule_set *s, unsigned int rule, const struct rules_occurrence *at)
{
	if (!rules_set_feeds_correlation(s->rules, rule))
		return;
	pthread_mutex_lock(&s->correlating);
	rules_correlate_event(s->binding, s->correlator, rule, at);
	pthread_mutex_unlock(&s->correlating);
}

uint64_t rule_set_uncorrelated(struct rule_set *s)
{
	struct rules_correlator_stats stats;

	pthread_mutex_lock(&s->correlating);
	rules_correlator_get_stats(s->correlator, &stats);
	pthread_mutex_unlock(&s->correlating);
	return stats.late + stats.dropped + stats.evicted;
}
