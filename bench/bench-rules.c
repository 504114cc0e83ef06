/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-rules.c - nanoseconds that matching one process event costs, by the number of rules
 *
 * Without arguments: made-up rules of the shapes that published Linux and Windows rules have, all
 * for process_creation, so that every event meets every rule. With folders: the rules found there,
 * those for Windows taken as if for Linux, so that they meet the events too. The events are made up
 * as well: 300 programs, command lines of 80 bytes on average, a parent. One thread.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "rules/rules_bind.h"

#define EVENTS 256 /* as many as stay in the cache, where decoding leaves an event */
#define ROUNDS 200
#define PROGRAMS 300

static const char *const words[] = {
	"install",  "--verbose",  "-c",
	"-o",	    "/tmp/build", "/usr/lib/x86_64-linux-gnu",
	"http://",  "update",	  "/etc/conf",
	"--output", "-rf",	  "/var/log/syslog",
	"/dev/tcp", "base64",	  "--decode",
	"chmod",    "+x",	  "/root/.ssh/authorized_keys",
	"status",   "restart",	  "nginx",
	"python3",  "-e",	  "/home/user/work/project/src",
	"| sh",	    "curl",	  "-fsSL",
	"main.o",   "-DNDEBUG",	  "--config=/etc/app/app.yml",
};

static uint64_t seed = 42;
static unsigned int below(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % n;
}

static const char *word(void)
{
	return words[below(ARRAY_SIZE(words))];
}

/* Most rules name something that a normal machine never shows. */
static void put_text(struct buf *b)
{
	if (below(6) == 0)
		buf_printf(b, "'%s'", word());
	else
		buf_printf(b, "'%s %s%x'", word(), below(2) ? "-" : "/", below(1u << 20));
}

static void put_rule(struct buf *b, unsigned int number)
{
	unsigned int values = 1 + below(4);

	buf_printf(b,
		   "title: rule %u\nlogsource: {category: process_creation, product: linux}\n"
		   "detection:\n  a:\n    Image|endswith: ['/program%u', '/program%u']\n"
		   "    CommandLine|contains%s:\n",
		   number, below(PROGRAMS * 4), below(PROGRAMS * 4), below(3) ? "" : "|all");
	for (unsigned int i = 0; i < values; i++) {
		buf_append_str(b, "      - ");
		put_text(b);
		buf_append_str(b, "\n");
	}
	buf_append_str(b, "  b:\n    CommandLine|contains: ");
	put_text(b);
	buf_printf(b, "\n    ParentImage|startswith: '/usr/bin/program%u'\n", below(PROGRAMS * 4));
	if (below(40) == 0)
		buf_append_str(b, "    CommandLine|re: '\\s-[a-z]+[0-9]{4,}\\.sh$'\n");
	buf_printf(b, "  f:\n    CommandLine|startswith: ");
	put_text(b);
	buf_append_str(b, below(2) ? "\n  condition: (a or b) and not f\n---\n"
				   : "\n  condition: a and not 1 of f*\n---\n");
}

static struct event events[EVENTS];
static char texts[EVENTS][4][512];

/* The thread's own time: others on the machine do not count. */
static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static void make_events(void)
{
	for (unsigned int i = 0; i < EVENTS; i++) {
		struct event *e = &events[i];
		unsigned int n = 3 + below(8);
		char *line = texts[i][1];

		snprintf(texts[i][0], 512, "/usr/bin/program%u", below(PROGRAMS));
		snprintf(line, 512, "program%u", below(PROGRAMS));
		while (n-- > 0)
			snprintf(line + strlen(line), 512 - strlen(line), " %s", word());
		snprintf(texts[i][2], 512, "/usr/bin/program%u", below(PROGRAMS));
		snprintf(texts[i][3], 512, "program%u %s %s", below(PROGRAMS), word(), word());
		event_init(e, EVENT_DeviceProcessEvents);
		event_set_str(e, DeviceProcessEvents_ActionType, "ProcessCreated");
		event_set_str(e, DeviceProcessEvents_FolderPath, texts[i][0]);
		event_set_str(e, DeviceProcessEvents_ProcessCommandLine, line);
		event_set_str(e, DeviceProcessEvents_InitiatingProcessFolderPath, texts[i][2]);
		event_set_str(e, DeviceProcessEvents_InitiatingProcessCommandLine, texts[i][3]);
		event_set_str(e, DeviceProcessEvents_AccountName, "root");
		event_set_str(e, DeviceProcessEvents_ProcessCurrentDirectory, "/root/work");
		event_set_int(e, DeviceProcessEvents_ProcessId, 1000 + i);
	}
}

