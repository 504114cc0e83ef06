/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kql-page.c - prints docs/hunting-language.md from the tables; --check FILE says whether it is
 * that
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "kql/diag.h"
#include "kql/func.h"

static const struct {
	const char *code, *doc;
} codes[] = {
#define X(name, code, doc) { code, doc },
	DIAG_CODES(X)
#undef X
};

struct page {
	struct buf out;
	const struct func_family *family;
};

/* A pipe would end the cell. */
static void put_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_append_byte(out, '\\');
		buf_append_byte(out, (uint8_t)*text);
	}
}

static void put_function(void *arg, const struct func_family *family, const struct func *f)
{
	struct page *p = arg;

	if (!strncmp(f->sig, "__", 2))
		return;
	if (p->family != family)
		buf_printf(&p->out, "\n## %s\n\n| Signature | |\n|---|---|\n", family->title);
	p->family = family;
	buf_append_str(&p->out, "| `");
	put_cell(&p->out, f->sig);
	buf_append_str(&p->out, "` | ");
	put_cell(&p->out, f->doc);
	buf_append_str(&p->out, f->flags & FUNC_LEGACY ? " (older name)" : "");
	buf_append_str(&p->out, " |\n");
}

int main(int argc, char **argv)
{
	struct page p = { .out = BUF_INIT(4 << 20) };
	_cleanup_buf_ struct buf have = BUF_INIT(4 << 20);
	char block[4096];
	size_t n;
	FILE *f;

	buf_append_str(
	    &p.out,
	    "# Hunting language: functions\n\n"
	    "Made from the compiler's tables by `kql-page`. The language is Kusto's; `?` behind a "
	    "type: may be\n"
	    "null, `!` behind a parameter's: a constant, `!` behind the result's: never null.\n"
	    "Times are of 1900-01-01 to 2262-04-11: one before or behind is null where it is "
	    "computed\n"
	    "and refused where it is written.\n");
	func_each(put_function, &p);
	buf_append_str(&p.out, "\n## Diagnostics\n\n| Code | |\n|---|---|\n");
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		buf_printf(&p.out, "| %s | %s |\n", codes[i].code, codes[i].doc);
	if (argc < 3 || strcmp(argv[1], "--check") != 0) {
		fputs(p.out.data, stdout);
		buf_done(&p.out);
		return 0;
	}
	f = fopen(argv[2], "r");
	while (f && (n = fread(block, 1, sizeof(block), f)) > 0)
		buf_append(&have, block, n);
	if (f)
		fclose(f);
	n = have.len == p.out.len && !memcmp(have.data, p.out.data, have.len);
	printf("%s - %s is what kql-page prints\n", n ? "ok" : "not ok", argv[2]);
	buf_done(&p.out);
	return !n;
}
