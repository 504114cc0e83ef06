/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - one text against the table: what it sets and what is wrong with it
 *
 * Knows nothing of files but their name; which text is in force is decided in config_set.c.
 */
#include "base/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jdoc.h"
#include "base/near.h"
#include "base/utf8.h"

#define PATH_MAX_BYTES 256
#define ARENA_MAX (16u << 20)
#define VALUE_JSON_MAX CONFIG_FILE_MAX

struct reading {
	const char *name;
	enum config_file file;
	struct config_reading *out;
};

bool config_is_section(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < config_key_count; i++)
		if (strncmp(config_keys[i].path, path, len) == 0 &&
		    (len == 0 || config_keys[i].path[len] == '.'))
			return true;
	return false;
}

/* "parent.name" of the key or of the section it lies in; false where it is not below parent. */
static bool name_below(const struct config_key *key, const char *parent, char out[PATH_MAX_BYTES])
{
	size_t len = strlen(parent);
	const char *rest = key->path + len + (len > 0);

	if (strncmp(key->path, parent, len) != 0 || (len && key->path[len] != '.'))
		return false;
	snprintf(out, PATH_MAX_BYTES, "%.*s", (int)strcspn(rest, "."), rest);
	return true;
}

/* Whether a key before this one stands in the same section or is the same. */
static bool named_before(size_t index, const char *parent, const char *name)
{
	char earlier[PATH_MAX_BYTES];

	for (size_t i = 0; i < index; i++)
		if (name_below(&config_keys[i], parent, earlier) && strcmp(earlier, name) == 0)
			return true;
	return false;
}

/* What may stand at this place, in the order of the table, as far as it is short. */
static void list_names(const char *parent, struct buf *out)
{
	char name[PATH_MAX_BYTES];
	const char *comma = "";

	for (size_t i = 0; i < config_key_count; i++) {
		if (!name_below(&config_keys[i], parent, name) || named_before(i, parent, name))
			continue;
		if (buf_printf(out, "%s%s", comma, name) < 0)
			return;
		comma = ", ";
	}
}

/* Words behind an unknown name: the near one, one of another section, or all that may stand here. */
static void suggest(const char *parent, const char *name, struct buf *out)
{
	char candidate[PATH_MAX_BYTES], best[PATH_MAX_BYTES] = "";
	unsigned int distance = UINT_MAX;

	for (size_t i = 0; i < config_key_count; i++) {
		struct near near = { .word = name };

		if (!name_below(&config_keys[i], parent, candidate))
			continue;
		near_offer(&near, candidate);
		if (near.best && near.distance < distance) {
			distance = near.distance;
			strcpy(best, candidate);
		}
	}
	if (best[0]) {
		buf_printf(out, "did you mean \"%s%s%s\"?", parent, *parent ? "." : "", best);
		return;
	}
	for (size_t i = 0; i < config_key_count; i++) {
		const char *dot = strrchr(config_keys[i].path, '.');

		if (dot && strcmp(dot + 1, name) == 0) {
			buf_printf(out, "did you mean \"%s\"?", config_keys[i].path);
			return;
		}
	}
	buf_append_str(out, "known here: ");
	list_names(parent, out);
}

int config_key_find(const char *path, struct err *err)
{
	_cleanup_buf_ struct buf hint = BUF_INIT(400);
	struct near near = { .word = path };
	char parent[PATH_MAX_BYTES];
	const char *dot;

	for (size_t i = 0; i < config_key_count; i++) {
		if (strcmp(config_keys[i].path, path) == 0)
			return (int)i;
		near_offer(&near, config_keys[i].path);
	}
	if (near.best)
		return err_setf(err, -ENOENT, "there is no key \"%s\"; did you mean \"%s\"?", path,
				near.best);
	if (config_is_section(path)) {
		list_names(path, &hint);
		return err_setf(err, -ENOENT, "\"%s\" is a section; it has: %s", path, hint.data);
	}
	dot = strrchr(path, '.');
	snprintf(parent, sizeof(parent), "%.*s", dot ? (int)(dot - path) : 0, path);
	suggest(config_is_section(parent) ? parent : "", dot ? dot + 1 : path, &hint);
	return err_setf(err, -ENOENT, "there is no key \"%s\"; %s", path, hint.data ? hint.data : "");
}

