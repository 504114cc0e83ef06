/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hunt.h - hunting queries: compiled, admitted, run on the event store, taken back
 *
 * Why:    one place decides what a tenant's questions may cost, whoever asks them
 * Owns:   the list of what runs, running times of tenants
 * Not here: the language (kql), who may ask (cloud/access), the form of answers (cloud/api)
 *
 * A run is compiled by hunt_begin(), which may wait for its turn, executed at most once, ended by
 * its owner. Limits are those of the reference, learn.microsoft.com/defender-endpoint/api/
 * run-advanced-query-api. All calls are thread-safe; a run belongs to one thread.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "kql/kql.h"
#include "store/telemetry.h"

#define HUNT_ROWS_MAX 100000
#define HUNT_EXECUTION_S 200	  /* of one run */
#define HUNT_RUNNING_MAX 3	  /* at a time; the store's fourth reader is left to others */
#define HUNT_TENANT_RUNNING_MAX 2 /* of one tenant */
#define HUNT_WAITING_MAX 2	  /* for their turn; more are refused at once */
#define HUNT_WAIT_S 10		  /* for one's turn */
#define HUNT_BACKGROUND_WAIT_S (HUNT_EXECUTION_S + HUNT_WAIT_S) /* of one that has the next turn   \
								 */
#define HUNT_HOUR_S (10 * 60)	 /* running time of a tenant in an hour */
#define HUNT_DAY_S (3 * 60 * 60) /* and in a day */
#define HUNT_TENANTS_MAX 4096	 /* whose running times are remembered */
#define HUNT_DAYS_DEFAULT 30	 /* how far a query looks back */
#define HUNT_RUN_ID_MAX 64

struct hunt;
struct hunt_run;

struct hunt_options {
	struct telemetry *telemetry;
	unsigned int days; /* how far queries look back; 0: HUNT_DAYS_DEFAULT */
	/* Addresses beneath which externaldata may read, ends with NULL; nullable: none. Kept. */
	const char *const *external;
	const char *external_ca_file; /* PEM, trusted there beside the system's; nullable. Kept. */
};

int hunt_open(const struct hunt_options *options, struct hunt **ret_hunt, struct err *err);
/* No run is left. */
void hunt_close(struct hunt *h);
DEFINE_CLEANUP(struct hunt *, hunt_close)
unsigned int hunt_days(const struct hunt *h);

enum hunt_form {
	HUNT_OBJECTS,	    /* {"Column": value, ...} */
	HUNT_LISTS,	    /* [value, ...] */
	HUNT_LISTS_OF_TEXT, /* the same, longs as texts: many readers' numbers hold 53 bits */
	HUNT_LINES,	    /* the same, each with an end of line behind it, no commas between */
};
struct hunt_request {
	const char *text;
	size_t len;
	const char *tenant_id, *principal_id;
	const char *run_id;  /* by which the principal takes it back; nullable */
	int64_t lookback_ns; /* 0: as far as is allowed; more is cut to that */
	/* Asked about every second; true: nobody waits any more. Nullable. */
	bool (*gone)(void *arg);
	void *gone_arg;
	enum hunt_form form; /* of the rows */
	bool compile_only; /* needs no turn, touches no data */
	/*
	 * Of a rule, not of a person: has the next turn, is not refused because people ask much,
	 * and uses none of the tenant's running time. Whoever sets it bounds how many there are.
	 */
	bool background;
	int64_t recent_ns, received_ns; /* as in struct kql_options */
	bool continuous;
	unsigned int execution_s; /* 0: HUNT_EXECUTION_S */
	unsigned int rows_max;	  /* 0: HUNT_ROWS_MAX; the newest where there is a Timestamp */
};

/*
 * 0 or -EINVAL with *ret_run set: hunt_run_query() has the columns, or why it is refused.
 * -EBUSY: too many run; -EDQUOT: the tenant's running time is used up; err says which, and
 * hunt_retry_after_s() when to come again. -EEXIST: the principal has a run of this id; -ENOMEM.
 */
int hunt_begin(struct hunt *h, const struct hunt_request *request, struct hunt_run **ret_run,
	       struct err *err);
void hunt_end(struct hunt_run *r);
DEFINE_CLEANUP(struct hunt_run *, hunt_end)
const struct kql_query *hunt_run_query(const struct hunt_run *r);
/* [{"name", "type"}], the caller's; NULL where memory is short. */
json_t *hunt_columns_json(const struct kql_query *q);
unsigned int hunt_retry_after_s(struct hunt *h, const char *tenant_id, int r);

struct hunt_result {
	uint64_t rows;
	bool limited; /* there are more than HUNT_ROWS_MAX */
	int64_t compile_ns, wait_ns, execute_ns;
};
/*
 * Appends the rows to out as JSON with commas between, see enum hunt_form. On failure out is as it
 * was: -ECANCELED, -ETIMEDOUT, -ENOBUFS (memory), -EMSGSIZE (larger than out may get), -EAGAIN (no
 * store), -EINVAL (the store refused what the compiler made: err has its words).
 */
int hunt_execute(struct hunt_run *r, struct buf *out, struct hunt_result *ret_result,
		 struct err *err);

/* -ENOENT: the principal has no such run. It ends within a second or so. */
int hunt_cancel(struct hunt *h, const char *tenant_id, const char *principal_id,
		const char *run_id);

/* Since the start, of all tenants. */
struct hunt_stats {
	uint64_t runs, refused; /* refused: by the compiler */
	uint64_t limited, cancelled, timed_out, failed;
	uint64_t too_many, over_quota;
	uint64_t running, waiting, running_ms;
};
void hunt_get_stats(struct hunt *h, struct hunt_stats *ret_stats);
