/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/logs/journal.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CURSOR_SIZE 256
#define LIBRARY "libsystemd.so.0"
/* sd-journal.h */
#define LOCAL_ONLY 1
#define SYSTEM 4

typedef struct sd_journal sd_journal;

/* What is used of the library, as sd-journal(3) declares it: its interface is kept for ever. */
#define CALLS(X)                                                                                   \
	X(int, open, (sd_journal **, int))                                                         \
	X(int, open_directory, (sd_journal **, const char *, int))                                 \
	X(void, close, (sd_journal *))                                                             \
	X(int, next, (sd_journal *))                                                               \
	X(int, previous, (sd_journal *))                                                           \
	X(int, seek_tail, (sd_journal *))                                                          \
	X(int, seek_head, (sd_journal *))                                                          \
	X(int, seek_cursor, (sd_journal *, const char *))                                          \
	X(int, test_cursor, (sd_journal *, const char *))                                          \
	X(int, get_cursor, (sd_journal *, char **))                                                \
	X(int, get_realtime_usec, (sd_journal *, uint64_t *))                                      \
	X(int, get_data, (sd_journal *, const char *, const void **, size_t *))                    \
	X(int, set_data_threshold, (sd_journal *, size_t))                                         \
	X(int, get_fd, (sd_journal *))                                                             \
	X(int, process, (sd_journal *))

struct calls {
#define AS_MEMBER(type, name, arguments) type(*name) arguments;
	CALLS(AS_MEMBER)
};

static const char *const call_names[] = {
#define AS_NAME(type, name, arguments) "sd_journal_" #name,
	CALLS(AS_NAME)
};

/* Fields of an entry that a line has; each is copied, since the library lends one at a time. */
enum field { MESSAGE, IDENTIFIER, COMM, PID, OWN_PID, PRIORITY, FACILITY, FIELD_COUNT };
static const char *const field_names[FIELD_COUNT] = {
	[MESSAGE] = "MESSAGE",	  [IDENTIFIER] = "SYSLOG_IDENTIFIER",
	[COMM] = "_COMM",	  [PID] = "_PID",
	[OWN_PID] = "SYSLOG_PID", [PRIORITY] = "PRIORITY",
	[FACILITY] = "SYSLOG_FACILITY",
};

struct journal {
	void *library;
	struct calls call;
	sd_journal *handle;
	char cursor[CURSOR_SIZE];
	bool lost;
	char message[JOURNAL_FIELD_MAX], identifier[256];
};

static int load(struct journal *j, struct err *err)
{
	void **to = (void **)&j->call;

	j->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!j->library)
		return err_setf(err, -ENOENT, "no journal: %s", dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(call_names); i++) {
		to[i] = dlsym(j->library, call_names[i]);
		if (!to[i])
			return err_setf(err, -ENOENT, "no journal: " LIBRARY " has no %s",
					call_names[i]);
	}
	return 0;
}

/* The library finds no fault in a machine where nobody writes a journal. */
static bool is_kept(const char *folder)
{
	return *folder || access("/run/log/journal", F_OK) == 0 || access("/var/log/journal", F_OK) == 0;
}

/* Before the end, or behind the entry that was read last; at the beginning where that is gone. */
static int find_place(struct journal *j)
{
	int r;

	if (!*j->cursor)
		return journal_skip_to_end(j);
	r = j->call.seek_cursor(j->handle, j->cursor);
	if (r == 0)
		r = j->call.next(j->handle);
	if (r > 0 && j->call.test_cursor(j->handle, j->cursor) > 0)
		return 0;
	j->lost = true;
	return j->call.seek_head(j->handle);
}

