/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt-cloud.c - the control plane: takes events from devices, serves the API and the portal
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "cloud/incident/copies.h"
#include "programs/cloud.h"

/*
 * An administrator's command leaves no file of root's among those of the server: root becomes
 * the owner of the folder of state.
 */
static int become_owner(const char *dir, struct err *err)
{
	struct stat st;

	if (geteuid() != 0 || stat(dir, &st) < 0 || st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setgid(st.st_gid) < 0 || setuid(st.st_uid) < 0)
		return err_setf(err, -errno, "to become the owner of %s: %m", dir);
	return 0;
}

static int open_state(struct cloud *cloud, struct err *err)
{
	const struct cloud_options *o = &cloud->options;
	char path[4096];
	struct fleet_options fleet = { .dir = o->state_dir,
				       .public_host = o->public_host,
				       .device_port = o->device_port,
				       .certificate_days = 30 };
	struct state_conn *c;
	int r = become_owner(o->state_dir, err);

	if (r == 0)
		r = dir_make(o->state_dir, 0700, err);
	snprintf(path, sizeof(path), "%s/state.db", o->state_dir);
	snprintf(cloud->first_password_file, sizeof(cloud->first_password_file),
		 "%s/first-password", o->state_dir);
	if (r == 0)
		r = state_open(path, &cloud->state, err);
	if (r < 0)
		return r;
	if (state_copy(cloud->state))
		log_notice("state was upgraded; as it was before it is %s", state_copy(cloud->state));
	c = state_get(cloud->state);
	r = c ? access_bootstrap(c, cloud->first_password_file, &cloud->tenant, err)
	      : err_setf(err, -ENOMEM, "out of memory");
	if (r < 0)
		return r;
	fleet.state = cloud->state;
	fleet.tenant_id = cloud->tenant.id;
	fleet.subscription_id = cloud->tenant.subscription_id;
	return fleet_open(&fleet, &cloud->fleet, err);
}

static void cloud_done(struct cloud *cloud)
{
	http_server_free(cloud->portal);
	http_server_free(cloud->devices);
	api_close(cloud->api);
	custom_close(cloud->custom);
	copier_close(cloud->copier);
	ingest_close(cloud->ingest);
	hunt_close(cloud->hunt);
	tuning_close(cloud->tuning);
	detect_close(cloud->detect);
	fleet_close(cloud->fleet);
	telemetry_close(cloud->telemetry);
	state_close(cloud->state);
}

int main(int argc, char **argv)
{
	struct cloud cloud = { 0 };
	struct err err = { 0 };
	int r;

	log_init("cloud");
	cloud_options_parse(&cloud.options, argc, argv);
	r = open_state(&cloud, &err);
	if (r == 0)
		r = cloud.options.word_count ? cloud_command(&cloud, &err)
					     : cloud_serve(&cloud, &err);
	cloud_done(&cloud);
	if (r == -ENOSYS)
		return cloud_usage(2);
	if (r < 0)
		log_error("%s", err_msg(&err, r));
	return r < 0;
}
