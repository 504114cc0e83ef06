/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions.h - what an exception can be narrowed by, and whether that holds
 *
 * TUNING_FIELDS is the one table: code, the API's description, the portal's form and docs/tuning.md
 * follow from it. Text is compared byte for byte: names and paths of Linux know upper and lower
 * case.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "event/event.h"

/* X(name, text, of, doc); of: PROCESS or DEVICE */
#define TUNING_FIELDS(X)                                                                           \
	X(FILE_NAME, "fileName", PROCESS, "File name of the process's program.")                   \
	X(FOLDER_PATH, "folderPath", PROCESS, "Path of the process's program, its name included.") \
	X(COMMAND_LINE, "processCommandLine", PROCESS,                                             \
	  "Command line of the process, arguments joined by blanks.")                              \
	X(PARENT_NAME, "parentProcessFileName", PROCESS,                                           \
	  "File name of the program that started the process.")                                    \
	X(ACCOUNT_NAME, "accountName", PROCESS, "Account that the process runs as.")               \
	X(MACHINE_ID, "machineId", DEVICE, "Id of the device.")                                    \
	X(MACHINE_TAG, "machineTag", DEVICE, "One of the device's tags: a group of devices.")

#define TUNING_OPERATORS(X)                                                                        \
	X(EQUALS, "equals")                                                                        \
	X(STARTS_WITH, "startsWith")                                                               \
	X(ENDS_WITH, "endsWith")                                                                   \
	X(CONTAINS, "contains")

enum tuning_of { TUNING_OF_PROCESS, TUNING_OF_DEVICE };
enum tuning_field {
#define X(name, text, of, doc) TUNING_##name,
	TUNING_FIELDS(X)
#undef X
	    TUNING_FIELD_COUNT
};
enum tuning_operator {
#define X(name, text) TUNING_##name,
	TUNING_OPERATORS(X)
#undef X
};
/* By the enums; the names end with NULL. */
extern const char *const tuning_field_names[], *const tuning_operator_names[];
extern const char *const tuning_field_docs[];
enum tuning_of tuning_field_of(enum tuning_field field);

#define TUNING_CONDITIONS_MAX 8
#define TUNING_VALUE_MAX 4096 /* bytes */

struct conditions {
	struct condition {
		enum tuning_field field;
		enum tuning_operator op;
		const char *value;
		size_t len;
	} list[TUNING_CONDITIONS_MAX];
	unsigned int count;
};

/*
 * From a list of {"field", "operator", "value"}, values copied into the arena. of_rule: for one
 * rule, else for all, which needs a condition on the process. -EINVAL: err says what is wrong;
 * -ENOMEM.
 */
int conditions_read(const json_t *json, bool of_rule, struct arena *arena,
		    struct conditions *ret_conditions, struct err *err);

/* What conditions are held against; texts are borrowed, empty where nothing is known. */
struct facts {
	struct fact {
		const char *s;
		size_t len;
	} values[TUNING_FIELD_COUNT];
	const json_t *tags; /* list of texts; NULL: none */
};
/* Of the process that an event is about. */
void facts_of_event(const struct event *e, struct facts *ret_facts);
/* Of a process among an alert's evidence; the path is put together in the arena. -ENOMEM. */
int facts_of_evidence(const json_t *entity, struct arena *arena, struct facts *ret_facts);
/* All conditions on a process, or all on a device. */
bool conditions_hold(const struct conditions *c, enum tuning_of of, const struct facts *facts);
