/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud_serve.c - the running control plane: device port, portal port, rules, hourly chores
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "cloud/incident/copies.h"
#include "cloud/incident/retention.h"
#include "programs/cloud.h"

#define FIRST_CHORES_S 60
#define CHORES_INTERVAL_S 3600
#define RULES_INTERVAL_S 5
#define STORE_WAIT_S 60
#define DEVICE_BODY_MAX (20u << 20)
#define STRANGER_BODY_MAX (64u << 10) /* enrolment */
#define PORTAL_BODY_MAX (1u << 20)

static int open_telemetry(struct cloud *cloud, struct err *err)
{
	struct telemetry_options options = { cloud->options.store, "vakt", 16 };
	int r = telemetry_open(&options, &cloud->telemetry, err);

	if (r < 0)
		return r;
	/* Both start together; the store takes a moment to open its tables, and may be restarted. */
	r = -EAGAIN;
	for (int i = 0; i < STORE_WAIT_S * 5 && r == -EAGAIN; i++) {
		if (i)
			nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
		r = telemetry_migrate(cloud->telemetry, err);
	}
	return r;
}

static void on_rule_problem(void *arg _unused_, const struct rules_problem *p)
{
	log_warning("%s:%u:%u: rule refused: %s", p->file, p->line, p->column, p->message);
}

static void load_rules(struct cloud *cloud, bool force)
{
	struct detect_stats stats;
	struct err err = { 0 };
	int r = detect_reload(cloud->detect, force, &err);

	if (r == 0)
		return;
	detect_get_stats(cloud->detect, &stats);
	if (r < 0)
		LOG_RATELIMIT(LOG_LEVEL_ERROR, 300, "rules: %s; %zu rules are in use",
			      err_msg(&err, r), stats.rules);
	else
		log_notice("%zu rules are in use, %zu refused", stats.rules, stats.refused);
}

static int open_detect(struct cloud *cloud, struct err *err)
{
	char custom[4096];
	struct detect_options options = { .dir = cloud->options.rules_dir, .custom_dir = custom,
					  .problem = on_rule_problem };
	int r;

	snprintf(custom, sizeof(custom), "%s/rules", cloud->options.state_dir);
	r = detect_open(&options, &cloud->detect, err);
	if (r == 0)
		load_rules(cloud, true);
	return r;
}

static int open_hunt(struct cloud *cloud, struct err *err)
{
	const struct hunt_options options = { cloud->telemetry, cloud->options.hunting_days,
					      cloud->options.hunting_external,
					      cloud->options.hunting_external_ca };

	return hunt_open(&options, &cloud->hunt, err);
}

static int open_custom(struct cloud *cloud, struct err *err)
{
	const struct custom_options options = { cloud->state, cloud->telemetry, cloud->hunt,
						ingest_lineage(cloud->ingest) };

	return custom_open(&options, &cloud->custom, err);
}

static int open_devices(struct cloud *cloud, struct err *err)
{
	struct http_server_options options = {
		.address = "0.0.0.0",
		.port = cloud->options.device_port,
		.certificate_file = fleet_server_certificate(cloud->fleet),
		.key_file = fleet_server_key(cloud->fleet),
		.client_ca_file = fleet_ca_certificate(cloud->fleet),
		.client_any_time = true, /* the fleet looks: one that expired may only be renewed */
		.body_max = DEVICE_BODY_MAX,
		/* As many frames can become one insert; see ingest/commit.h. */
		.workers = 16,
		/* A device sends one frame after the other; two are a resend after a time-out. */
		.client_requests_max = 2,
		.client_connections_max = 8,
		.anonymous_body_max = STRANGER_BODY_MAX,
	};
	const struct ingest_options ingest = { .fleet = cloud->fleet,
					       .state = cloud->state,
					       .telemetry = cloud->telemetry,
					       .detect = cloud->detect,
					       .tuning = cloud->tuning,
					       .unpacked_max = cloud->options.frames_max };
	int r = ingest_open(&ingest, &cloud->ingest, err);

	if (r == 0)
		r = http_server_new(&options, &cloud->devices, err);
	if (r == 0)
		r = http_server_add_routes(cloud->devices, fleet_routes, cloud->fleet);
	if (r == 0)
		r = http_server_add_routes(cloud->devices, ingest_routes, cloud->ingest);
	return r < 0 ? r : http_server_start(cloud->devices, err);
}

