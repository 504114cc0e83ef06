/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bearer.c - tokens of programs: made for a client that knows its secret, checked on each request
 *
 * A token says which client it was made for; what the client may do is read from the state each
 * time, so that a revocation takes effect at once. Only RS256 is made and only RS256 is taken.
 */
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cloud/access/access.h"

#define KEY_BITS 2048
#define SIGNATURE_MAX 512
/* {"alg":"RS256","typ":"JWT"}; compared as text, so no other algorithm can be asked for. */
#define HEADER "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9"

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(BIO *, BIO_free_all)

struct access_signer {
	EVP_PKEY *key;
};

static int make_key(const char *path, struct err *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;

	if (!key || !bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return err_setf(err, -EIO, "cannot make the key that signs tokens");
	len = BIO_get_mem_data(bio, &pem);
	return file_write_atomic(path, pem, (size_t)len, 0600, err);
}

int access_signer_open(const char *dir, struct access_signer **ret_signer, struct err *err)
{
	_cleanup_(access_signer_closep) struct access_signer *s = calloc(1, sizeof(*s));
	_cleanup_(BIO_free_allp) BIO *bio = NULL;
	_cleanup_free_ char *pem = NULL;
	char path[4096];
	int r = 0;

	if (!s)
		return err_setf(err, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "%s/token.key", dir);
	if (access(path, F_OK) < 0)
		r = make_key(path, err);
	if (r == 0)
		r = file_read(path, 16384, &pem, NULL, err);
	if (r < 0)
		return r;
	bio = BIO_new_mem_buf(pem, -1);
	s->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
	if (!s->key || !EVP_PKEY_is_a(s->key, "RSA"))
		return err_setf(err, -EINVAL, "%s: not an RSA key; remove it and one is made",
				path);
	*ret_signer = TAKE_PTR(s);
	return 0;
}

void access_signer_close(struct access_signer *s)
{
	if (!s)
		return;
	EVP_PKEY_free(s->key);
	free(s);
}

/* RFC 4648 section 5, without padding. */
static int append_base64url(struct buf *out, const void *data, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint8_t *in = data;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)in[i] << 16 | (i + 1 < len ? in[i + 1] << 8 : 0) |
				 (i + 2 < len ? in[i + 2] : 0);

		for (size_t k = 0; k < MIN(len - i + 1, (size_t)4); k++)
			buf_append_byte(out, (uint8_t)digits[three >> (18 - 6 * k) & 63]);
	}
	return buf_error(out);
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* -EINVAL for anything that is not base64url. */
static int append_decoded(struct buf *out, const char *text, size_t len)
{
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < len; i++) {
		int value = digit_value(text[i]);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_append_byte(out, (uint8_t)(bits >> have));
		}
	}
	return buf_error(out);
}

/* A client's row, of one tenant. */
struct client {
	struct access_identity id;
	char secret_hash[256];
};

/* "[\"A\",\"B\"]" as "A B". */
static void take_permissions(const char *list, char out[512])
{
	_cleanup_(json_decrefp) json_t *json = json_loads(list, 0, NULL);
	const json_t *item;
	size_t i, len = 0;

	out[0] = '\0';
	json_array_foreach(json, i, item) if (json_is_string(item) &&
					      len + json_string_length(item) + 2 < 512) len +=
	    (size_t)snprintf(out + len, 512 - len, "%s%s", len ? " " : "", json_string_value(item));
}

/* -ENOENT: there is no such client, or it may no longer. */
static int load_client(struct state_conn *c, const char *tenant_id, const char *client_id,
		       int64_t now_ns, struct client *client, struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err,
			    "SELECT name, secret_hash, permissions FROM api_client WHERE"
			    " tenant_id = ? AND id = ? AND revoked_ns IS NULL AND"
			    " (expires_ns IS NULL OR expires_ns > ?)",
			    "ssi", tenant_id, client_id, now_ns);

	if (r == 0)
		r = state_step(st, err);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*client = (struct client){ 0 };
	snprintf(client->id.tenant_id, sizeof(client->id.tenant_id), "%s", tenant_id);
	snprintf(client->id.principal_id, sizeof(client->id.principal_id), "%s", client_id);
	snprintf(client->id.name, sizeof(client->id.name), "%s", state_text(st, 0));
	snprintf(client->secret_hash, sizeof(client->secret_hash), "%s", state_text(st, 1));
	take_permissions(state_text(st, 2), client->id.app_permissions);
	return 0;
}

static int find_tenant(struct state_conn *c, const char *tenant, char id[UUID_TEXT_SIZE],
		       struct err *err)
{
	_cleanup_(state_donep) struct state_stmt *st = NULL;
	int r = state_query(c, &st, err, "SELECT id FROM tenant WHERE id = lower(?) OR name = ?",
			    "ss", tenant, tenant);

