/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt_rules_scan.h - rows of a file against rules, for those who write rules or try attacks
 *
 * The file has one row a line, as vakt-frames prints them.
 */
#pragma once

#include "base/err.h"
#include "rules/rules.h"

/*
 * Prints for each rule that is true of a row: the row's line in the file, the rule's id, level,
 * techniques joined by commas and title, tab between them; correlations included. Not what
 * only serves a correlation. A row of a table that is unknown here is refused by its line.
 */
int scan_rows(const struct rules_set *set, const char *path, struct err *err);