static void list_choices(const char *choices, struct buf *out)
{
	for (const char *p = choices; *p; p++) {
		if (*p == '|')
			buf_append_str(out, ", ");
		else
			buf_append_byte(out, (uint8_t)*p);
	}
}

void config_describe(const struct config_key *key, struct buf *out)
{
	switch (key->type) {
	case CONFIG_BOOL:
		buf_append_str(out, "true or false");
		break;
	case CONFIG_INTEGER:
		buf_printf(out, "%s from %lld to %lld",
			   key->power_of_two ? "a power of two" : "a whole number",
			   (long long)key->min, (long long)key->max);
		break;
	case CONFIG_CHOICE:
		buf_append_str(out, "one of ");
		list_choices(key->choices, out);
		break;
	case CONFIG_TEXT:
		buf_printf(out, "text of at most %d bytes", CONFIG_TEXT_SIZE - 1);
		break;
	case CONFIG_URL:
		buf_append_str(out, "\"http://host:port\" without user and password, or \"\"");
		break;
	case CONFIG_TAGS:
		buf_printf(out, "a list of at most %d {\"key\":\"GROUP\",\"value\":\"...\"}, each "
			   "value of 1 to %d bytes", CONFIG_TAGS_MAX - 1, CONFIG_TAG_SIZE - 1);
		break;
	case CONFIG_EXCLUSIONS:
		buf_printf(out, "a list of at most %d {\"$type\":...,\"scopes\":[...]}, ",
			   CONFIG_EXCLUSIONS_MAX);
		for (size_t i = 0; i < CONFIG_EXCLUSION_KINDS; i++)
			buf_printf(out, "%s%s with %s", i ? ", " : "", config_exclusion_kinds[i].type,
				   config_exclusion_kinds[i].member);
		break;
	case CONFIG_LOG_FILES:
		buf_printf(out, "a list of at most %d {\"path\":\"/...\",\"kind\":\"...\"}, each path "
			   "once and the kind one of ", CONFIG_LOG_FILES_MAX - 1);
		list_choices(key->choices, out);
		break;
	case CONFIG_LIST:
		buf_append_str(out, "a list");
		break;
	}
}

static void add_fault(struct reading *r, bool refuses, unsigned int line, unsigned int column,
		      const char *what)
{
	struct config_fault *f = &r->out->faults[r->out->fault_count];

	r->out->refused |= refuses;
	if (r->out->fault_count++ >= CONFIG_FAULTS_MAX)
		return;
	f->refuses = refuses;
	snprintf(f->text, sizeof(f->text), "%s:%u:%u: %s", r->name, line, column, what);
}

/* A fault in what nobody heeds is no reason to refuse the reference's own file. */
static bool must_refuse(const struct reading *r, const struct config_key *key)
{
	return r->file == CONFIG_OWN || key->programs != 0;
}

static void write_json(const struct jdoc *d, struct buf *out)
{
	switch (d->type) {
	case JDOC_NULL:
		buf_append_str(out, "null");
		break;
	case JDOC_BOOL:
		buf_append_str(out, d->boolean ? "true" : "false");
		break;
	case JDOC_INTEGER:
		buf_printf(out, "%lld", (long long)d->integer);
		break;
	case JDOC_REAL:
		buf_printf(out, "%.17g", d->real);
		break;
	case JDOC_TEXT:
		buf_append_json(out, d->text, strlen(d->text));
		break;
	case JDOC_LIST:
	case JDOC_OBJECT:
		buf_append_byte(out, d->type == JDOC_LIST ? '[' : '{');
		for (const struct jdoc *m = d->first; m; m = m->next) {
			if (m != d->first)
				buf_append_byte(out, ',');
			if (m->key) {
				buf_append_json(out, m->key, strlen(m->key));
				buf_append_byte(out, ':');
			}
			write_json(m, out);
		}
		buf_append_byte(out, d->type == JDOC_LIST ? ']' : '}');
		break;
	}
}

static bool is_choice(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = choices; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (len && strncmp(p, word, len) == 0 && (p[len] == '|' || !p[len]))
			return true;
	}
	return false;
}

