/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h - what a timeline is asked for, and the SQL conditions that follow
 */
#pragma once

#include "cloud/api/events.h"

struct timeline_choice {
	int64_t from_ns, to_ns; /* to is not included */
	unsigned int kinds;	/* bits of event_kinds */
	size_t word_count;
	char words[EVENTS_WORDS_MAX][EVENTS_TEXT_MAX * 2 + 3]; /* LIKE patterns, lower case */
};

/* 0, or 1 when it has answered that a parameter is wrong. */
int timeline_read(const struct http_request *req, struct http_response *res,
		  struct timeline_choice *ret_choice);
/* Sets the parameters that timeline_where() names. */
int timeline_bind(const struct timeline_choice *choice, struct event_question *q);
/* Appends " FROM vakt.TABLE WHERE ...". */
void timeline_where(const struct timeline_choice *choice, unsigned int kind, struct buf *sql);