static int open_portal(struct cloud *cloud, struct err *err)
{
	const struct cloud_options *o = &cloud->options;
	struct http_server_options options = {
		.address = "0.0.0.0",
		.port = o->portal_port,
		.certificate_file = o->portal_certificate ?: fleet_portal_certificate(cloud->fleet),
		.key_file = o->portal_key ?: fleet_portal_key(cloud->fleet),
		.body_max = PORTAL_BODY_MAX,
		.workers = 8,
	};
	const struct api_options api = {
		.state = cloud->state,
		.telemetry = cloud->telemetry,
		.fleet = cloud->fleet,
		.detect = cloud->detect,
		.tuning = cloud->tuning,
		.hunt = cloud->hunt,
		.custom = cloud->custom,
		.ingest = cloud->ingest,
		.devices = cloud->devices,
		.state_dir = o->state_dir,
		.first_password_file = cloud->first_password_file,
		.public_host = o->public_host,
		.device_port = o->device_port,
	};
	int r = api_open(&api, &cloud->api, err);

	if (r < 0)
		return r;
	api_prepare(cloud->api, &options);
	r = http_server_new(&options, &cloud->portal, err);
	if (r == 0)
		r = api_serve(cloud->api, cloud->portal);
	if (r == 0)
		r = http_server_add_static(cloud->portal, "/", o->portal_dir);
	/* A mistyped address of the API is no page of the portal. */
	if (r == 0)
		r = http_server_add_static(cloud->portal, "/api/", NULL);
	if (r == 0)
		r = http_server_add_static(cloud->portal, "/portal/api/", NULL);
	if (r == 0)
		r = http_server_add_static(cloud->portal, "/v1.0/", NULL);
	if (r == 0)
		r = http_server_add_static(cloud->portal, "/beta/", NULL);
	return r < 0 ? r : http_server_start(cloud->portal, err);
}

static void reload_certificates(struct cloud *cloud)
{
	struct err err = { 0 };
	int r = http_server_reload_tls(cloud->portal, &err);

	if (r == 0)
		r = http_server_reload_tls(cloud->devices, &err);
	if (r < 0)
		log_error("certificates: %s; those in use stay", err_msg(&err, r));
	else
		log_notice("certificates loaded");
}

static void retain(struct cloud *cloud)
{
	int64_t alerts, before_ns = clock_realtime_ns() - CLOUD_RETENTION_DAYS * 86400 * NSEC_PER_SEC;
	struct err err = { 0 };
	int r = telemetry_retain(cloud->telemetry, CLOUD_RETENTION_DAYS, &err);

	if (r < 0)
		log_error("retention: %s", err_msg(&err, r));
	else if (r > 0)
		log_notice("retention: %d days of tables dropped", r);
	r = incident_retain(cloud->state, before_ns, &alerts, &err);
	if (r < 0)
		log_error("retention of alerts: %s", err_msg(&err, r));
	else if (alerts)
		log_notice("retention: %lld alerts removed", (long long)alerts);
	r = custom_retain(cloud->state, clock_realtime_ns(), &err);
	if (r < 0)
		log_error("retention of custom detections: %s", err_msg(&err, r));
	r = tuning_retain(cloud->state, clock_realtime_ns(), &err);
	if (r < 0)
		log_error("retention of exceptions: %s", err_msg(&err, r));
}

static void do_chores(struct cloud *cloud)
{
	struct err err = { 0 };
	int r;

	retain(cloud);
	r = fleet_certificates_renew(cloud->fleet, &err);
	if (r < 0)
		log_error("certificates: %s", err_msg(&err, r));
	else if (r > 0)
		reload_certificates(cloud);
}

static void wait_for_end(struct cloud *cloud, const sigset_t *set)
{
	const struct timespec interval = { .tv_sec = RULES_INTERVAL_S };
	/* Soon, for one that never runs for an hour; not at once, when all devices come back. */
	int64_t chores_ns = clock_monotonic_ns() + FIRST_CHORES_S * NSEC_PER_SEC;

	for (;;) {
		int signal_number = sigtimedwait(set, NULL, &interval);

		if (signal_number == SIGHUP)
			reload_certificates(cloud);
		else if (signal_number > 0)
			return;
		load_rules(cloud, signal_number == SIGHUP);
		if (clock_monotonic_ns() < chores_ns)
			continue;
		do_chores(cloud);
		chores_ns = clock_monotonic_ns() + CHORES_INTERVAL_S * NSEC_PER_SEC;
	}
}

int cloud_serve(struct cloud *cloud, struct err *err)
{
	sigset_t set;
	int r;

	/* Before any thread is made, so that all of them leave the signals to us. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = fleet_certificates_renew(cloud->fleet, err);
	if (r >= 0)
		r = open_telemetry(cloud, err);
	if (r == 0)
		r = open_detect(cloud, err);
	if (r == 0)
		r = tuning_open(cloud->state, &cloud->tuning, err);
	if (r == 0)
		r = open_hunt(cloud, err);
	if (r == 0)
		r = copier_open(cloud->state, cloud->telemetry, &cloud->copier, err);
	if (r == 0)
		r = open_devices(cloud, err);
	if (r == 0)
		r = open_custom(cloud, err);
	if (r == 0)
		r = open_portal(cloud, err);
	if (r < 0)
		return r;
	log_notice("devices are served on port %u", http_server_port(cloud->devices));
	log_notice("portal and API are served on port %u", http_server_port(cloud->portal));
	wait_for_end(cloud, &set);
	log_notice("stopped");
	return 0;
}
