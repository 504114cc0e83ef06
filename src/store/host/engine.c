/* SPDX-License-Identifier: Apache-2.0 */
#include "store/host/engine.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* The most that a question may take: a heavy one must leave room for ingest. */
#define EXECUTION_S_DEFAULT 60
#define EXECUTION_S_MAX 200 /* who asks for it by name */
#define QUERY_SIZE_MAX 8388608
#define RESULT_BYTES_MAX 134217728
#define READ_THREADS 2
#define MEMORY_MIN (512ull << 20)
#define MEMORY_MAX (4ull << 30)

struct chdb_result;
struct chdb_connection {
	void *internal;
};

struct engine {
	void *library;
	char data_dir[4096];
	char config[4200];
	struct chdb_connection **(*connect)(int argc, char **argv);
	void (*close_conn)(struct chdb_connection **conn);
	struct chdb_result *(*query)(struct chdb_connection *conn, const char *sql, size_t sql_len,
				     const char *format, size_t format_len,
				     const char *const *names, const size_t *name_lens,
				     const char *const *values, const size_t *value_lens,
				     size_t count);
	void (*destroy)(struct chdb_result *r);
	char *(*buffer)(struct chdb_result *r);
	size_t (*length)(struct chdb_result *r);
	const char *(*error)(struct chdb_result *r);
	void (*signals)(int enabled);
};

struct engine_conn {
	struct engine *engine;
	struct chdb_connection **handle;
};

static int resolve(struct engine *e, struct err *err)
{
	const struct {
		const char *name;
		void **to;
	} symbols[] = {
		{ "chdb_connect", (void **)&e->connect },
		{ "chdb_close_conn", (void **)&e->close_conn },
		{ "chdb_query_with_params_n", (void **)&e->query },
		{ "chdb_destroy_query_result", (void **)&e->destroy },
		{ "chdb_result_buffer", (void **)&e->buffer },
		{ "chdb_result_length", (void **)&e->length },
		{ "chdb_result_error", (void **)&e->error },
		{ "chdb_set_signal_handlers_enabled", (void **)&e->signals },
	};

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		*symbols[i].to = dlsym(e->library, symbols[i].name);
		if (!*symbols[i].to)
			return err_setf(err, -ENOSYS, "libchdb has no %s: version 26.5 is needed",
					symbols[i].name);
	}
	return 0;
}

/*
 * Server settings that SQL cannot change. Room is kept free because the engine, when the disk is full in
 * the middle of a part, may take the part into the table with files that are empty: what does not fit is
 * refused, inserts and merges alike, while there is still room to end what was begun. What another program
 * breaks that takes the last 64 MiB faster than that, parts.h sets right. The engine sets parts aside at its
 * start as well, but gives the table up where they are many; here they never are too many.
 */
static int write_config(struct engine *e, struct err *err)
{
	static const char text[] = "<clickhouse>\n"
				   "  <mark_cache_size>268435456</mark_cache_size>\n"
				   "  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>\n"
				   "  <storage_configuration><disks><default>"
				   "<keep_free_space_bytes>67108864</keep_free_space_bytes>"
				   "</default></disks></storage_configuration>\n"
				   "  <merge_tree><max_suspicious_broken_parts>1000000</max_suspicious_broken_parts>"
				   "<max_suspicious_broken_parts_bytes>1099511627776</max_suspicious_broken_parts_bytes>"
				   "</merge_tree>\n"
				   "</clickhouse>\n";

	_cleanup_free_ char *there = NULL;
	size_t len;

	snprintf(e->config, sizeof(e->config), "%s/config.xml", e->data_dir);
	/* A full disk is no reason not to start. */
	if (file_read(e->config, sizeof(text), &there, &len, NULL) == 0 && len == sizeof(text) - 1 &&
	    memcmp(there, text, len) == 0)
		return 0;
	return file_write_atomic(e->config, text, sizeof(text) - 1, 0600, err);
}