/* The reference's page calls some numbers text; profiles have them both ways. */
static bool read_integer(const struct config_key *key, const struct jdoc *d, int64_t *ret)
{
	char *end;

	if (d->type == JDOC_TEXT && !key->programs) {
		errno = 0;
		*ret = strtoll(d->text, &end, 10);
		if (errno || end == d->text || *end)
			return false;
	} else if (d->type == JDOC_INTEGER) {
		*ret = d->integer;
	} else {
		return false;
	}
	return *ret >= key->min && *ret <= key->max &&
	       (!key->power_of_two || (*ret & (*ret - 1)) == 0);
}

/* http://host:port and at most one slash behind it. */
static bool is_proxy(const char *url)
{
	const char *host, *port, *end;

	if (!*url)
		return true;
	if (strncmp(url, "http://", 7) != 0 || strlen(url) >= CONFIG_TEXT_SIZE)
		return false;
	host = url + 7;
	port = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":");
	if (!port || port == host)
		return false;
	port += *port == ']';
	if (*port != ':' || strcspn(host, "@/ <>\"\\") < (size_t)(port - host))
		return false;
	end = port + 1 + strspn(port + 1, "0123456789");
	if (end == port + 1 || end - port > 6 || strtol(port + 1, NULL, 10) > 65535)
		return false;
	return !*end || strcmp(end, "/") == 0;
}

static bool are_tags(const struct jdoc *d)
{
	unsigned int count = 0;

	if (d->type != JDOC_LIST)
		return false;
	for (const struct jdoc *tag = d->first; tag; tag = tag->next) {
		const struct jdoc *key = jdoc_member(tag, "key"), *value = jdoc_member(tag, "value");

		if (++count >= CONFIG_TAGS_MAX || !key || !value || key->type != JDOC_TEXT ||
		    value->type != JDOC_TEXT || strcmp(key->text, "GROUP") != 0 ||
		    !*value->text || strlen(value->text) >= CONFIG_TAG_SIZE)
			return false;
	}
	return true;
}

static bool has_path(const struct jdoc *list, const struct jdoc *before, const char *path)
{
	for (const struct jdoc *f = list->first; f != before; f = f->next)
		if (!strcmp(jdoc_member(f, "path")->text, path))
			return true;
	return false;
}

static bool are_log_files(const struct jdoc *d, const char *choices)
{
	unsigned int count = 0;

	if (d->type != JDOC_LIST)
		return false;
	for (const struct jdoc *f = d->first; f; f = f->next) {
		const struct jdoc *path = jdoc_member(f, "path"), *kind = jdoc_member(f, "kind");

		if (++count >= CONFIG_LOG_FILES_MAX || !path || !kind || path->type != JDOC_TEXT ||
		    kind->type != JDOC_TEXT || path->text[0] != '/' || strpbrk(path->text, "\n\r") ||
		    strlen(path->text) >= CONFIG_LOG_PATH_SIZE || !is_choice(choices, kind->text) ||
		    has_path(d, f, path->text))
			return false;
	}
	return true;
}

static bool value_fits(const struct config_key *key, const struct jdoc *d)
{
	int64_t number;

	switch (key->type) {
	case CONFIG_BOOL:
		return d->type == JDOC_BOOL;
	case CONFIG_INTEGER:
		return read_integer(key, d, &number);
	case CONFIG_CHOICE:
		return d->type == JDOC_TEXT && is_choice(key->choices, d->text);
	case CONFIG_TEXT:
		return d->type == JDOC_TEXT && strlen(d->text) < CONFIG_TEXT_SIZE;
	case CONFIG_URL:
		return d->type == JDOC_TEXT && is_proxy(d->text);
	case CONFIG_TAGS:
		return are_tags(d);
	case CONFIG_EXCLUSIONS:
		return config_are_exclusions(d);
	case CONFIG_LOG_FILES:
		return are_log_files(d, key->choices);
	case CONFIG_LIST:
		return d->type == JDOC_LIST;
	}
	return false;
}

/* The value as it stands, shortened; and the choice that was meant. */
static void describe_given(const struct config_key *key, const struct jdoc *d, struct buf *out)
{
	_cleanup_buf_ struct buf json = BUF_INIT(VALUE_JSON_MAX);
	char words[512], *save = NULL;
	struct near near = { 0 };

	if (d->type == JDOC_LIST || d->type == JDOC_OBJECT) {
		buf_printf(out, "not %s", d->type == JDOC_LIST ? "this list" : "an object");
		return;
	}
	write_json(d, &json);
	buf_printf(out, "not %.80s%s", json.data ? json.data : "", json.len > 80 ? "..." : "");
	if (key->type != CONFIG_CHOICE || d->type != JDOC_TEXT)
		return;
	near.word = d->text;
	snprintf(words, sizeof(words), "%s", key->choices);
	for (char *w = strtok_r(words, "|", &save); w; w = strtok_r(NULL, "|", &save))
		near_offer(&near, w);
	if (near.best)
		buf_printf(out, "; did you mean \"%s\"?", near.best);
}

