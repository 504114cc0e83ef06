/* SPDX-License-Identifier: Apache-2.0 */
#include "store/host/job.h"

#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "store/host/statement.h"

#define JOB_TEXT_MAX (8u << 20)
#define ANSWER_MAX (512u << 20)

/* ClickHouse's error codes that are the client's fault: src/Common/ErrorCodes.cpp. */
enum { UNKNOWN_IDENTIFIER = 47, UNKNOWN_TABLE = 60, SYNTAX_ERROR = 62, UNKNOWN_DATABASE = 81,
       TIMEOUT_EXCEEDED = 159, READONLY = 164 };

struct job *job_new(void)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	arena_init(&j->arena, JOB_TEXT_MAX);
	buf_init(&j->answer, ANSWER_MAX);
	return j;
}

void job_free(struct job *j)
{
	if (!j)
		return;
	arena_done(&j->arena);
	buf_done(&j->answer);
	if (j->block)
		evbuffer_free(j->block);
	free(j);
}

void job_refuse(struct job *j, const struct err *err)
{
	j->exception_code = 1001; /* STD_EXCEPTION */
	(void)sscanf(err->msg, "Code: %d", &j->exception_code);
	switch (j->exception_code) {
	case SYNTAX_ERROR:
	case UNKNOWN_IDENTIFIER:
		j->status = 400;
		break;
	case UNKNOWN_TABLE:
	case UNKNOWN_DATABASE:
		j->status = 404;
		break;
	case TIMEOUT_EXCEEDED:
		j->status = 408;
		break;
	case READONLY:
		j->status = 403;
		break;
	default:
		j->status = 500;
	}
	buf_clear(&j->answer);
	buf_printf(&j->answer, "%s\n", err->msg);
}

static bool token_is_plain(const char *token)
{
	for (; *token; token++) {
		if (!isalnum((unsigned char)*token) && !strchr(":._-", *token))
			return false;
	}
	return true;
}

/*
 * An inline block is cut at its first empty line, so it goes through a file in memory. Returns the
 * descriptor, which must stay open while the statement runs, or a negative errno.
 */
static int rewrite_insert(struct job *j, struct err *err)
{
	static const char tail[] = "FORMAT Native";
	size_t len = strlen(j->sql);
	int fd, r;

	if (len < sizeof(tail) || strcasecmp(j->sql + len - sizeof(tail) + 1, tail) != 0)
		return err_setf(err, -EINVAL, "Code: 62. An INSERT with a body must end with %s", tail);
	if (j->token && !token_is_plain(j->token))
		return err_setf(err, -EINVAL, "Code: 62. insert_deduplication_token: only letters, "
					      "digits and : . _ - are allowed");
	fd = memfd_create("block", MFD_CLOEXEC);
	if (fd < 0)
		return err_setf(err, -errno, "memfd: %m");
	r = fd_write_all(fd, j->body, j->body_len);
	if (r < 0) {
		close(fd);
		return err_setf(err, r, "memfd: %s", strerror(-r));
	}
	j->sql = arena_printf(&j->arena,
			      "%.*s FROM INFILE '/proc/self/fd/%d' SETTINGS async_insert=0%s%s%s %s",
			      (int)(len - sizeof(tail) + 1), j->sql, fd,
			      j->token ? ", insert_deduplication_token='" : "",
			      j->token ? j->token : "", j->token ? "'" : "", tail);
	if (!j->sql) {
		close(fd);
		return err_setf(err, -ENOMEM, "out of memory");
	}
	return fd;
}

static int mark(struct job *j, struct err *err)
{
	j->sql = arena_printf(&j->arena, JOB_MARK " %s", j->id, j->sql);
	return j->sql ? 0 : err_setf(err, -ENOMEM, "out of memory");
}

bool job_run(struct job *j, struct engine_conn *c)
{
	_cleanup_close_ int block = -1;
	struct engine_result result;
	struct err err = { 0 };
	int r = 0;

	if (!statement_is_single(j->sql))
		r = err_setf(&err, -EINVAL, "Code: 62. Only one statement at a time");
	if (r == 0 && j->body_len)
		r = block = rewrite_insert(j, &err);
	else if (r == 0 && j->reads_only)
		r = mark(j, &err);
	if (r >= 0)
		r = engine_run(c, j->sql, j->format, &j->params, &result, &err);
	if (r < 0) {
		job_refuse(j, &err);
		return false;
	}
	j->status = 200;
	if (buf_append(&j->answer, result.data, result.len) < 0) {
		err_setf(&err, -EMSGSIZE, "Code: 396. The answer is larger than %u bytes", ANSWER_MAX);
		job_refuse(j, &err);
	}
	engine_result_done(c, &result);
	return true;
}
