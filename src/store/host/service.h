/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h - ClickHouse's HTTP interface, as far as Vakt needs it, on a Unix socket
 *
 * GET /ping; POST /?query=...&param_x=...&default_format=...&insert_deduplication_token=...
 * Statements with readonly=1 in the URL run on connections that can only read; an INSERT ... FORMAT
 * Native takes its block from the body. max_execution_time, max_result_rows and max_memory_usage
 * bound a question; one whose client goes away is ended. https://clickhouse.com/docs/interfaces/http
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "store/host/engine.h"

struct service_options {
	const char *socket_path;
	const char *data_dir; /* the engine's, for as long as the service */
	unsigned int writers, readers; /* threads, a connection each */
	uid_t peer; /* may ask beside root and the service's own user */
};

struct service;

int service_new(struct engine *engine, const struct service_options *options,
		struct service **ret_service, struct err *err);
/* Runs until SIGTERM or SIGINT. -ESTALE: the engine must be started again, at once; see parts.h. */
int service_run(struct service *s);
void service_free(struct service *s);
DEFINE_CLEANUP(struct service *, service_free)