static int read_value(struct reading *r, size_t index, const struct jdoc *d)
{
	const struct config_key *key = &config_keys[index];
	_cleanup_buf_ struct buf text = BUF_INIT(VALUE_JSON_MAX);

	if (!value_fits(key, d)) {
		buf_printf(&text, "%s must be ", key->path);
		config_describe(key, &text);
		buf_append_str(&text, ", ");
		describe_given(key, d, &text);
		add_fault(r, must_refuse(r, key), d->line, d->column, text.data);
		return 0;
	}
	write_json(d, &text);
	free(r->out->json[index]);
	r->out->json[index] = buf_take(&text);
	return r->out->json[index] ? 0 : -ENOMEM;
}

static int read_object(struct reading *r, const struct jdoc *object, const char *parent);

static int read_member(struct reading *r, const struct jdoc *m, const char *parent)
{
	_cleanup_buf_ struct buf what = BUF_INIT(480);
	char path[PATH_MAX_BYTES];
	bool own = strcmp(parent, "vakt") == 0 || strncmp(parent, "vakt.", 5) == 0;

	if (snprintf(path, sizeof(path), "%s%s%s", parent, *parent ? "." : "", m->key) <
	    (int)sizeof(path)) {
		for (size_t i = 0; i < config_key_count; i++)
			if (strcmp(config_keys[i].path, path) == 0)
				return read_value(r, i, m);
		if (config_is_section(path) && m->type == JDOC_OBJECT)
			return read_object(r, m, path);
		if (config_is_section(path)) {
			buf_printf(&what, "%s must be an object", path);
			add_fault(r, true, m->line, m->column, what.data);
			return 0;
		}
	}
	buf_printf(&what, "unknown key \"%s%s%.80s\"; ", parent, *parent ? "." : "", m->key);
	suggest(parent, m->key, &what);
	add_fault(r, r->file == CONFIG_OWN || own, m->key_line, m->key_column, what.data);
	return 0;
}

static int read_object(struct reading *r, const struct jdoc *object, const char *parent)
{
	int res = 0;

	for (const struct jdoc *m = object->first; m && res == 0; m = m->next)
		res = read_member(r, m, parent);
	return res;
}

static void forget_values(struct config_reading *r)
{
	for (size_t i = 0; r->json && i < config_key_count; i++) {
		free(r->json[i]);
		r->json[i] = NULL;
	}
}

static int read_text(struct reading *r, struct arena *a, const char *text, size_t len)
{
	const struct jdoc *root;
	struct err err = { "" };
	unsigned int line = 1, column = 1;
	int n = 0, res = jdoc_parse(a, text, len, &root, &err);

	if (res < 0) {
		/* Too large for the arena: err has no position then. */
		(void)sscanf(err.msg, "%u:%u: %n", &line, &column, &n);
		add_fault(r, true, line, column, err.msg + n);
		return 0;
	}
	if (root->type != JDOC_OBJECT) {
		add_fault(r, true, root->line, root->column, "an object is expected: {...}");
		return 0;
	}
	return read_object(r, root, "");
}

int config_read(const char *text, size_t len, const char *name, enum config_file file,
		struct config_reading *ret_reading)
{
	struct reading r = { .name = name, .file = file, .out = ret_reading };
	struct arena arena;
	int res;

	memset(ret_reading, 0, sizeof(*ret_reading));
	ret_reading->json = calloc(config_key_count, sizeof(char *));
	if (!ret_reading->json)
		return -ENOMEM;
	arena_init(&arena, ARENA_MAX);
	res = read_text(&r, &arena, text, len);
	arena_done(&arena);
	if (res < 0)
		config_reading_done(ret_reading);
	else if (ret_reading->refused)
		forget_values(ret_reading);
	return res;
}

void config_reading_done(struct config_reading *r)
{
	forget_values(r);
	free(r->json);
	r->json = NULL;
}
