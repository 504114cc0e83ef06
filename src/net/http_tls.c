/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_tls.c - the server's TLS settings: 1.2 or newer, client certificates where asked for
 */
#include <errno.h>
#include <openssl/err.h>

#include "net/http_internal.h"

static int fail(struct err *err, const char *what, const char *file)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return err_setf(err, -EINVAL, "%s %s: %s", what, file, reason ? reason : "refused");
}

static int let_in_at_any_time(int ok, X509_STORE_CTX *ctx)
{
	int error = X509_STORE_CTX_get_error(ctx);

	if (!ok && X509_STORE_CTX_get_error_depth(ctx) == 0 &&
	    (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID)) {
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	return ok;
}

static int ask_client(SSL_CTX *ctx, const struct http_server_options *o, struct err *err)
{
	int mode = SSL_VERIFY_PEER | (o->client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(o->client_ca_file);

	if (!names || SSL_CTX_load_verify_file(ctx, o->client_ca_file) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return fail(err, "client CA", o->client_ca_file);
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(ctx, mode, o->client_any_time ? let_in_at_any_time : NULL);
	/* A resumed session would skip the check of a certificate that has expired since. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(ctx, 0);
	return 0;
}

int http_tls_new(const struct http_server_options *o, SSL_CTX **ret_ctx, struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int r = 0;

	if (!ctx)
		return fail(err, "TLS", "context");
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_use_certificate_chain_file(ctx, o->certificate_file) != 1)
		r = fail(err, "certificate", o->certificate_file);
	else if (SSL_CTX_use_PrivateKey_file(ctx, o->key_file, SSL_FILETYPE_PEM) != 1)
		r = fail(err, "key", o->key_file);
	else if (o->client_ca_file)
		r = ask_client(ctx, o, err);
	if (r < 0) {
		SSL_CTX_free(ctx);
		return r;
	}
	*ret_ctx = ctx;
	return 0;
}
