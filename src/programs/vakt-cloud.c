/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vakt-cloud.c - the control plane: takes events from devices into the store
 *
 * `vakt-cloud create-token` makes an enrolment token beside the running server: state is shared
 * through its database.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "cloud/ingest/ingest.h"

#define RETENTION_DAYS 180
#define RETENTION_INTERVAL_S 3600
#define STORE_WAIT_S 60
#define BODY_MAX (20u << 20)

struct cloud {
	struct state *state;
	struct telemetry *telemetry;
	struct fleet *fleet;
	struct ingest *ingest;
	struct http_server *devices;
	char tenant_id[UUID_TEXT_SIZE], subscription_id[UUID_TEXT_SIZE];
};

static struct {
	const char *state_dir, *store, *public_host;
	uint16_t device_port;
	int64_t token_hours, token_uses;
} arg = { "/var/lib/vakt-cloud", "unix:/run/vakt-store/store.sock", NULL, 8444, 24, 1 };

static char host_name[256];

/* The first tenant and subscription are made at first start. */
static int find_tenant(struct cloud *cloud, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	struct state_conn *c = state_get(cloud->state);
	int64_t now = clock_realtime_ns();
	int r;

	if (!c)
		return err_setf(err, -ENOMEM, "out of memory");
	r = state_query(c, &st, err, "SELECT tenant_id, id FROM subscription LIMIT 1", "");
	if (r == 0)
		r = state_step(st, err);
	if (r < 0)
		return r;
	if (r == 1) {
		snprintf(cloud->tenant_id, sizeof(cloud->tenant_id), "%s", state_text(st, 0));
		snprintf(cloud->subscription_id, sizeof(cloud->subscription_id), "%s", state_text(st, 1));
		return 0;
	}
	uuid_random(cloud->tenant_id);
	uuid_random(cloud->subscription_id);
	state_done(TAKE_PTR(st));
	r = state_begin(c, err);
	if (r == 0)
		r = state_exec(c, err, "INSERT INTO tenant VALUES (?, 'Default', 'local', ?)", "si",
			       cloud->tenant_id, now);
	if (r == 0)
		r = state_exec(c, err, "INSERT INTO subscription VALUES (?, ?, 'Default', ?)", "ssi",
			       cloud->tenant_id, cloud->subscription_id, now);
	if (r == 0)
		r = state_commit(c, err);
	state_rollback(c);
	return r;
}

static int open_state(struct cloud *cloud, struct err *err)
{
	struct fleet_options fleet = { .dir = arg.state_dir, .public_host = arg.public_host,
				       .device_port = arg.device_port, .certificate_days = 30 };
	char path[4096];
	int r = dir_make(arg.state_dir, 0700, err);

	snprintf(path, sizeof(path), "%s/state.db", arg.state_dir);
	if (r == 0)
		r = state_open(path, &cloud->state, err);
	if (r == 0)
		r = find_tenant(cloud, err);
	fleet.state = cloud->state;
	fleet.tenant_id = cloud->tenant_id;
	fleet.subscription_id = cloud->subscription_id;
	return r < 0 ? r : fleet_open(&fleet, &cloud->fleet, err);
}