int engine_open(const char *library, const char *data_dir, struct engine **ret_engine,
		struct err *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return err_setf(err, -ENOMEM, "out of memory");
	snprintf(e->data_dir, sizeof(e->data_dir), "%s", data_dir);
	r = dir_make(data_dir, 0700, err);
	if (r == 0)
		r = write_config(e, err);
	if (r == 0) {
		e->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
		r = e->library ? resolve(e, err) : err_setf(err, -ENOENT, "%s", dlerror());
	}
	if (r < 0) {
		free(e);
		return r;
	}
	e->signals(0);
	*ret_engine = e;
	return 0;
}

void engine_close(struct engine *e)
{
	/* Not unloaded: its threads may still be ending. */
	free(e);
}

static int run_setting(struct engine_conn *c, const char *sql, struct err *err)
{
	struct engine_result result;
	int r = engine_run(c, sql, "TSV", NULL, &result, err);

	if (r == 0)
		engine_result_done(c, &result);
	return r;
}

bool engine_limits_any(const struct engine_limits *l)
{
	return l->execution_s || l->result_rows || l->memory_bytes;
}

/* An eighth of the machine: four questions at once and ingest fit into half of it. */
static uint64_t memory_max(void)
{
	uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	return MIN(MAX(ram / 8, MEMORY_MIN), MEMORY_MAX);
}

static uint64_t at_most(uint64_t asked, uint64_t max)
{
	return asked ? MIN(asked, max) : max;
}

static int set_limits(struct engine_conn *c, const struct engine_limits *limits, struct err *err)
{
	static const struct engine_limits none;
	const struct engine_limits *l = limits ? limits : &none;
	char sql[400];
	int r;

	snprintf(sql, sizeof(sql),
		 /* Hunting queries over all tables become long statements, KQL_SQL_MAX. */
		 "SET max_query_size=%d, max_execution_time=%" PRIu64 ", max_result_rows=%" PRIu64
		 ", max_memory_usage=%" PRIu64 ", max_result_bytes=%d, "
		 "result_overflow_mode='throw', max_threads=%d",
		 QUERY_SIZE_MAX, l->execution_s ? MIN(l->execution_s, (uint64_t)EXECUTION_S_MAX) : EXECUTION_S_DEFAULT,
		 l->result_rows,
		 at_most(l->memory_bytes, memory_max()), RESULT_BYTES_MAX, READ_THREADS);
	r = run_setting(c, sql, err);
	return r < 0 ? r : run_setting(c, "SET readonly=1", err);
}

int engine_connect(struct engine *e, bool read_only, const struct engine_limits *limits,
		   struct engine_conn **ret_conn, struct err *err)
{
	char path[4200], config[4300];
	char *argv[] = { (char *)"clickhouse", path, config, NULL };
	struct engine_conn *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "--path=%s", e->data_dir);
	snprintf(config, sizeof(config), "--config-file=%s", e->config);
	c->engine = e;
	c->handle = e->connect(3, argv);
	if (!c->handle || !*c->handle) {
		free(c);
		return err_setf(err, -EIO, "%s does not open: damaged, or another process has it",
				e->data_dir);
	}
	r = read_only ? set_limits(c, limits, err) : run_setting(c, "SET async_insert=0", err);
	if (r < 0) {
		engine_disconnect(c);
		return r;
	}
	*ret_conn = c;
	return 0;
}

void engine_disconnect(struct engine_conn *c)
{
	if (!c)
		return;
	c->engine->close_conn(c->handle);
	free(c);
}

int engine_run(struct engine_conn *c, const char *sql, const char *format,
	       const struct engine_params *params, struct engine_result *ret_result, struct err *err)
{
	static const struct engine_params none;
	const struct engine_params *p = params ? params : &none;
	struct engine *e = c->engine;
	/* Without lengths the library takes names and values as NUL-terminated. */
	struct chdb_result *result = e->query(*c->handle, sql, strlen(sql), format, strlen(format),
					      p->names, NULL, p->values, NULL, p->count);
	const char *why;

	if (!result)
		return err_setf(err, -EIO, "the engine gave no answer");
	why = e->error(result);
	if (why && *why) {
		err_setf(err, -EINVAL, "%s", why);
		e->destroy(result);
		return -EINVAL;
	}
	*ret_result = (struct engine_result){ e->buffer(result), e->length(result), result };
	return 0;
}

void engine_result_done(struct engine_conn *c, struct engine_result *r)
{
	c->engine->destroy(r->handle);
	r->handle = NULL;
}
