/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink_internal.h - what the uplink's own files share; nobody else includes it
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/config.h"
#include "net/http_client.h"
#include "sensor/uplink/identity.h"
#include "sensor/uplink/uplink.h"

struct status { /* what health shows */
	const char *state;
	char reason[512];
	int64_t last_success_ns, clock_offset_ns, not_after_ns;
	uint64_t frames_sent, bytes_sent, frames_refused;
	bool clone_suspected;
	char server[256], tenant_id[64], device_id[64], machine_uid[IDENTITY_UID_SIZE];
	char *configuration; /* JSON; what config_set_report() said last */
};

struct uplink {
	char state_dir[3072], spool_dir[3200], run_dir[3072];
	const struct config_set *config;
	char proxy[CONFIG_TEXT_SIZE]; /* the client's */
	unsigned int heartbeat_ms, backoff_first_ms, timeout_ms;
	struct stat identity_seen;
	bool fixed_heartbeat, onboarded, untrusted, have_frame;
	struct identity id;
	struct http_client *client;
	struct spool_reader *spool;
	struct buf frame;
	struct http_client_response res;
	int64_t next_heartbeat_ns, next_renew_ns, retry_ns;
	unsigned int failures;
	pthread_mutex_t lock; /* status */
	struct status status;
};

/* uplink.c */
int uplink_post(struct uplink *u, struct http_client *c, const char *path, const char *type,
		const void *body, size_t len, struct err *err);
/* A client with the certificate as it is now, in place of the one before. */
int uplink_make_client(struct uplink *u, struct err *err);
/* The message of the server's last answer. */
const char *uplink_server_reason(struct uplink *u, char *dst, size_t size);
void uplink_lose_trust(struct uplink *u, const char *reason);
void uplink_forget(struct uplink *u);

/* uplink_trust.c */
/* The server's clock, which counts for its certificates: ours may be wrong by years. */
int64_t uplink_server_now(const struct uplink *u);
void uplink_renew_when_due(struct uplink *u);
/* 401 or 403: for ever, but for a certificate that can still be renewed. */
void uplink_on_refused(struct uplink *u);
