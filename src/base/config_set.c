/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_set.c - the two files, what of them is in force, and what was good last
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/config.h"
#include "base/fd.h"
#include "base/jdoc.h"

#define KEPT_MODE 0644
#define VALUE_ARENA_MAX (4u << 20)

struct file {
	char path[4096], kept[4096]; /* kept: "" where nothing is */
	struct stat seen;            /* st_ino 0: not there */
	char **json;                 /* in force; NULL: gives nothing */
	struct config_fault faults[CONFIG_FAULTS_MAX];
	size_t fault_count;
};

struct config_set {
	struct file files[CONFIG_FILE_COUNT];
	bool keep;
	struct config values, started;
	char version[17];
};

static void free_hash(XXH3_state_t **state)
{
	XXH3_freeState(*state);
}

static bool has_kept_name(const struct file *f)
{
	return f->kept[0] != '\0';
}

static void forget_json(struct file *f)
{
	for (size_t i = 0; f->json && i < config_key_count; i++)
		free(f->json[i]);
	free(f->json);
	f->json = NULL;
}

static void set_fault(struct file *f, const char *what)
{
	f->fault_count = 1;
	f->faults[0].refuses = true;
	snprintf(f->faults[0].text, sizeof(f->faults[0].text), "%s", what);
}

/* Takes over a reading's values and faults; a refused one leaves the values in force. */
static void adopt(struct file *f, struct config_reading *r)
{
	f->fault_count = MIN(r->fault_count, (size_t)CONFIG_FAULTS_MAX);
	memcpy(f->faults, r->faults, f->fault_count * sizeof(f->faults[0]));
	if (r->refused)
		return;
	forget_json(f);
	f->json = TAKE_PTR(r->json);
}

/* What was good before this program started. Its faults were told when it was read first. */
static void adopt_kept(struct file *f, enum config_file which)
{
	struct config_reading r;
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (!has_kept_name(f) || file_read(f->kept, CONFIG_FILE_MAX, &text, &len, NULL) < 0 ||
	    config_read(text, len, f->kept, which, &r) < 0)
		return;
	if (!r.refused) {
		forget_json(f);
		f->json = TAKE_PTR(r.json);
	}
	config_reading_done(&r);
}

/* A failure costs no more than the defaults after a restart with a faulty file. */
static void keep_text(const struct config_set *s, const struct file *f, const char *text, size_t len)
{
	_cleanup_free_ char *old = NULL;
	size_t old_len;

	if (!s->keep || !has_kept_name(f))
		return;
	if (file_read(f->kept, CONFIG_FILE_MAX, &old, &old_len, NULL) == 0 && old_len == len &&
	    memcmp(old, text, len) == 0)
		return;
	(void)file_write_atomic(f->kept, text, len, KEPT_MODE, NULL);
}

/* A program without rights to the file reads the text that the keeping one took from it. */
static const char *source_of(const struct config_set *s, const struct file *f)
{
	if (!s->keep && has_kept_name(f) && access(f->path, R_OK) < 0 && errno == EACCES)
		return f->kept;
	return f->path;
}

static void read_file(struct config_set *s, enum config_file which, bool first)
{
	struct file *f = &s->files[which];
	const char *source = source_of(s, f);
	struct config_reading r = { 0 };
	_cleanup_free_ char *text = NULL;
	struct err err = { "" };
	size_t len = 0;
	int res;

	if (stat(source, &f->seen) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		memset(&f->seen, 0, sizeof(f->seen));
		f->fault_count = 0;
		forget_json(f);
		if (s->keep && has_kept_name(f))
			(void)unlink(f->kept);
		return;
	}
	res = file_read(source, CONFIG_FILE_MAX, &text, &len, &err);
	if (res == 0)
		res = config_read(text, len, f->path, which, &r);
	if (res < 0)
		set_fault(f, err_msg(&err, res));
	else
		adopt(f, &r);
	if (res == 0 && !r.refused)
		keep_text(s, f, text, len);
	else if (first)
		adopt_kept(f, which);
	config_reading_done(&r);
}

const char *config_set_json(const struct config_set *s, size_t key, const char **ret_file)
{
	/* Vakt's file wins. */
	for (int i = CONFIG_FILE_COUNT - 1; i >= 0; i--) {
		const struct file *f = &s->files[i];

		if (!f->json || !f->json[key])
			continue;
		if (ret_file)
			*ret_file = f->path;
		return f->json[key];
	}
	if (ret_file)
		*ret_file = "";
	return config_keys[key].unset;
}

