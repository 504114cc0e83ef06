/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind_source.h - operators that begin a pipe
 */
#pragma once

#include "kql/bind.h"

/* A table of constants; rows are filled by the caller: row_count * def_count values. */
struct rel *bind_values(struct binder *b, uint32_t rows);
