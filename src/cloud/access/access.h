/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access.h - who is asking and whether they may: users, sessions, the access table, the audit log
 *
 * Owns the tables user, session, role_assignment and audit. It knows nothing of HTTP; the API layer
 * carries tokens in and out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hex.h"
#include "cloud/access/permissions.h"
#include "store/state.h"

#define ACCESS_TOKEN_SIZE 65 /* 32 random bytes as hex */
#define ACCESS_SESSION_IDLE_S (60 * 60)
#define ACCESS_SESSION_MAX_S (12 * 60 * 60)

struct access_identity {
	char tenant_id[UUID_TEXT_SIZE];
	char principal_id[UUID_TEXT_SIZE];
	char name[128];
	char language[16];
	unsigned int roles;    /* enum access_role */
	char app_permissions[512]; /* separated by blanks; "" for people */
	char csrf_token[ACCESS_TOKEN_SIZE];
};

/* Default refusal: false for NULL, for NONE and for anything the table does not grant. */
bool access_allows(const struct access_identity *id, enum access_permission permission);
const char *access_role_name(enum access_role role);

/* argon2id as PHC string; the caller frees. */
int password_hash(const char *password, char **ret_phc);
/* With phc NULL (unknown user) it works as long and answers false. */
bool password_verify(const char *phc, const char *password);

/*
 * Makes tenant, subscription and the user "admin" where there is none. ret_password (caller frees)
 * is its generated password, NULL when the user was there.
 */
int access_bootstrap(struct state_conn *c, char **ret_password, struct err *err);
/* Sets the password, ends the user's sessions. -ENOENT. */
int access_set_password(struct state_conn *c, const char *name, const char *password,
			struct err *err);

struct access_throttle;
struct access_throttle *access_throttle_new(void);
void access_throttle_free(struct access_throttle *t);
DEFINE_CLEANUP(struct access_throttle *, access_throttle_free)
/* Seconds the key ("name:x", "address:y") must wait; 0: it may try. */
unsigned int access_throttle_wait(struct access_throttle *t, const char *key, int64_t now_ns);
void access_throttle_failed(struct access_throttle *t, const char *key, int64_t now_ns);
void access_throttle_cleared(struct access_throttle *t, const char *key);

/* 0 and a fresh session, -EACCES for a wrong name or password. */
int access_login(struct state_conn *c, const char *name, const char *password,
		 char ret_token[ACCESS_TOKEN_SIZE], struct err *err);
/* -ENOENT: no such session, or it has expired. Moves the idle time on. */
int access_session_get(struct state_conn *c, const char *token, int64_t now_ns,
		       struct access_identity *ret_id, struct err *err);
int access_session_end(struct state_conn *c, const char *token, struct err *err);
/* Compares in constant time. */
bool access_csrf_matches(const struct access_identity *id, const char *header);

struct access_event {
	const char *operation, *target, *address;
	const char *outcome; /* Success, Denied, Failed */
};
/* id NULL: nobody was known; the row then belongs to the only tenant. */
int access_audit(struct state_conn *c, const struct access_identity *id,
		 const struct access_event *event, struct err *err);