	if (r == 0)
		r = state_step(st, err);
	if (r <= 0)
		return r < 0 ? r : err_setf(err, -ENOENT, "there is no tenant %.60s", tenant);
	snprintf(id, UUID_TEXT_SIZE, "%s", state_text(st, 0));
	return 0;
}

/* Appends the claims' JSON. */
static int make_claims(const struct access_identity *id, const struct access_token_request *request,
		       struct buf *out)
{
	_cleanup_(json_decrefp) json_t *claims = NULL;
	_cleanup_free_ char *text = NULL;
	json_int_t now = clock_realtime_ns() / NSEC_PER_SEC;
	json_t *roles = json_array();
	char issuer[512], serial[UUID_TEXT_SIZE];

	for (const char *p = id->app_permissions; *p;) {
		size_t n = strcspn(p, " ");

		json_array_append_new(roles, json_stringn(p, n));
		p += n + strspn(p + n, " ");
	}
	snprintf(issuer, sizeof(issuer), "%s/%s/", request->issuer, id->tenant_id);
	uuid_random(serial);
	claims = json_pack("{s:s,s:s,s:I,s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:o,s:s}", "aud",
			   request->audience, "iss", issuer, "iat", now, "nbf", now, "exp",
			   now + ACCESS_BEARER_LIFETIME_S, "appid", id->principal_id,
			   "app_displayname", id->name, "oid", id->principal_id, "sub",
			   id->principal_id, "tid", id->tenant_id, "roles", roles, "uti", serial);
	text = claims ? json_dumps(claims, JSON_COMPACT) : NULL;
	return text ? buf_append_str(out, text) : -ENOMEM;
}

static int sign(struct access_signer *s, const struct buf *signed_part, struct buf *out)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);

	if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, s->key) != 1 ||
	    EVP_DigestSign(ctx, signature, &len, (const unsigned char *)signed_part->data,
			   signed_part->len) != 1)
		return -EIO;
	return append_base64url(out, signature, len);
}

int access_token_issue(struct access_signer *s, struct state_conn *c,
		       const struct access_token_request *request, struct buf *ret_token,
		       struct err *err)
{
	_cleanup_buf_ struct buf claims = BUF_INIT(8192), token = BUF_INIT(ACCESS_BEARER_MAX);
	char tenant_id[UUID_TEXT_SIZE];
	struct client client;
	int r = find_tenant(c, request->tenant, tenant_id, err), known;

	if (r < 0)
		return r;
	known = load_client(c, tenant_id, request->client_id, clock_realtime_ns(), &client, err);
	if (known < 0 && known != -ENOENT)
		return known;
	if (!password_verify(known == 0 ? client.secret_hash : NULL, request->client_secret))
		return err_setf(err, -EACCES, "the client or its secret is not known here");
	r = make_claims(&client.id, request, &claims);
	if (r < 0)
		return r;
	buf_append_str(&token, HEADER ".");
	r = append_base64url(&token, claims.data, claims.len);
	if (r == 0) {
		_cleanup_buf_ struct buf signature = BUF_INIT(1024);

		r = sign(s, &token, &signature);
		if (r == 0)
			r = buf_printf(&token, ".%s", signature.data);
	}
	return r < 0 ? r : buf_append(ret_token, token.data, token.len);
}

/* The claims of a token that we signed; NULL otherwise. */
static json_t *verified(struct access_signer *s, const char *token)
{
	_cleanup_buf_ struct buf claims = BUF_INIT(ACCESS_BEARER_MAX),
				 signature = BUF_INIT(SIGNATURE_MAX);
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = NULL;
	const char *payload = token + strlen(HEADER ".");
	const char *dot;

	if (strlen(token) > ACCESS_BEARER_MAX ||
	    strncmp(token, HEADER ".", strlen(HEADER ".")) != 0)
		return NULL;
	dot = strchr(payload, '.');
	if (!dot || append_decoded(&claims, payload, (size_t)(dot - payload)) < 0 ||
	    append_decoded(&signature, dot + 1, strlen(dot + 1)) < 0 || !signature.len)
		return NULL;
	ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, s->key) != 1 ||
	    EVP_DigestVerify(ctx, (const unsigned char *)signature.data, signature.len,
			     (const unsigned char *)token, (size_t)(dot - token)) != 1)
		return NULL;
	return json_loadb(claims.data, claims.len, 0, NULL);
}

int access_token_check(struct access_signer *s, struct state_conn *c, const char *token,
		       int64_t now_ns, struct access_identity *ret_id, struct err *err)
{
	_cleanup_(json_decrefp) json_t *claims = verified(s, token);
	const char *tenant = json_string_value(json_object_get(claims, "tid"));
	const char *client_id = json_string_value(json_object_get(claims, "appid"));
	struct client client;
	int r;

	if (!tenant || !client_id ||
	    json_integer_value(json_object_get(claims, "exp")) <= now_ns / NSEC_PER_SEC)
		return -ENOENT;
	r = load_client(c, tenant, client_id, now_ns, &client, err);
	if (r == 0)
		*ret_id = client.id;
	return r;
}