int journal_open(const char *folder, const char *cursor, struct journal **ret_journal,
		 struct err *err)
{
	_cleanup_(journal_closep) struct journal *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return err_setf(err, -ENOMEM, "out of memory");
	if (!is_kept(folder))
		return err_setf(err, -ENOENT, "no journal: journald keeps none on this machine");
	snprintf(j->cursor, sizeof(j->cursor), "%s", cursor);
	r = load(j, err);
	if (r < 0)
		return r;
	r = *folder ? j->call.open_directory(&j->handle, folder, 0)
		    : j->call.open(&j->handle, LOCAL_ONLY | SYSTEM);
	if (r < 0)
		return err_setf(err, r, "journal %s: %s", folder, strerror(-r));
	j->call.set_data_threshold(j->handle, JOURNAL_FIELD_MAX);
	/* Makes the library watch for new files, which next() then finds. */
	(void)j->call.get_fd(j->handle);
	r = find_place(j);
	if (r < 0)
		return err_setf(err, r, "journal %s: %s", folder, strerror(-r));
	*ret_journal = TAKE_PTR(j);
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->handle)
		j->call.close(j->handle);
	if (j->library)
		dlclose(j->library);
	free(j);
}

bool journal_take_loss(struct journal *j)
{
	bool lost = j->lost;

	j->lost = false;
	return lost;
}

static void note_cursor(struct journal *j)
{
	char *cursor;

	if (j->call.get_cursor(j->handle, &cursor) < 0)
		return;
	snprintf(j->cursor, sizeof(j->cursor), "%s", cursor);
	free(cursor);
}

int journal_skip_to_end(struct journal *j)
{
	int r = j->call.seek_tail(j->handle);

	if (r >= 0)
		r = j->call.previous(j->handle);
	if (r > 0)
		note_cursor(j);
	return MIN(r, 0);
}

/* The field's value in room, cut; false: the entry has none. */
static bool get_field(struct journal *j, enum field f, char *room, size_t size, size_t *ret_len)
{
	const void *data;
	size_t len, name = strlen(field_names[f]) + 1;

	if (j->call.get_data(j->handle, field_names[f], &data, &len) < 0 || len < name)
		return false;
	*ret_len = MIN(len - name, size);
	memcpy(room, (const char *)data + name, *ret_len);
	return true;
}

static int64_t get_number(struct journal *j, enum field f, int64_t otherwise)
{
	char digits[24];
	size_t len;

	if (!get_field(j, f, digits, sizeof(digits) - 1, &len) || !len)
		return otherwise;
	digits[len] = '\0';
	return strtoll(digits, NULL, 10);
}

static const char *word(const char *const *words, size_t count, int64_t number)
{
	return number >= 0 && number < (int64_t)count ? words[number] : NULL;
}

static void read_entry(struct journal *j, struct log_line *line)
{
	static const char *const severities[] = { "emerg",   "alert",  "crit", "err",
						  "warning", "notice", "info", "debug" };
	static const char *const facilities[] = {
		"kern",	    "user",	"mail",	  "daemon", "auth",   "syslog", "lpr",	  "news",
		"uucp",	    "cron",	"authpriv", "ftp",  "ntp",    "audit",	"alert",  "clock",
		"local0",   "local1",	"local2", "local3", "local4", "local5", "local6", "local7"
	};
	uint64_t usec = 0;

	*line = (struct log_line){ .source = "journal", .message.s = j->message,
				   .identifier.s = j->identifier };
	get_field(j, MESSAGE, j->message, sizeof(j->message), &line->message.len);
	if (!get_field(j, IDENTIFIER, j->identifier, sizeof(j->identifier), &line->identifier.len))
		get_field(j, COMM, j->identifier, sizeof(j->identifier), &line->identifier.len);
	line->pid = get_number(j, PID, get_number(j, OWN_PID, 0));
	line->severity = word(severities, ARRAY_SIZE(severities), get_number(j, PRIORITY, -1));
	line->facility = word(facilities, ARRAY_SIZE(facilities), get_number(j, FACILITY, -1));
	if (j->call.get_realtime_usec(j->handle, &usec) == 0)
		line->time_ns = (int64_t)usec * 1000;
}

int journal_next(struct journal *j, struct log_line *ret_line)
{
	int r = j->call.process(j->handle);

	if (r >= 0)
		r = j->call.next(j->handle);
	if (r <= 0)
		return r;
	read_entry(j, ret_line);
	note_cursor(j);
	return 1;
}

const char *journal_cursor(const struct journal *j)
{
	return j->cursor;
}
