/* SPDX-License-Identifier: Apache-2.0 */
/*
 * builder.c - reads texts and folders of rules; a bad rule costs only itself
 *
 * A text is cut at its document markers before it is parsed, so that a syntax error ends one
 * document and not the rest of the file. Not here: the matcher (set.c).
 */
#include "builder.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

#define FIELD_NAMES_BYTES (RULE_FIELDS_MAX * sizeof(char *))
#define PLACEHOLDERS_MAX 4096
#define FILE_MAX (64u << 20)
#define DIR_DEPTH_MAX 32

/* ---- pool ---- */

struct pool *pool_new(void)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	atomic_init(&p->refs, 1);
	arena_init(&p->arena, RULE_POOL_BYTES);
	p->fields = map_new(RULE_FIELDS_MAX);
	p->placeholders = map_new(PLACEHOLDERS_MAX);
	p->field_names = calloc(1, FIELD_NAMES_BYTES);
	if (p->fields && p->placeholders && p->field_names)
		return p;
	pool_unref(p);
	return NULL;
}

struct pool *pool_ref(struct pool *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

void pool_unref(struct pool *p)
{
	if (atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	for (size_t i = 0; i < p->regex_count; i++)
		pcre2_code_free(p->regexes[i]);
	free(p->regexes);
	map_free(p->fields);
	map_free(p->placeholders);
	free(p->field_names);
	arena_done(&p->arena);
	free(p);
}

int64_t pool_field(struct pool *p, const char *name, size_t len)
{
	void *found = map_get(p->fields, name, len);
	char *copy;
	int r;

	if (found)
		return (int64_t)(uintptr_t)found - 1;
	if (p->field_count == RULE_FIELDS_MAX)
		return -ENOSPC;
	copy = arena_strndup(&p->arena, name, len);
	if (!copy)
		return -ENOMEM;
	r = map_put(p->fields, name, len, (void *)(uintptr_t)(p->field_count + 1), NULL);
	if (r < 0)
		return r;
	p->field_names[p->field_count] = copy;
	return p->field_count++;
}

int pool_own_regex(struct pool *p, pcre2_code *code)
{
	if (p->regex_count == p->regex_cap) {
		size_t cap = p->regex_cap ? p->regex_cap * 2 : 64;
		pcre2_code **more = realloc(p->regexes, cap * sizeof(*more));

		if (!more) {
			pcre2_code_free(code);
			return -ENOMEM;
		}
		p->regexes = more;
		p->regex_cap = cap;
	}
	p->regexes[p->regex_count++] = code;
	return 0;
}

/* What a refused rule brought is taken back: its field names and its regular expressions. */
static void pool_cut(struct pool *p, unsigned int field_count, size_t regex_count)
{
	while (p->field_count > field_count) {
		const char *name = p->field_names[--p->field_count];

		map_remove(p->fields, name, strlen(name));
	}
	while (p->regex_count > regex_count)
		pcre2_code_free(p->regexes[--p->regex_count]);
}

/* ---- reader ---- */

static int refuse_va(struct reader *r, unsigned int line, unsigned int column, const char *fmt,
		     va_list ap)
{
	if (r->refused)
		return -EBADMSG;
	r->refused = true;
	r->problem.line = line;
	r->problem.column = column;
	vsnprintf(r->problem.message, sizeof(r->problem.message), fmt, ap);
	return -EBADMSG;
}

int reader_refuse(struct reader *r, const struct tree_node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	refuse_va(r, at->line, at->column, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

int reader_refuse_at(struct reader *r, unsigned int line, unsigned int column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	refuse_va(r, line, column, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

/* ---- builder ---- */

int rules_builder_new(struct rules_builder **ret_builder)
{
	struct rules_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->pool = pool_new();
	b->ids = map_new(RULES_MAX);
	b->names = map_new(RULES_MAX);
	if (!b->pool || !b->ids || !b->names) {
		rules_builder_free(b);
		return -ENOMEM;
	}
	*ret_builder = b;
	return 0;
}

void rules_builder_free(struct rules_builder *b)
{
	if (!b)
		return;
	if (b->pool)
		pool_unref(b->pool);
	if (b->ids)
		map_free(b->ids);
	if (b->names)
		map_free(b->names);
	free(b->rules);
	free(b);
}

int rules_builder_expand(struct rules_builder *b, const char *name, const char *const *values)
{
	struct placeholder *p = arena_new(&b->pool->arena, struct placeholder);
	size_t n = 0;

	while (values[n])
		n++;
	if (!n || n > RULE_VALUES_MAX)
		return -EINVAL;
	if (!p || !(p->values = arena_array(&b->pool->arena, const char *, n)))
		return -ENOMEM;
	for (; p->count < n; p->count++) {
		p->values[p->count] = arena_strdup(&b->pool->arena, values[p->count]);
		if (!p->values[p->count])
			return -ENOMEM;
	}
	return map_put(b->pool->placeholders, name, strlen(name), p, NULL);
}

static int keep_rule(struct rules_builder *b, struct reader *r, struct rule *rule)
{
	struct rule *before = map_get(b->ids, rule->info.id, strlen(rule->info.id));

	if (before)
		return reader_refuse_at(r, rule->line, 1, "the id %s has %s line %u already",
					rule->info.id, before->info.file, before->line);
	if (rule->correlation && b->correlations == LINK_CORRELATIONS_MAX)
		return reader_refuse_at(r, rule->line, 1, "more than %u correlations",
					LINK_CORRELATIONS_MAX);
	if (b->count == RULES_MAX)
		return reader_refuse_at(r, rule->line, 1, "more than %u rules", RULES_MAX);
	if (b->count == b->cap) {
		unsigned int cap = b->cap ? b->cap * 2 : 256;
		struct rule **more = realloc(b->rules, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		b->rules = more;
		b->cap = cap;
	}
	if (map_put(b->ids, rule->info.id, strlen(rule->info.id), rule, NULL) < 0)
		return -ENOMEM;
	b->rules[b->count++] = rule;
	return link_keep_name(b, rule);
}

static int add_document(struct rules_builder *b, struct reader *r, const char *text, size_t len,
			unsigned int first_line, const char **ret_title)
{
	struct tree_node *root = NULL;
	const struct tree_node *title;
	struct rule *rule;
	int res = tree_parse(&b->pool->arena, text, len, first_line, &root, &r->problem);

	if (res < 0 || !root || tree_is_null(root))
		return res;
	title = tree_get(root, "title");
	if (title && title->kind == TREE_SCALAR)
		*ret_title = title->text;
	res = rule_read(r, root, &rule);
	return res < 0 ? res : keep_rule(b, r, rule);
}

/* Length of the document that begins at text: up to the next line that begins with ---. */
static size_t document_length(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const char *nl = memchr(text + at, '\n', len - at);

		at = nl ? (size_t)(nl - text) + 1 : len;
		if (len - at >= 3 && !memcmp(text + at, "---", 3) &&
		    (len - at == 3 || strchr(" \t\r\n", text[at + 3])))
			return at;
	}
	return len;
}

static unsigned int count_lines(const char *text, size_t len)
{
	unsigned int n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

int rules_builder_add(struct rules_builder *b, const char *file, const char *text, size_t len,
		      rules_problem_fn problem, void *arg)
{
	const char *name = arena_strdup(&b->pool->arena, file);
	unsigned int line = 1;

	if (!name)
		return -ENOMEM;
	while (len > 0) {
		struct reader r = { .pool = b->pool, .file = name };
		unsigned int fields = b->pool->field_count;
		size_t regexes = b->pool->regex_count;
		size_t part = document_length(text, len);
		const char *title = NULL;
		int res = add_document(b, &r, text, part, line, &title);

		if (res < 0)
			pool_cut(b->pool, fields, regexes);
		if (res == -EBADMSG && problem)
			problem(arg, &(struct rules_problem){
					 .file = name,
					 .line = r.problem.line,
					 .column = r.problem.column,
					 .rule = title,
					 .message = r.problem.message,
				     });
		else if (res < 0 && res != -EBADMSG)
			return res;
		line += count_lines(text, part);
		text += part;
		len -= part;
	}
	return 0;
}

static bool is_rule_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcmp(dot, ".yml") || !strcmp(dot, ".yaml"));
}

static int no_dots(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int add_file(struct rules_builder *b, const char *path, rules_problem_fn problem, void *arg,
		    struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = file_read(path, FILE_MAX, &text, &len, err);

	return r < 0 ? r : rules_builder_add(b, path, text, len, problem, arg);
}

struct walk {
	struct rules_builder *builder;
	rules_problem_fn problem;
	void *arg;
	struct err *err;
	unsigned int depth;
};

static int add_folder(struct walk *w, const char *dir);

static int add_entry(struct walk *w, const char *dir, const char *name)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int r;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	if (stat(path, &st) < 0)
		return err_setf(w->err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode) && is_rule_file(name))
		return add_file(w->builder, path, w->problem, w->arg, w->err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	/* A loop of symbolic links ends here. */
	if (w->depth == DIR_DEPTH_MAX)
		return err_setf(w->err, -ELOOP, "%s: more than %d folders deep", path,
				DIR_DEPTH_MAX);
	w->depth++;
	r = add_folder(w, path);
	w->depth--;
	return r;
}

static int add_folder(struct walk *w, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, no_dots, alphasort), r = 0;

	if (n < 0)
		return err_setf(w->err, -errno, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add_entry(w, dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int rules_builder_add_dir(struct rules_builder *b, const char *dir, rules_problem_fn problem,
			  void *arg, struct err *err)
{
	struct walk w = { b, problem, arg, err, 0 };

	return add_folder(&w, dir);
}
