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

#include "base/buf.h"
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
	unsigned int roles;	   /* enum access_role */
	char app_permissions[512]; /* separated by blanks; "" for people */
	char csrf_token[ACCESS_TOKEN_SIZE];
	bool must_change_password;
};

/* Default refusal: false for NULL, for NONE and for anything the table does not grant. */
bool access_allows(const struct access_identity *id, enum access_permission permission);
/* "" for what is none. */
const char *access_role_name(enum access_role role);
/* "ALERT_READ": what a portal asks before it shows a button; "" for NONE and ANONYMOUS. */
const char *access_permission_name(enum access_permission permission);
/* The row of the access table: bits of enum access_role, and names with a blank between. */
unsigned int access_permission_roles(enum access_permission permission);
const char *access_permission_apps(enum access_permission permission);

void access_token_random(char ret_token[ACCESS_TOKEN_SIZE]);
/* SHA-256 as hex: tokens of 256 random bits are kept as this. */
void access_token_hash(const char *token, char ret_hex[ACCESS_TOKEN_SIZE]);

/* argon2id as PHC string; the caller frees. */
int password_hash(const char *password, char **ret_phc);
/* With phc NULL (unknown user) it works as long and answers false. */
bool password_verify(const char *phc, const char *password);

struct access_tenant {
	char id[UUID_TEXT_SIZE];
	char subscription_id[UUID_TEXT_SIZE];
};
/*
 * The first tenant and subscription, made where there is none. With password_file a missing user
 * "admin" is made as well; its password, to be changed at the first log-in, is written there (0600)
 * before anything of it is kept, so that no crash leaves an administrator nobody can log in as.
 */
int access_bootstrap(struct state_conn *c, const char *password_file,
		     struct access_tenant *ret_tenant, struct err *err);
/* A password nobody thought of: 24 hex digits. */
#define ACCESS_PASSWORD_SIZE 25
#define ACCESS_PASSWORD_MIN 12
#define ACCESS_PASSWORD_MAX 1024
/* -EINVAL with what is asked of a password. */
int access_password_check(const char *name, const char *password, struct err *err);
void access_password_random(char password[ACCESS_PASSWORD_SIZE]);
/*
 * Sets the password and ends the user's sessions; temporary: it must be changed at the next log-in.
 * -ENOENT.
 */
int access_set_password(struct state_conn *c, const char *name, const char *password,
			bool temporary, struct err *err);

/*
 * The user's own change: ends the user's other sessions. -EACCES: current is wrong; -EINVAL: the
 * new one is no good, err says what is asked for.
 */
struct access_password_change {
	const char *current, *new;
	const char *token; /* the session that stays */
};
int access_change_password(struct state_conn *c, const struct access_identity *id,
			   const struct access_password_change *change, struct err *err);
/* "en", "sv", or "" for the browser's. */
int access_set_language(struct state_conn *c, const struct access_identity *id,
			const char *language, struct err *err);

/* Names of all roles, ended by NULL; and the bit behind a name, 0 where there is none. */
extern const char *const access_role_names[];
unsigned int access_role_of(const char *name);
/* Whether any row of the access table grants something for it: "Alert.Read.All". */
bool access_app_permission_known(const char *name);

/* What an administrator does to accounts. All need the tenant of whoever asks. */
struct access_user_change {
	int roles;	      /* bits of enum access_role; -1: stay */
	int disabled;	      /* -1: stays */
	const char *password; /* NULL: stays; else it must be changed at the next log-in */
};
/* -EEXIST: the name is taken; -EINVAL: name, roles or password are no good, err says what is. */
int access_user_create(struct state_conn *c, const char *tenant_id, const char *name,
		       const struct access_user_change *first, char ret_id[UUID_TEXT_SIZE],
		       struct err *err);
/* Ends the user's sessions. -ENOENT; -EINVAL; -EPERM: no owner would be left. */
int access_user_change(struct state_conn *c, const char *tenant_id, const char *user_id,
		       const struct access_user_change *change, struct err *err);
struct access_client_new {
	const char *name, *created_by;
	const char *permissions; /* JSON list */
};
/* The secret is told once, here. */
int access_client_create(struct state_conn *c, const char *tenant_id,
			 const struct access_client_new *client, char ret_id[UUID_TEXT_SIZE],
			 char ret_secret[ACCESS_TOKEN_SIZE], struct err *err);
/* Its tokens are worth nothing from now on. -ENOENT. */
int access_client_revoke(struct state_conn *c, const char *tenant_id, const char *client_id,
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

/*
 * Tokens of programs: OAuth 2.0 client credentials (RFC 6749 section 4.4), JWT (RFC 7519) signed
 * RS256 with a key that never leaves the state directory.
 */
#define ACCESS_BEARER_LIFETIME_S 3600
#define ACCESS_BEARER_MAX 4096
struct access_signer;
/* Loads DIR/token.key or makes it. */
int access_signer_open(const char *dir, struct access_signer **ret_signer, struct err *err);
void access_signer_close(struct access_signer *s);
DEFINE_CLEANUP(struct access_signer *, access_signer_close)

struct access_token_request {
	const char *tenant; /* id or name */
	const char *client_id, *client_secret;
	const char *audience;
	const char *issuer; /* our address; the tenant is appended */
};
/* -EACCES: client or secret is wrong, or revoked; -ENOENT: no such tenant. Appends the token. */
int access_token_issue(struct access_signer *s, struct state_conn *c,
		       const struct access_token_request *request, struct buf *ret_token,
		       struct err *err);
/* -ENOENT: forged, expired, or the client is gone. Permissions are those the client has now. */
int access_token_check(struct access_signer *s, struct state_conn *c, const char *token,
		       int64_t now_ns, struct access_identity *ret_id, struct err *err);

struct access_event {
	const char *operation, *target, *address;
	const char *outcome; /* Success, Denied, Failed */
	const char *details; /* JSON object, or NULL */
};
/* id NULL: nobody was known; the row then belongs to the only tenant. */
int access_audit(struct state_conn *c, const struct access_identity *id,
		 const struct access_event *event, struct err *err);
