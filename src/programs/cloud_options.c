/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud_options.c - the command line of vakt-cloud
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "event/wire.h"
#include "net/cert.h"
#include "programs/cloud.h"

#define CA_FILE_MAX (4u << 20)

static char host_name[256];

static int64_t number(const char *option, const char *value, int64_t min, int64_t max)
{
	char *end;
	long long n = strtoll(value, &end, 10);

	if (*end || end == value || n < min || n > max) {
		fprintf(stderr, "vakt-cloud: --%s %s: a number from %lld to %lld is expected\n",
			option, value, (long long)min, (long long)max);
		exit(2);
	}
	return n;
}

int cloud_usage(int code)
{
	fprintf(
	    code ? stderr : stdout,
	    "usage: vakt-cloud [OPTION...]                 serve devices and people\n"
	    "       vakt-cloud [OPTION...] create-token    make a token that enrols devices\n"
	    "       vakt-cloud [OPTION...] reset-password NAME\n"
	    "\n"
	    "  --state-dir DIR            (/var/lib/vakt-cloud)\n"
	    "  --store ADDRESS            unix:PATH or http://HOST:PORT of the event store\n"
	    "  --public-host NAME         name that devices and browsers use (this host's)\n"
	    "  --device-port PORT         (8444)\n"
	    "  --portal-port PORT         API and portal (8443)\n"
	    "  --portal-dir DIR           the portal's files (/opt/vakt/share/portal)\n"
	    "  --rules-dir DIR            Sigma rules (/opt/vakt/share/rules); those of your own\n"
	    "                             belong into STATE-DIR/rules\n"
	    "  --portal-certificate FILE  PEM, with --portal-key FILE; else one is made\n"
	    "  --frames-mib N             memory for frames of devices at a time, unpacked; those\n"
	    "                             beyond it are sent again later (%u)\n"
	    "  --hunting-days N           how far hunting queries look back (%u), up to %u\n"
	    "  --hunting-external PREFIX  addresses that externaldata of hunting queries may "
	    "read,\n"
	    "                             https://...; up to 16 of them\n"
	    "  --hunting-external-ca FILE PEM of CAs that are trusted there beside the system's\n"
	    "  --hours N, --uses N        of create-token (24, 1)\n",
	    INGEST_UNPACKED_MAX >> 20, HUNT_DAYS_DEFAULT, CLOUD_RETENTION_DAYS);
	return code;
}

static void take_external(struct cloud_options *o, const char *prefix)
{
	size_t n = 0;

	while (o->hunting_external[n])
		n++;
	if (n + 1 < ARRAY_SIZE(o->hunting_external) && !strncmp(prefix, "https://", 8)) {
		o->hunting_external[n] = prefix;
		return;
	}
	fprintf(stderr, "vakt-cloud: --hunting-external %s: %s\n", prefix,
		strncmp(prefix, "https://", 8) ? "an address that begins with https:// is needed"
					       : "more than 16 of them");
	exit(2);
}

/* Told now, not by the first query that needs it. */
static void take_external_ca(struct cloud_options *o, const char *file)
{
	_cleanup_free_ char *pem = NULL;
	struct cert_info info;
	struct err err = { 0 };

	if (file_read(file, CA_FILE_MAX, &pem, NULL, &err) < 0 || cert_read(pem, &info, &err) < 0) {
		fprintf(stderr, "vakt-cloud: --hunting-external-ca %s: %s\n", file, err.msg);
		exit(2);
	}
	o->hunting_external_ca = file;
}

/* Returns false for an option that is not known. */
static bool take(struct cloud_options *o, int c)
{
	switch (c) {
	case 's':
		o->state_dir = optarg;
		return true;
	case 't':
		o->store = optarg;
		return true;
	case 'p':
		o->public_host = optarg;
		return true;
	case 'd':
		o->device_port = (uint16_t)number("device-port", optarg, 0, 65535);
		return true;
	case 'P':
		o->portal_port = (uint16_t)number("portal-port", optarg, 0, 65535);
		return true;
	case 'D':
		o->portal_dir = optarg;
		return true;
	case 'r':
		o->rules_dir = optarg;
		return true;
	case 'c':
		o->portal_certificate = optarg;
		return true;
	case 'k':
		o->portal_key = optarg;
		return true;
	case 'f':
		o->frames_max = (size_t)number("frames-mib", optarg, WIRE_UNPACKED_MAX >> 20, 65536) << 20;
		return true;
	case 'q':
		o->hunting_days = (unsigned int)number("hunting-days", optarg, 1, CLOUD_RETENTION_DAYS);
		return true;
	case 'x':
		take_external(o, optarg);
		return true;
	case 'X':
		take_external_ca(o, optarg);
		return true;
	case 'H':
		o->token_hours = number("hours", optarg, 1, 8760);
		return true;
	case 'u':
		o->token_uses = number("uses", optarg, 1, 100000);
		return true;
	default:
		return false;
	}
}

void cloud_options_parse(struct cloud_options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "state-dir", required_argument, NULL, 's' },
		{ "store", required_argument, NULL, 't' },
		{ "public-host", required_argument, NULL, 'p' },
		{ "device-port", required_argument, NULL, 'd' },
		{ "portal-port", required_argument, NULL, 'P' },
		{ "portal-dir", required_argument, NULL, 'D' },
		{ "rules-dir", required_argument, NULL, 'r' },
		{ "portal-certificate", required_argument, NULL, 'c' },
		{ "portal-key", required_argument, NULL, 'k' },
		{ "frames-mib", required_argument, NULL, 'f' },
		{ "hunting-days", required_argument, NULL, 'q' },
		{ "hunting-external", required_argument, NULL, 'x' },
		{ "hunting-external-ca", required_argument, NULL, 'X' },
		{ "hours", required_argument, NULL, 'H' },
		{ "uses", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	gethostname(host_name, sizeof(host_name) - 1);
	*options = (struct cloud_options){
		.state_dir = "/var/lib/vakt-cloud",
		.store = "unix:/run/vakt-store/store.sock",
		.public_host = host_name,
		.device_port = 8444,
		.portal_port = 8443,
		.portal_dir = "/opt/vakt/share/portal",
		.rules_dir = "/opt/vakt/share/rules",
		.hunting_days = HUNT_DAYS_DEFAULT,
		.token_hours = 24,
		.token_uses = 1,
	};
	while ((c = getopt_long(argc, argv, "h", known, NULL)) != -1)
		if (!take(options, c))
			exit(cloud_usage(c == 'h' ? 0 : 2));
	if (!options->portal_certificate != !options->portal_key) {
		fprintf(stderr,
			"vakt-cloud: --portal-certificate and --portal-key come together\n");
		exit(2);
	}
	options->words = argv + optind;
	options->word_count = argc - optind;
}
