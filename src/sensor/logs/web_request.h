/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web_request.h - a line of a web server's access log, in the common or the combined format
 */
#pragma once

#include "base/buf.h"

/*
 * Appends the request's fields as a JSON object, by the names of W3C's extended log format; cs-uri and
 * cs-uri-query are both the whole target, as published rules ask for paths in either. -EBADMSG: the
 * line is of another format.
 */
int web_request_print(const char *line, size_t len, struct buf *out);
