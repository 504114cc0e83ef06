/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - settings of a device: one table, two files, and why a file was refused
 *
 * The format is the reference's managed profile, read unchanged from its own place; Vakt's file has
 * the same format and wins key by key. Vakt's own keys stand under "vakt".
 *
 * A file with a fault is refused whole and what it said before stays in force, over a restart too.
 * Its faults are told with line and column. In the reference's file a fault in something that has
 * no effect here is a remark only: profiles that work today must go on working.
 *
 * Not thread-safe: one set, one owner.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CONFIG_OWN_FILE "/etc/vakt/managed.json"
#define CONFIG_REFERENCE_FILE "/etc/opt/microsoft/mdatp/managed/mdatp_managed.json"
/* In the state folder: the last good texts. */
#define CONFIG_KEEP_FOLDER "configuration"
#define CONFIG_FILE_MAX (1u << 20)
#define CONFIG_TEXT_SIZE 512
#define CONFIG_TAGS_MAX 16
#define CONFIG_TAG_SIZE 201 /* the reference's maximum of 200 characters */
#define CONFIG_EXCLUSIONS_MAX 64
#define CONFIG_EXCLUSION_SIZE 512
#define CONFIG_LOG_FILES_MAX 32
#define CONFIG_LOG_PATH_SIZE 256
#define CONFIG_FAULTS_MAX 32
/* Enough for both files' faults, each byte escaped. */
#define CONFIG_REPORT_MAX (256u << 10)

struct config_log_file {
	char path[CONFIG_LOG_PATH_SIZE]; /* "": behind the last */
	int64_t kind;			 /* place of the word in the key's choices */
};

/* The values in force. Only what has an effect has a field. */
struct config {
	int64_t log_level; /* enum log_level */
	int64_t spool_max_bytes, seal_ms;
	int64_t ring_bytes, hash_max_bytes, processes_max;
	int64_t connection_ends; /* enum kernel_ends */
	int64_t heartbeat_s;
	int64_t log_journal; /* automatic, enabled, disabled */
	int64_t log_lines_per_second;
	char log_journal_folder[CONFIG_TEXT_SIZE];
	struct config_log_file log_files[CONFIG_LOG_FILES_MAX];
	char proxy[CONFIG_TEXT_SIZE];     /* "http://host:port" or "" */
	char group_ids[CONFIG_TEXT_SIZE];
	char tags[CONFIG_TAGS_MAX][CONFIG_TAG_SIZE]; /* values of GROUP; ends with "" */
};

enum config_type {
	CONFIG_BOOL,
	CONFIG_INTEGER, /* from min to max */
	CONFIG_CHOICE,  /* one of the words; its place in them is the value */
	CONFIG_TEXT,
	CONFIG_URL,     /* text: http://host:port of a proxy */
	CONFIG_TAGS,    /* [{"key":"GROUP","value":...}] */
	CONFIG_EXCLUSIONS, /* [{"$type":...}]; its reader takes the JSON */
	CONFIG_LOG_FILES, /* [{"path":"/...","kind":one of the words}] */
	CONFIG_LIST,    /* whatever it holds */
};

enum config_program { CONFIG_SENSOR = 1, CONFIG_UPLINK = 2 };

struct config_key {
	const char *path; /* "cloudService.proxy" */
	enum config_type type;
	unsigned int programs; /* who heeds it; 0: accepted, no effect yet */
	bool restart;          /* takes effect when the program starts again */
	bool power_of_two;
	size_t offset;         /* in struct config, where programs is not 0 */
	int64_t min, max;      /* CONFIG_INTEGER */
	const char *choices;   /* "a|b|c" */
	const char *unset;     /* the default as JSON */
	const char *doc;
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

enum config_excluded {
	CONFIG_EXCLUDED_PATH,
	CONFIG_EXCLUDED_EXTENSION,
	CONFIG_EXCLUDED_PROCESS,
	CONFIG_EXCLUDED_USER,
	CONFIG_EXCLUDED_CONTAINER,
	CONFIG_EXCLUSION_KINDS,
};

struct config_exclusion_kind {
	const char *type, *member; /* "excludedPath", and which member says what */
};

extern const struct config_exclusion_kind config_exclusion_kinds[CONFIG_EXCLUSION_KINDS];

struct jdoc;

/* enum config_excluded by "$type"; -1. */
int config_exclusion_kind(const struct jdoc *exclusion);
bool config_are_exclusions(const struct jdoc *d);

/* Place of the key in config_keys, or -ENOENT with what it may have meant. */
int config_key_find(const char *path, struct err *err);
/* Whether keys begin with "path.". */
bool config_is_section(const char *path);
/* "a whole number from 1 to 64": what a value of the key must be. */
void config_describe(const struct config_key *key, struct buf *out);

enum config_file { CONFIG_REFERENCE, CONFIG_OWN, CONFIG_FILE_COUNT };

struct config_fault {
	bool refuses; /* else a remark */
	char text[512]; /* "FILE:LINE:COLUMN: ..." */
};

/* What one text says. */
struct config_reading {
	char **json; /* by key: the value as JSON, NULL where the text does not give it */
	struct config_fault faults[CONFIG_FAULTS_MAX];
	size_t fault_count; /* may be more than are kept */
	bool refused;
};

/*
 * Reads text; name stands in front of faults. A refused reading has no values. Only -ENOMEM is an
 * error: faults are the result.
 */
int config_read(const char *text, size_t len, const char *name, enum config_file file,
		struct config_reading *ret_reading);
void config_reading_done(struct config_reading *r);

struct config_options {
	const char *dir;      /* NULL: the usual places; else both files lie there */
	const char *keep_dir; /* the last good texts, for the next start */
	bool keep;            /* writes them; else reads only */
};

struct config_set;

/* Never fails for what stands in a file: then the last good one or the defaults are in force. */
int config_set_new(const struct config_options *options, struct config_set **ret_set,
		   struct err *err);
void config_set_free(struct config_set *s);
DEFINE_CLEANUP(struct config_set *, config_set_free)
/* Looks at the files: 0 untouched; 1 read again (values, faults may be other). Cheap. */
int config_set_poll(struct config_set *s);
/* Reads whatever the files' times say; as config_set_poll(). */
int config_set_reload(struct config_set *s);

/* The path of a file of the set. */
const char *config_set_path(const struct config_set *s, enum config_file file);
const struct config *config_set_values(const struct config_set *s);
/* The value in force as JSON; *ret_file (nullable): the file that gave it, "" for the default. */
const char *config_set_json(const struct config_set *s, size_t key, const char **ret_file);
/* Hex digits that change with the values in force; "default" where no file gives any. */
const char *config_set_version(const struct config_set *s);
/* Faults of both files, in order; NULL behind the last. */
const struct config_fault *config_set_fault(const struct config_set *s, size_t i);
/* Keys given by a file that have no effect here. */
size_t config_set_without_effect(const struct config_set *s);
/*
 * Appends {"version","issues":[...],"remarks":[...],"withoutEffect":n,"restartNeeded":[...]};
 * program: whose keys restartNeeded lists when they changed since the set was made.
 */
int config_set_report(const struct config_set *s, enum config_program program, struct buf *out);
