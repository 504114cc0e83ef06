/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-ring-record.c - any bytes as a record: every piece of a decoded event must lie inside
 * it, and its paths can be cleaned
 */
#include <stdlib.h>
#include <string.h>

#include "sensor/kernel/decode.h"
#include "sensor/kernel/path_clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_lie_inside(const struct kernel_str *s, const uint8_t *data, size_t size)
{
	const uint8_t *p = (const uint8_t *)s->data;

	if (s->len && (p < data || p + s->len > data + size))
		abort();
}

/* A path made of a system call's words, which are a program's own. */
static void clean(const struct kernel_str *path)
{
	_cleanup_free_ char *out = malloc((size_t)path->len + 1);

	if (out && path_clean(path->data, path->len, out) > (size_t)path->len + 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Records are aligned to 8 bytes in the ring. */
	_cleanup_free_ uint64_t *copy = malloc(size + 8);
	struct kernel_event e;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (decode_record(copy, size, &e) < 0)
		return 0;
	if (e.kind == KERNEL_PROCESS_EXEC) {
		must_lie_inside(&e.exec.path, (uint8_t *)copy, size);
		must_lie_inside(&e.exec.cwd, (uint8_t *)copy, size);
		must_lie_inside(&e.exec.argv, (uint8_t *)copy, size);
	}
	if (e.kind >= KERNEL_FILE_CREATE && e.kind <= KERNEL_FILE_ATTRIBUTE) {
		must_lie_inside(&e.file.path, (uint8_t *)copy, size);
		must_lie_inside(&e.file.old_path, (uint8_t *)copy, size);
		must_lie_inside(&e.file.attribute, (uint8_t *)copy, size);
		clean(&e.file.path);
		clean(&e.file.old_path);
	}
	if (e.kind == KERNEL_DNS)
		must_lie_inside(&e.dns.message, (uint8_t *)copy, size);
	if (e.kind >= KERNEL_PROCESS_TRACE && e.kind <= KERNEL_PRIVILEGE) {
		must_lie_inside(&e.act.path, (uint8_t *)copy, size);
		must_lie_inside(&e.act.text, (uint8_t *)copy, size);
		clean(&e.act.path);
	}
	return 0;
}
