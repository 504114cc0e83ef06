/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud_commands.c - what an administrator does beside the running server
 *
 * State is shared through the database; nothing here talks to the server.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "programs/cloud.h"

static int create_token(struct cloud *cloud, const char *argument _unused_, struct err *err)
{
	_cleanup_buf_ struct buf file = BUF_INIT(4096);
	char id[UUID_TEXT_SIZE];
	int r = fleet_token_create(cloud->fleet, "made on the command line", "root",
				   cloud->options.token_hours * 3600, cloud->options.token_uses, id,
				   &file, err);

	if (r == 0)
		fputs(file.data, stdout);
	return r;
}

static int reset_password(struct cloud *cloud, const char *name, struct err *err)
{
	char password[ACCESS_PASSWORD_SIZE];
	int r;

	access_password_random(password);
	r = access_set_password(state_get(cloud->state), name, password, true, err);
	if (r == 0)
		puts(password);
	return r;
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(struct cloud *cloud, const char *argument, struct err *err);
} commands[] = {
	{ "create-token", 0, create_token },
	{ "reset-password", 1, reset_password },
};

int cloud_command(struct cloud *cloud, struct err *err)
{
	const struct cloud_options *o = &cloud->options;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(o->words[0], commands[i].name) == 0 &&
		    o->word_count == 1 + commands[i].arguments)
			return commands[i].run(cloud, o->words[1], err);
	return -ENOSYS;
}
