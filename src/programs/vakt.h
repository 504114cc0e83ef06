/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt.h - what the commands of the local command line share
 */
#pragma once

#include <stdbool.h>

#include "base/config.h"
#include "base/err.h"

/* How a command ends. */
enum { VAKT_DONE = 0, VAKT_FAILED = 1, VAKT_USAGE = 2, VAKT_UNHEALTHY = 3 };

struct vakt_arguments {
	const char *state_dir, *run_dir, *share_dir;
	const char *config_dir; /* NULL: the usual places */
	const char *token, *server, *field, *details;
	const char *value, *name; /* of the commands that are spelt as the reference spells them */
	const char *output;	  /* as it was typed */
	bool json, yes, local, check;
	char *const *words;       /* behind the command's own; their number is checked */
};

/* VAKT_DONE, VAKT_UNHEALTHY, or negative errno with err set. */
typedef int (*vakt_command_fn)(const struct vakt_arguments *a, struct err *err);

int vakt_onboard(const struct vakt_arguments *a, struct err *err);
int vakt_offboard(const struct vakt_arguments *a, struct err *err);
int vakt_health(const struct vakt_arguments *a, struct err *err);
int vakt_connectivity(const struct vakt_arguments *a, struct err *err);
int vakt_config_list(const struct vakt_arguments *a, struct err *err);
int vakt_config_get(const struct vakt_arguments *a, struct err *err);
int vakt_config_set(const struct vakt_arguments *a, struct err *err);
int vakt_config_unset(const struct vakt_arguments *a, struct err *err);
/* As the reference spells them. */
int vakt_proxy_set(const struct vakt_arguments *a, struct err *err);
int vakt_proxy_clear(const struct vakt_arguments *a, struct err *err);
int vakt_log_level_set(const struct vakt_arguments *a, struct err *err);
int vakt_group_set(const struct vakt_arguments *a, struct err *err);
int vakt_tag_set(const struct vakt_arguments *a, struct err *err);
int vakt_tag_remove(const struct vakt_arguments *a, struct err *err);

/* The settings as the programs see them; reads only. */
int vakt_open_config(const struct vakt_arguments *a, struct config_set **ret_config,
		     struct err *err);
/* Prints text, or {"result": result} with --output json. */
void vakt_tell(const struct vakt_arguments *a, const char *result, const char *text);
