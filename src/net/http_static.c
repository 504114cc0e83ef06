/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_static.c - files of the portal, with ETag; unknown pages get index.html
 *
 * Names are checked as text and the file is opened without following links out of the folder. A
 * path that ends in a name with an extension is a file or 404; any other is a page of the portal.
 * NAME.gz beside a file is the same, compressed when it was built, for those who take gzip.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "net/http_internal.h"

static const char *content_type(const char *name)
{
	static const char *const types[][2] = {
		{ ".html", "text/html; charset=utf-8" }, { ".js", "text/javascript; charset=utf-8" },
		{ ".mjs", "text/javascript; charset=utf-8" }, { ".css", "text/css; charset=utf-8" },
		{ ".json", "application/json" }, { ".map", "application/json" },
		{ ".svg", "image/svg+xml" }, { ".png", "image/png" }, { ".ico", "image/x-icon" },
		{ ".jpg", "image/jpeg" }, { ".webp", "image/webp" }, { ".woff", "font/woff" },
		{ ".woff2", "font/woff2" }, { ".ttf", "font/ttf" }, { ".wasm", "application/wasm" },
		{ ".txt", "text/plain; charset=utf-8" }, { ".yaml", "application/yaml" },
		{ ".xml", "application/xml" }, { ".webmanifest", "application/manifest+json" },
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
		if (!strcasecmp(dot, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static int open_file(const char *dir, const char *name, struct stat *ret_st)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_BENEATH };
	_cleanup_close_ int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;

	if (dirfd < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	if (fstat(fd, ret_st) < 0)
		return -errno;
	if (!S_ISREG(ret_st->st_mode))
		return -ENOENT;
	return TAKE_FD(fd);
}

/* At the top and below assets/; the address of a page may hold a dot: that of a host, or its name. */
static bool looks_like_file(const char *name)
{
	const char *base = strrchr(name, '/');

	return (!base || !strncmp(name, "assets/", 7)) && strchr(base ? base : name, '.');
}

/* RFC 9110, 12.5.3; "*" alone is no reason to compress. */
static bool accepts_gzip(const char *header)
{
	while (header && *header) {
		size_t len = strcspn(header, ","), blank = strspn(header, " \t");
		const char *q = memmem(header, len, "q=", 2);

		if (!strncasecmp(header + blank, "gzip", 4) && strchr(",; \t", header[blank + 4]))
			return !q || strtod(q + 2, NULL) > 0;
		header += len + (header[len] == ',');
	}
	return false;
}

/* The file, or what stands compressed beside it; *ret_gzip says which. */
static int open_variant(struct http_job *job, const char *dir, const char *name,
			struct stat *ret_st, bool *ret_gzip)
{
	const char *packed = arena_printf(&job->arena, "%s.gz", name);
	int fd = -ENOENT;

	if (packed && accepts_gzip(http_request_header(&job->req, "Accept-Encoding")))
		fd = open_file(dir, packed, ret_st);
	*ret_gzip = fd >= 0;
	return fd >= 0 ? fd : open_file(dir, name, ret_st);
}

static void send_file(struct http_job *job, int fd, const struct stat *st, const char *name,
		      bool gzip)
{
	const char *known = http_request_header(&job->req, "If-None-Match");
	char etag[64];
	ssize_t n;

	snprintf(etag, sizeof(etag), "\"%" PRIx64 "-%" PRIx64 "%09" PRIx64 "%s\"",
		 (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec,
		 gzip ? "-gzip" : "");
	http_response_header(&job->res, "ETag", etag);
	http_response_header(&job->res, "Vary", "Accept-Encoding");
	/* The build puts a hash of the content into the names of everything below assets/. */
	http_response_header(&job->res, "Cache-Control",
			     !strncmp(name, "assets/", 7) ? "public, max-age=31536000, immutable"
							  : "no-cache");
	if (known && strstr(known, etag)) {
		job->res.status = 304;
		return;
	}
	if (st->st_size > HTTP_RESPONSE_MAX || buf_reserve(&job->res.body, (size_t)st->st_size)) {
		http_job_error(job, 500, "InternalServerError", "The file is too large.");
		return;
	}
	n = fd_read_full(fd, job->res.body.data, (size_t)st->st_size);
	if (n < 0) {
		http_job_error(job, 500, "InternalServerError", "The file cannot be read.");
		return;
	}
	job->res.body.len = (size_t)n;
	http_response_header(&job->res, "Content-Type", content_type(name));
	if (gzip)
		http_response_header(&job->res, "Content-Encoding", "gzip");
}

void http_static_answer(const struct http_static *st, struct http_job *job)
{
	char *name = http_static_name(&job->arena, job->raw_path + strlen(st->prefix));
	_cleanup_close_ int fd = -1;
	struct stat file;
	bool gzip;

	if (!name) {
		http_job_error(job, 404, "NotFound", "There is no such file.");
		return;
	}
	fd = *name ? open_variant(job, st->dir, name, &file, &gzip) : -ENOENT;
	if (fd < 0 && !looks_like_file(name)) {
		name = (char *)"index.html";
		fd = open_variant(job, st->dir, name, &file, &gzip);
	}
	if (fd < 0)
		http_job_error(job, 404, "NotFound", "There is no such file.");
	else
		send_file(job, fd, &file, name, gzip);
}
