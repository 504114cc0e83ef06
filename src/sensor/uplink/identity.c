/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.c - reads the identity folder and knows the machine it was made for
 */
#include "sensor/uplink/identity.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/hex.h"
#include "net/cert.h"

#define IDENTITY_FILE_MAX (64u << 10)

/* The lowest name with a hardware address, so that the order of the folder does not matter. */
static char *first_mac(void)
{
	struct dirent **names = NULL;
	int n = scandir("/sys/class/net", &names, NULL, alphasort);
	char *mac = NULL;

	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), "/sys/class/net/%s/address", names[i]->d_name);
		if (!mac && names[i]->d_name[0] != '.' && strcmp(names[i]->d_name, "lo"))
			file_read(path, 64, &mac, NULL, NULL);
		free(names[i]);
	}
	free(names);
	return mac;
}

static char *product_uuid(const char *run_dir)
{
	char *text = NULL, path[4096];

	if (file_read("/sys/class/dmi/id/product_uuid", 256, &text, NULL, NULL) == 0 || !run_dir)
		return text;
	if (snprintf(path, sizeof(path), "%s/product-uuid", run_dir) < (int)sizeof(path))
		file_read(path, 256, &text, NULL, NULL);
	return text;
}

int identity_machine_uid(const char *run_dir, char ret_uid[IDENTITY_UID_SIZE], struct err *err)
{
	_cleanup_free_ char *machine_id = NULL, *product = NULL, *text = NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len;
	int n;

	file_read("/etc/machine-id", 256, &machine_id, NULL, NULL);
	product = product_uuid(run_dir);
	if (!product)
		product = first_mac();
	if (!machine_id && !product)
		return err_setf(err, -ENOENT, "this machine has neither machine-id nor product id");
	n = asprintf(&text, "%s\n%s", machine_id ? machine_id : "", product ? product : "");
	if (n < 0 || !EVP_Digest(text, (size_t)n, digest, &len, EVP_sha256(), NULL))
		return err_setf(err, -ENOMEM, "out of memory");
	hex_encode(digest, 32, ret_uid);
	return 0;
}

void identity_done(struct identity *id)
{
	free(id->server);
	free(id->tenant_id);
	free(id->device_id);
	free(id->machine_uid);
	memset(id, 0, sizeof(*id));
}

int identity_read_period(struct identity *id, struct err *err)
{
	_cleanup_free_ char *pem = NULL;
	struct cert_info info;
	int r = file_read(id->cert_path, IDENTITY_FILE_MAX, &pem, NULL, err);

	if (r == 0)
		r = cert_read(pem, &info, err);
	if (r < 0)
		return r;
	id->not_before_ns = info.not_before_ns;
	id->not_after_ns = info.not_after_ns;
	return 0;
}

static int parse(struct identity *id, struct err *err)
{
	const char *server, *tenant, *device, *uid;
	json_error_t where;
	json_t *root = json_load_file(id->json_path, JSON_REJECT_DUPLICATES, &where);

	if (!root)
		return err_setf(err, -EBADMSG, "%s: %s", id->json_path, where.text);
	if (json_unpack(root, "{s:s,s:s,s:s,s:s}", "server", &server, "tenantId", &tenant,
			"deviceId", &device, "machineUid", &uid) < 0) {
		json_decref(root);
		return err_setf(err, -EBADMSG, "%s: a field is missing", id->json_path);
	}
	id->server = strdup(server);
	id->tenant_id = strdup(tenant);
	id->device_id = strdup(device);
	id->machine_uid = strdup(uid);
	json_decref(root);
	return id->server && id->tenant_id && id->device_id && id->machine_uid ? 0 : -ENOMEM;
}

int identity_load(const char *state_dir, struct identity *ret_id, struct err *err)
{
	struct identity id = { .server = NULL };
	int r;

	if (strlen(state_dir) > 4000)
		return err_setf(err, -ENAMETOOLONG, "path of the state folder is too long");
	snprintf(id.key_path, sizeof(id.key_path), "%s/identity/device.key", state_dir);
	snprintf(id.cert_path, sizeof(id.cert_path), "%s/identity/device.crt", state_dir);
	snprintf(id.ca_path, sizeof(id.ca_path), "%s/identity/ca.crt", state_dir);
	snprintf(id.json_path, sizeof(id.json_path), "%s/identity/identity.json", state_dir);
	if (access(id.json_path, F_OK) < 0 && errno == ENOENT)
		return err_setf(err, -ENOENT, "this device is not onboarded");
	if (access(id.json_path, F_OK) < 0)
		return err_setf(err, -errno, "%s: %m", id.json_path);
	r = parse(&id, err);
	if (r == 0)
		r = identity_read_period(&id, err);
	if (r < 0) {
		identity_done(&id);
		return r;
	}
	*ret_id = id;
	return 0;
}

int identity_client(const struct identity *id, const struct identity_client_options *options,
		    struct http_client **ret_client, struct err *err)
{
	struct http_client_options o = {
		.base_url = id->server, .ca_file = id->ca_path,
		.certificate_file = options->cert_path ? options->cert_path : id->cert_path,
		.key_file = id->key_path, .proxy = options->proxy,
		.timeout_ms = options->timeout_ms, .ignore_time = true,
	};

	return http_client_new(&o, ret_client, err);
}
