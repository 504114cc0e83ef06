/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config-page.c - writes docs/configuration.md from the table of keys
 *
 * For developers: `config-page >docs/configuration.md` after a change of the table; the test runs
 * `config-page --check docs/configuration.md`.
 */
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/fd.h"

#define PAGE_MAX (1u << 20)

static const char intro[] =
	"# Configuration\n"
	"\n"
	"<!-- Made from src/base/config_table.c by config-page; not to be edited. -->\n"
	"\n"
	"A device reads two files of the same format:\n"
	"\n"
	"| File | |\n"
	"|---|---|\n"
	"| `" CONFIG_REFERENCE_FILE "` | a managed profile that is there already; read unchanged |\n"
	"| `" CONFIG_OWN_FILE "` | Vakt's own; wins key by key. `vakt config set` writes it |\n"
	"\n"
	"Both may be missing: every key has a default. A change takes effect within a second or two,\n"
	"without a restart but where the table says so, or at once by SIGHUP.\n"
	"\n"
	"A file with a wrong key or value is refused whole, with the line and column of each fault and\n"
	"what is right there. What the file said before stays in force, over a restart too, and\n"
	"`vakt health` says so. In the managed profile a fault in a key that has no effect here is only\n"
	"remarked on, so that what works elsewhere goes on working.\n"
	"\n"
	"    vakt config list                          # what is in force, and which file says so\n"
	"    vakt config set vakt.logLevel debug       # checked before it is written\n"
	"    vakt health --details configuration       # faults, and keys given without effect\n";

static void add_row(const struct config_key *key, bool effect, struct buf *out)
{
	buf_printf(out, "| `%s` | ", key->path);
	config_describe(key, out);
	buf_printf(out, " | `%s` | ", key->unset);
	if (effect)
		buf_printf(out, "%s%s%s%s | ", key->programs & CONFIG_SENSOR ? "vakt-sensor" : "",
			   key->programs == (CONFIG_SENSOR | CONFIG_UPLINK) ? ", " : "",
			   key->programs & CONFIG_UPLINK ? "vakt-uplink" : "",
			   key->restart ? "; at its next start" : "");
	buf_printf(out, "%s |\n", key->doc);
}

static void add_table(bool effect, struct buf *out)
{
	buf_printf(out, "\n## %s\n\n", effect ? "Keys that have an effect" :
						"Keys that are accepted and have no effect yet");
	buf_append_str(out, effect ? "| Key | Value | Default | Who heeds it | |\n|---|---|---|---|---|\n" :
				     "| Key | Value | Default | |\n|---|---|---|---|\n");
	for (size_t i = 0; i < config_key_count; i++)
		if ((config_keys[i].programs != 0) == effect)
			add_row(&config_keys[i], effect, out);
}

static int check(const char *path, const struct buf *page)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { "" };
	size_t len;
	int r = file_read(path, PAGE_MAX, &text, &len, &err);

	if (r < 0) {
		printf("not ok - %s\n", err_msg(&err, r));
		return 1;
	}
	if (len != page->len || memcmp(text, page->data, len) != 0) {
		printf("not ok - %s is not what the table gives; run config-page >%s\n", path, path);
		return 1;
	}
	printf("ok - %s follows the table\n", path);
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_buf_ struct buf page = BUF_INIT(PAGE_MAX);

	buf_append_str(&page, intro);
	add_table(true, &page);
	add_table(false, &page);
	if (buf_error(&page))
		return 1;
	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return check(argv[2], &page);
	if (argc != 1) {
		fputs("usage: config-page [--check FILE]\n", stderr);
		return 2;
	}
	return fwrite(page.data, 1, page.len, stdout) != page.len;
}
