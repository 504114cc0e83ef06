/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exclusions.h - what the owner does not want to be told, and how much that was
 *
 * Made of the setting exclusionSettings.exclusions; only what has the scope "global" counts, for
 * scans know nothing of events. Knows no kernel and makes no rows. An exclusion is a number, its
 * place in the list.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sensor/process/user_names.h"

/* Longest text of all in force: the row that tells of them is cut there. */
#define EXCLUSIONS_TEXT_MAX 8192

struct exclusions;

/* json is a list that config_are_exclusions() took. Users are looked up now. -ENOMEM. */
int exclusions_new(const char *json, struct user_names *users, struct exclusions **ret_exclusions);
void exclusions_free(struct exclusions *x);
DEFINE_CLEANUP(struct exclusions *, exclusions_free)
/* NULL is an empty list, here and below. */
size_t exclusions_count(const struct exclusions *x);
/* The exclusion of a program at path or of a container's ("" for none); -1. */
int exclusions_find_process(const struct exclusions *x, const char *path, const char *container);
int exclusions_find_user(const struct exclusions *x, uint32_t uid);
/* Of a file's path, by path or extension. */
int exclusions_find_file(const struct exclusions *x, const char *path);
/* Whether what an excluded process starts is excluded as well. */
bool exclusions_inherited(const struct exclusions *x, int i);
void exclusions_note(struct exclusions *x, int i);
/* How many events were left out by it. */
uint64_t exclusions_noted(const struct exclusions *x, int i);
/* "process /usr/bin/backup and what it starts" */
void exclusions_describe(const struct exclusions *x, int i, struct buf *out);
