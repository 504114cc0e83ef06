/* SPDX-License-Identifier: Apache-2.0 */
#include "program_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

int program_config_open(const char *dir, const char *state_dir, bool keep,
			struct config_set **ret_config, struct err *err)
{
	char keep_dir[4096];
	const struct config_options options = { .dir = dir, .keep_dir = keep_dir, .keep = keep };
	int r;

	if (snprintf(keep_dir, sizeof(keep_dir), "%s/" CONFIG_KEEP_FOLDER, state_dir) >=
	    (int)sizeof(keep_dir))
		return err_setf(err, -ENAMETOOLONG, "path of the state folder is too long");
	r = config_set_new(&options, ret_config, err);
	if (r == 0)
		program_config_tell(*ret_config);
	return r;
}

void program_config_tell(const struct config_set *config)
{
	const struct config_fault *f;

	/* Who set the variable is looking for something. */
	if (!getenv("VAKT_LOG_LEVEL"))
		log_set_level((enum log_level)config_set_values(config)->log_level);
	for (size_t i = 0; (f = config_set_fault(config, i)); i++)
		log_write(f->refuses ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE, "%s%s", f->text,
			  f->refuses ? " (what was good before stays in force)" : "");
}