static int open_telemetry(struct cloud *cloud, struct err *err)
{
	struct telemetry_options options = { arg.store, "vakt", 16 };
	int r = telemetry_open(&options, &cloud->telemetry, err);

	if (r < 0)
		return r;
	/* Both start together; the store takes a moment to open its tables. */
	for (int i = 0; i < STORE_WAIT_S * 5 && !telemetry_ping(cloud->telemetry); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	return telemetry_migrate(cloud->telemetry, err);
}

static int open_devices(struct cloud *cloud, struct err *err)
{
	struct http_server_options options = {
		.address = "0.0.0.0",
		.port = arg.device_port,
		.certificate_file = fleet_server_certificate(cloud->fleet),
		.key_file = fleet_server_key(cloud->fleet),
		.client_ca_file = fleet_ca_certificate(cloud->fleet),
		.body_max = BODY_MAX,
	};
	struct ingest_options ingest = { cloud->fleet, cloud->state, cloud->telemetry };
	int r = ingest_open(&ingest, &cloud->ingest, err);

	if (r == 0)
		r = http_server_new(&options, &cloud->devices, err);
	if (r == 0)
		r = http_server_add_routes(cloud->devices, fleet_routes, cloud->fleet);
	if (r == 0)
		r = http_server_add_routes(cloud->devices, ingest_routes, cloud->ingest);
	return r < 0 ? r : http_server_start(cloud->devices, err);
}

static void cloud_done(struct cloud *cloud)
{
	http_server_free(cloud->devices);
	ingest_close(cloud->ingest);
	fleet_close(cloud->fleet);
	telemetry_close(cloud->telemetry);
	state_close(cloud->state);
}

static int serve(struct cloud *cloud, struct err *err)
{
	struct timespec interval = { .tv_sec = RETENTION_INTERVAL_S };
	sigset_t set;
	int r;

	/* Before any thread is made, so that all of them leave the signals to us. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = open_telemetry(cloud, err);
	if (r == 0)
		r = open_devices(cloud, err);
	if (r < 0)
		return r;
	log_notice("devices are served on port %u", http_server_port(cloud->devices));
	while (sigtimedwait(&set, NULL, &interval) < 0) {
		if (errno != EAGAIN)
			continue;
		r = telemetry_retain(cloud->telemetry, RETENTION_DAYS, err);
		if (r < 0)
			log_error("retention: %s", err_msg(err, r));
		else if (r > 0)
			log_notice("retention: %d days of tables dropped", r);
	}
	log_notice("stopped");
	return 0;
}

static int create_token(struct cloud *cloud, struct err *err)
{
	_cleanup_buf_ struct buf file = BUF_INIT(4096);
	char id[UUID_TEXT_SIZE];
	int r = fleet_token_create(cloud->fleet, "made on the command line", "root",
				   arg.token_hours * 3600, arg.token_uses, id, &file, err);

	if (r == 0)
		fputs(file.data, stdout);
	return r;
}

static int64_t number(const char *option, const char *value, int64_t min, int64_t max)
{
	char *end;
	long long n = strtoll(value, &end, 10);

	if (*end || end == value || n < min || n > max) {
		fprintf(stderr, "vakt-cloud: --%s %s: a number from %lld to %lld is expected\n", option,
			value, (long long)min, (long long)max);
		exit(2);
	}
	return n;
}

static int usage(int code)
{
	fprintf(code ? stderr : stdout,
		"usage: vakt-cloud [--state-dir DIR] [--store ADDRESS] [--public-host NAME]\n"
		"                  [--device-port PORT]\n"
		"       vakt-cloud [--state-dir DIR] [--public-host NAME] [--device-port PORT]\n"
		"                  create-token [--hours N] [--uses N]\n");
	return code;
}

static void parse_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state-dir", required_argument, NULL, 's' },
		{ "store", required_argument, NULL, 't' },
		{ "public-host", required_argument, NULL, 'p' },
		{ "device-port", required_argument, NULL, 'd' },
		{ "hours", required_argument, NULL, 'H' },
		{ "uses", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			arg.state_dir = optarg;
			break;
		case 't':
			arg.store = optarg;
			break;
		case 'p':
			arg.public_host = optarg;
			break;
		case 'd':
			arg.device_port = (uint16_t)number("device-port", optarg, 1, 65535);
			break;
		case 'H':
			arg.token_hours = number("hours", optarg, 1, 8760);
			break;
		case 'u':
			arg.token_uses = number("uses", optarg, 1, 100000);
			break;
		default:
			exit(usage(c == 'h' ? 0 : 2));
		}
	}
}

int main(int argc, char **argv)
{
	struct cloud cloud = { 0 };
	struct err err = { 0 };
	int r;

	log_init("cloud");
	gethostname(host_name, sizeof(host_name) - 1);
	arg.public_host = host_name;
	parse_arguments(argc, argv);
	if (optind < argc && strcmp(argv[optind], "create-token") != 0)
		return usage(2);
	r = open_state(&cloud, &err);
	if (r == 0)
		r = optind < argc ? create_token(&cloud, &err) : serve(&cloud, &err);
	cloud_done(&cloud);
	if (r < 0)
		log_error("%s", err_msg(&err, r));
	return r < 0;
}
