/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt_onboard.c - `vakt onboard`, `vakt offboard`
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sensor/uplink/onboard.h"
#include "vakt.h"

static int options_of(const struct vakt_arguments *a, struct config_set **ret_config,
		      struct onboard_options *ret_options, struct err *err)
{
	int r = vakt_open_config(a, ret_config, err);

	if (r < 0)
		return r;
	*ret_options = (struct onboard_options){ .state_dir = a->state_dir, .run_dir = a->run_dir,
						 .token_file = a->token, .server = a->server,
						 .proxy = config_set_values(*ret_config)->proxy };
	return 0;
}

int vakt_onboard(const struct vakt_arguments *a, struct err *err)
{
	_cleanup_(config_set_freep) struct config_set *config = NULL;
	struct onboard_options o;
	int r;

	if (!a->token)
		return err_setf(err, -EINVAL, "`vakt onboard` needs --token FILE; the portal or "
				"`vakt-cloud create-token` makes one");
	r = options_of(a, &config, &o, err);
	if (r == 0)
		r = onboard_run(&o, err);
	if (r < 0)
		return r;
	if (r == ONBOARD_UNCHANGED)
		vakt_tell(a, "unchanged", "This device is onboarded already; nothing was changed.");
	else if (r == ONBOARD_RENEWED)
		vakt_tell(a, "renewed", "This device has a new identity; the old one is not used any more.");
	else
		vakt_tell(a, "onboarded", "This device is onboarded.");
	return VAKT_DONE;
}

static int confirm(struct err *err)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return err_setf(err, -EINVAL, "offboarding must be confirmed: add --yes");
	fputs("This device will send no more events and its certificate will be revoked. "
	      "Offboard it? [y/N] ", stdout);
	fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return err_setf(err, -ECANCELED, "not confirmed; nothing was changed");
	return 0;
}

int vakt_offboard(const struct vakt_arguments *a, struct err *err)
{
	_cleanup_(config_set_freep) struct config_set *config = NULL;
	struct onboard_options o;
	int r = a->yes ? 0 : confirm(err);

	if (r == 0)
		r = options_of(a, &config, &o, err);
	if (r < 0)
		return r;
	r = onboard_leave(&o, a->local, err);
	if (r == -ENOENT)
		return err_setf(err, r, "this device is not onboarded");
	if (r < 0 && !a->local)
		return err_prefix(err, r, "this device is still onboarded (--local removes its identity "
				  "here only): ");
	if (r == 0)
		vakt_tell(a, "offboarded",
			  a->local ? "This device is offboarded; the control plane was not told."
				   : "This device is offboarded.");
	return r;
}
