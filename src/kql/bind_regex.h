/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_regex.h - regular expressions that are known before the query runs
 */
#pragma once

#include "kql/bind.h"

/*
 * The expression as the engine's RE2 takes it: \u and \U, which RE2 has no word for, become \x{...}.
 * What is not constant comes back as it is; bad after a complaint that says what RE2 does not know.
 */
struct bx *bind_regex(struct binder *b, struct bx *x);
