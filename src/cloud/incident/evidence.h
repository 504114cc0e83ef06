/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h - JSON of what an alert shows: evidence entities and the steps of its story
 *
 * Texts of a device end here: they are cut to EVIDENCE_TEXT_MAX and always valid UTF-8 in the JSON.
 */
#pragma once

#include "base/buf.h"
#include "cloud/incident/ancestry.h"
#include "event/event.h"

#define EVIDENCE_TEXT_MAX 16384
#define EVIDENCE_PER_EVENT_MAX 4

enum evidence_type { EVIDENCE_PROCESS, EVIDENCE_FILE, EVIDENCE_IP, EVIDENCE_USER };

/* "Process", "File", "Ip", "User". */
const char *evidence_type_name(enum evidence_type type);

struct evidence {
	enum evidence_type type;
	struct buf key;	   /* the same for the same entity */
	struct buf entity; /* JSON object */
};

/* What one event is evidence of. Count; each must be freed with evidence_done(). */
unsigned int evidence_of_event(const struct event *e, int64_t created_ns,
			       struct evidence ret_list[EVIDENCE_PER_EVENT_MAX]);
/*
 * The entity that a row names by one of its columns ("RemoteIP", "InitiatingProcessSHA256"); which
 * of its properties that is, the column's name tells. Must be freed as above.
 */
void evidence_of_column(enum evidence_type type, const char *column, const char *value,
			int64_t created_ns, struct evidence *ret_evidence);
void evidence_done(struct evidence *list, unsigned int count);

/* One step of a story as a JSON object. */
int evidence_step_of_event(const struct event *e, struct buf *out);
int evidence_step_of_ancestor(const struct ancestor *p, struct buf *out);
