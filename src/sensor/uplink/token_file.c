/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/uplink/token_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/hex.h"
#include "base/jdoc.h"

#define ARENA_MAX (1u << 20)

static const struct {
	const char *name;
	size_t offset, size;
	bool needed;
} fields[] = {
	{ "server", offsetof(struct token_file, server), sizeof(((struct token_file *)0)->server),
	  true },
	{ "token", offsetof(struct token_file, token), sizeof(((struct token_file *)0)->token), true },
	{ "caSha256", offsetof(struct token_file, ca_sha256),
	  sizeof(((struct token_file *)0)->ca_sha256), true },
	{ "tenantId", offsetof(struct token_file, tenant_id),
	  sizeof(((struct token_file *)0)->tenant_id), false },
};

static int read_fields(const struct jdoc *root, struct token_file *t, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct jdoc *d = jdoc_member(root, fields[i].name);

		if (!d && !fields[i].needed)
			continue;
		if (!d)
			return err_setf(err, -EINVAL, "this is no token file: \"%s\" is missing; the "
					"portal or `vakt-cloud create-token` makes one", fields[i].name);
		if (d->type != JDOC_TEXT || !*d->text || strlen(d->text) >= fields[i].size)
			return err_setf(err, -EINVAL, "%u:%u: \"%s\" must be text of 1 to %zu bytes",
					d->line, d->column, fields[i].name, fields[i].size - 1);
		snprintf((char *)t + fields[i].offset, fields[i].size, "%s", d->text);
	}
	return 0;
}

static int check(const struct token_file *t, struct err *err)
{
	unsigned char digest[32];

	if (strncmp(t->server, "https://", 8) != 0 || !t->server[8])
		return err_setf(err, -EINVAL, "\"server\" must be https://host:port, not \"%s\"",
				t->server);
	if (hex_decode(t->ca_sha256, digest, sizeof(digest)) < 0)
		return err_setf(err, -EINVAL, "\"caSha256\" must be 64 hex digits");
	return 0;
}

int token_file_read(const char *path, struct token_file *ret_token, struct err *err)
{
	struct token_file t = { .server = "" };
	_cleanup_free_ char *text = NULL;
	const struct jdoc *root = NULL;
	struct arena arena;
	size_t len;
	int r = file_read(path, TOKEN_FILE_MAX, &text, &len, err);

	if (r < 0)
		return r;
	arena_init(&arena, ARENA_MAX);
	r = jdoc_parse(&arena, text, len, &root, err);
	if (r == 0)
		r = read_fields(root, &t, err);
	if (r == 0)
		r = check(&t, err);
	arena_done(&arena);
	if (r < 0)
		return err_prefix(err, r, "%s: ", path);
	*ret_token = t;
	return 0;
}