static void fill_tags(struct config *values, const struct jdoc *list)
{
	size_t n = 0;

	memset(values->tags, 0, sizeof(values->tags));
	for (const struct jdoc *tag = list->first; tag && n < CONFIG_TAGS_MAX - 1; tag = tag->next) {
		const struct jdoc *value = jdoc_member(tag, "value");

		if (value)
			snprintf(values->tags[n++], CONFIG_TAG_SIZE, "%s", value->text);
	}
}

static int64_t choice_index(const char *choices, const char *word)
{
	size_t len = strlen(word);
	int64_t n = 0;

	for (const char *p = choices; p; p = strchr(p, '|'), n++) {
		p += *p == '|';
		if (strncmp(p, word, len) == 0 && (p[len] == '|' || !p[len]))
			return n;
	}
	return 0;
}

static void fill_log_files(struct config *values, const char *kinds, const struct jdoc *list)
{
	size_t n = 0;

	memset(values->log_files, 0, sizeof(values->log_files));
	for (const struct jdoc *f = list->first; f && n < CONFIG_LOG_FILES_MAX - 1; f = f->next, n++) {
		snprintf(values->log_files[n].path, CONFIG_LOG_PATH_SIZE, "%s",
			 jdoc_member(f, "path")->text);
		values->log_files[n].kind = choice_index(kinds, jdoc_member(f, "kind")->text);
	}
}

/* d was checked against the key before. */
static void fill(struct config *values, const struct config_key *key, const struct jdoc *d)
{
	void *field = (char *)values + key->offset;

	switch (key->type) {
	case CONFIG_INTEGER:
		*(int64_t *)field = d->integer;
		break;
	case CONFIG_CHOICE:
		*(int64_t *)field = choice_index(key->choices, d->text);
		break;
	case CONFIG_BOOL:
		*(int64_t *)field = d->boolean;
		break;
	case CONFIG_TEXT:
	case CONFIG_URL:
		snprintf(field, CONFIG_TEXT_SIZE, "%s", d->text);
		break;
	case CONFIG_TAGS:
		fill_tags(values, d);
		break;
	case CONFIG_LOG_FILES:
		fill_log_files(values, key->choices, d);
		break;
	case CONFIG_EXCLUSIONS: /* taken as JSON */
	case CONFIG_LIST:
		break;
	}
}

static void put_in_force(struct config_set *s)
{
	_cleanup_(free_hash) XXH3_state_t *hash = XXH3_createState();
	bool given = false;
	struct arena arena;

	arena_init(&arena, VALUE_ARENA_MAX);
	if (hash)
		XXH3_64bits_reset(hash);
	for (size_t i = 0; i < config_key_count; i++) {
		const struct jdoc *d;
		const char *file, *json = config_set_json(s, i, &file);

		if (*file && hash) {
			given = true;
			XXH3_64bits_update(hash, config_keys[i].path, strlen(config_keys[i].path) + 1);
			XXH3_64bits_update(hash, json, strlen(json) + 1);
		}
		arena_reset(&arena);
		if (config_keys[i].programs && jdoc_parse(&arena, json, strlen(json), &d, NULL) == 0)
			fill(&s->values, &config_keys[i], d);
	}
	arena_done(&arena);
	if (given)
		snprintf(s->version, sizeof(s->version), "%016llx",
			 (unsigned long long)XXH3_64bits_digest(hash));
	else
		strcpy(s->version, "default");
}

int config_set_reload(struct config_set *s)
{
	for (int i = 0; i < CONFIG_FILE_COUNT; i++)
		read_file(s, (enum config_file)i, false);
	put_in_force(s);
	return 1;
}

static bool is_untouched(const struct config_set *s, const struct file *f)
{
	struct stat now;

	if (stat(source_of(s, f), &now) < 0)
		return f->seen.st_ino == 0;
	return now.st_ino == f->seen.st_ino && now.st_size == f->seen.st_size &&
	       now.st_mtim.tv_sec == f->seen.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == f->seen.st_mtim.tv_nsec &&
	       now.st_ctim.tv_sec == f->seen.st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == f->seen.st_ctim.tv_nsec;
}

int config_set_poll(struct config_set *s)
{
	bool untouched = true;

	for (int i = 0; i < CONFIG_FILE_COUNT; i++)
		untouched &= is_untouched(s, &s->files[i]);
	return untouched ? 0 : config_set_reload(s);
}

