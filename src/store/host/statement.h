/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.h - is a text one statement?
 *
 * The engine runs all statements of a text and mixes their answers, so only one is let in. Follows
 * ClickHouse's lexer for strings, quoted names and comments.
 */
#pragma once

#include <stdbool.h>

/* True when nothing but white space and comments follows the first semicolon outside of quotes. */
bool statement_is_single(const char *sql);