static void count(void *arg, unsigned int rule _unused_)
{
	++*(unsigned long *)arg;
}

static int measure(struct rules_builder *b, double compile_ms, struct err *err)
{
	_cleanup_(rules_set_freep) struct rules_set *set = NULL;
	_cleanup_(rules_binding_freep) struct rules_binding *binding = NULL;
	_cleanup_(rules_scratch_freep) struct rules_scratch *scratch = NULL;
	int64_t start = cpu_ns(), best = INT64_MAX;
	unsigned long hits = 0, hit_events = 0;
	int r = rules_builder_compile(b, &set, err);

	if (r < 0)
		return r;
	compile_ms += (double)(cpu_ns() - start) / 1e6;
	if (rules_binding_new(set, &binding) < 0 || rules_scratch_new(set, &scratch) < 0)
		return -ENOMEM;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		start = cpu_ns();
		hits = hit_events = 0;
		for (unsigned int i = 0; i < EVENTS; i++)
			hit_events +=
			    rules_match_event(binding, scratch, &events[i], count, &hits) > 0;
		best = MIN(best, cpu_ns() - start);
	}
	printf("%5zu rules: %6.0f ns an event, %.2f %% of events hit, %.3f hits an event, read and "
	       "compiled in %.0f ms\n",
	       rules_set_count(set), (double)best / EVENTS, 100.0 * (double)hit_events / EVENTS,
	       (double)hits / EVENTS, compile_ms);
	return 0;
}

static int made_up(unsigned int rules, struct err *err)
{
	_cleanup_(rules_builder_freep) struct rules_builder *b = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT(64 << 20);
	int64_t start;

	for (unsigned int i = 0; i < rules; i++)
		put_rule(&text, i);
	start = cpu_ns();
	if (buf_error(&text) || rules_builder_new(&b) < 0 ||
	    rules_builder_add(b, "made-up", text.data, text.len, NULL, NULL) < 0)
		return -ENOMEM;
	return measure(b, (double)(cpu_ns() - start) / 1e6, err);
}

static struct rules_builder *builder;

static int add_file(const char *path, const struct stat *st _unused_, int kind,
		    struct FTW *where _unused_)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	char *windows;

	if (kind != FTW_F || strlen(path) < 4 || strcmp(path + strlen(path) - 4, ".yml") ||
	    file_read(path, 1 << 20, &text, &len, NULL) < 0)
		return 0;
	windows = strstr(text, "product: windows");
	if (windows)
		memcpy(windows, "product: linux  ", 16);
	return rules_builder_add(builder, path, text, len, NULL, NULL);
}

static int published(char **dirs, struct err *err)
{
	int64_t start = cpu_ns();
	int r = rules_builder_new(&builder);

	for (; r == 0 && *dirs; dirs++)
		r = nftw(*dirs, add_file, 16, FTW_PHYS);
	if (r == 0)
		r = measure(builder, (double)(cpu_ns() - start) / 1e6, err);
	rules_builder_free(builder);
	return r;
}

int main(int argc, char **argv)
{
	static const unsigned int sizes[] = { 100, 1000, 3000 };
	struct err err = { 0 };
	int r = 0;

	make_events();
	for (size_t i = 0; argc == 1 && r == 0 && i < ARRAY_SIZE(sizes); i++)
		r = made_up(sizes[i], &err);
	if (argc > 1)
		r = published(argv + 1, &err);
	if (r < 0)
		fprintf(stderr, "bench-rules: %s\n", err_msg(&err, r));
	return r < 0;
}