static int set_paths(struct config_set *s, const struct config_options *o, struct err *err)
{
	static const char *const names[] = { [CONFIG_REFERENCE] = "mdatp_managed.json",
					     [CONFIG_OWN] = "managed.json" };
	static const char *const usual[] = { [CONFIG_REFERENCE] = CONFIG_REFERENCE_FILE,
					     [CONFIG_OWN] = CONFIG_OWN_FILE };
	int r;

	for (int i = 0; i < CONFIG_FILE_COUNT; i++) {
		struct file *f = &s->files[i];

		int n = o->dir ? snprintf(f->path, sizeof(f->path), "%s/%s", o->dir, names[i])
			       : snprintf(f->path, sizeof(f->path), "%s", usual[i]);

		if (n >= (int)sizeof(f->path) ||
		    (o->keep_dir && snprintf(f->kept, sizeof(f->kept), "%s/%s", o->keep_dir,
					     names[i]) >= (int)sizeof(f->kept)))
			return err_setf(err, -ENAMETOOLONG, "path of the configuration is too long");
	}
	if (!o->keep || !o->keep_dir)
		return 0;
	r = dir_make(o->keep_dir, 0755, err);
	/* Others read it, whatever the program's umask is. */
	if (r == 0 && chmod(o->keep_dir, 0755) < 0)
		r = err_setf(err, -errno, "%s: %m", o->keep_dir);
	return r;
}

int config_set_new(const struct config_options *options, struct config_set **ret_set,
		   struct err *err)
{
	_cleanup_(config_set_freep) struct config_set *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	s->keep = options->keep;
	r = set_paths(s, options, err);
	if (r < 0)
		return r;
	for (int i = 0; i < CONFIG_FILE_COUNT; i++)
		read_file(s, (enum config_file)i, true);
	put_in_force(s);
	s->started = s->values;
	*ret_set = TAKE_PTR(s);
	return 0;
}

void config_set_free(struct config_set *s)
{
	if (!s)
		return;
	for (int i = 0; i < CONFIG_FILE_COUNT; i++)
		forget_json(&s->files[i]);
	free(s);
}

const char *config_set_path(const struct config_set *s, enum config_file file)
{
	return s->files[file].path;
}

const struct config *config_set_values(const struct config_set *s)
{
	return &s->values;
}

const char *config_set_version(const struct config_set *s)
{
	return s->version;
}

const struct config_fault *config_set_fault(const struct config_set *s, size_t i)
{
	for (int f = 0; f < CONFIG_FILE_COUNT; f++) {
		if (i < s->files[f].fault_count)
			return &s->files[f].faults[i];
		i -= s->files[f].fault_count;
	}
	return NULL;
}

size_t config_set_without_effect(const struct config_set *s)
{
	const char *file;
	size_t n = 0;

	for (size_t i = 0; i < config_key_count; i++) {
		config_set_json(s, i, &file);
		n += *file && !config_keys[i].programs;
	}
	return n;
}

/* Keys that take effect at a start are numbers. */
static bool needs_restart(const struct config_set *s, const struct config_key *key,
			  enum config_program program)
{
	return key->restart && (key->programs & program) &&
	       memcmp((const char *)&s->values + key->offset,
		      (const char *)&s->started + key->offset, sizeof(int64_t)) != 0;
}

static void report_faults(const struct config_set *s, bool refuses, struct buf *out)
{
	const struct config_fault *f;
	const char *comma = "";

	for (size_t i = 0; (f = config_set_fault(s, i)); i++) {
		if (f->refuses != refuses)
			continue;
		buf_append_str(out, comma);
		buf_append_json(out, f->text, strlen(f->text));
		comma = ",";
	}
}

int config_set_report(const struct config_set *s, enum config_program program, struct buf *out)
{
	const char *comma = "";

	buf_printf(out, "{\"version\":\"%s\",\"withoutEffect\":%zu,\"issues\":[", s->version,
		   config_set_without_effect(s));
	report_faults(s, true, out);
	buf_append_str(out, "],\"remarks\":[");
	report_faults(s, false, out);
	buf_append_str(out, "],\"restartNeeded\":[");
	for (size_t i = 0; i < config_key_count; i++) {
		if (!needs_restart(s, &config_keys[i], program))
			continue;
		buf_printf(out, "%s\"%s\"", comma, config_keys[i].path);
		comma = ",";
	}
	return buf_append_str(out, "]}");
}
