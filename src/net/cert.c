/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert.c - the OpenSSL calls behind cert.h
 */
#include "net/cert.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hex.h"

#define CERT_PEM_MAX (64u << 10)

DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(X509_REQ *, X509_REQ_free)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(BIGNUM *, BN_free)
DEFINE_CLEANUP(X509_EXTENSION *, X509_EXTENSION_free)

/* The newest OpenSSL reason behind our own words; empties the thread's queue. */
static int fail(struct err *err, int r, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return err_setf(err, r, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
}

static BIO *bio_of(const char *pem)
{
	size_t len = pem ? strnlen(pem, CERT_PEM_MAX + 1) : 0;

	return len && len <= CERT_PEM_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
}

/* Never asks for a password on the terminal. */
static int no_password(char *dst _unused_, int size _unused_, int rw _unused_, void *arg _unused_)
{
	return -1;
}

static X509 *read_cert(const char *pem)
{
	_cleanup_(BIO_free_allp) BIO *bio = bio_of(pem);

	return bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
}

static EVP_PKEY *read_key(const char *pem)
{
	_cleanup_(BIO_free_allp) BIO *bio = bio_of(pem);

	return bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
}

static int take_pem(BIO *bio, char **ret_pem, struct err *err)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	char *copy = len > 0 ? strndup(data, (size_t)len) : NULL;

	if (!copy)
		return err_setf(err, -ENOMEM, "out of memory");
	*ret_pem = copy;
	return 0;
}

int cert_key_generate(char **ret_key_pem, struct err *err)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_EC_gen("P-256");

	if (!bio || !key || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return fail(err, -EIO, "cannot make a key");
	return take_pem(bio, ret_key_pem, err);
}

static int add_name(X509_NAME *name, const char *field, const char *value)
{
	return !value || X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
						    (const unsigned char *)value, -1, -1, 0);
}

int cert_csr_make(const char *key_pem, const char *common_name, char **ret_csr_pem, struct err *err)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = read_key(key_pem);
	_cleanup_(X509_REQ_freep) X509_REQ *req = X509_REQ_new();

	if (!bio || !req || !key || !X509_REQ_set_version(req, 0) ||
	    !add_name(X509_REQ_get_subject_name(req), "CN", common_name) ||
	    !X509_REQ_set_pubkey(req, key) || !X509_REQ_sign(req, key, EVP_sha256()) ||
	    !PEM_write_bio_X509_REQ(bio, req))
		return fail(err, -EIO, "cannot make a certificate request");
	return take_pem(bio, ret_csr_pem, err);
}

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	_cleanup_(X509_EXTENSION_freep) X509_EXTENSION *ext = NULL;

	if (!value)
		return 1;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	return ext && X509_add_ext(cert, ext, -1);
}

static int set_serial(X509 *cert)
{
	_cleanup_(BN_freep) BIGNUM *n = BN_new();

	/* The top bit set keeps the length constant, 127 bits keep the DER number positive. */
	return n && BN_rand(n, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
	       BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
}

static int set_validity(X509 *cert, int64_t from_ns, int64_t to_ns)
{
	return from_ns < to_ns &&
	       ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(from_ns / NSEC_PER_SEC)) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(to_ns / NSEC_PER_SEC));
}

int cert_ca_make(const char *key_pem, const char *common_name, int64_t not_before_ns,
		 int64_t not_after_ns, char **ret_pem, struct err *err)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = read_key(key_pem);
	_cleanup_(X509_freep) X509 *cert = X509_new();

	if (!bio || !key || !cert || !X509_set_version(cert, 2) || !set_serial(cert) ||
	    !set_validity(cert, not_before_ns, not_after_ns) ||
	    !add_name(X509_get_subject_name(cert), "CN", common_name) ||
	    !X509_set_issuer_name(cert, X509_get_subject_name(cert)) ||
	    !X509_set_pubkey(cert, key) ||
	    !add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !add_extension(cert, cert, NID_subject_key_identifier, "hash") ||
	    !X509_sign(cert, key, EVP_sha256()) || !PEM_write_bio_X509(bio, cert))
		return fail(err, -EIO, "cannot make the CA certificate");
	return take_pem(bio, ret_pem, err);
}

/* The request's public key once its signature proves that the sender holds the private one. */
static EVP_PKEY *csr_key(const char *csr_pem)
{
	_cleanup_(BIO_free_allp) BIO *bio = bio_of(csr_pem);
	_cleanup_(X509_REQ_freep) X509_REQ *req =
		bio ? PEM_read_bio_X509_REQ(bio, NULL, no_password, NULL) : NULL;
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = req ? X509_REQ_get_pubkey(req) : NULL;
	char group[32];

	if (!key || X509_REQ_verify(req, key) != 1 ||
	    !EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) ||
	    strcmp(group, "prime256v1"))
		return NULL;
	return TAKE_PTR(key);
}

int cert_sign(const struct cert_sign_options *o, char **ret_pem, struct err *err)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
	_cleanup_(X509_freep) X509 *ca = read_cert(o->ca_pem);
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *ca_key = read_key(o->ca_key_pem);
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = csr_key(o->csr_pem);
	_cleanup_(X509_freep) X509 *cert = X509_new();

	if (!key)
		return fail(err, -EBADMSG, "not a signed certificate request with a P-256 key");
	if (!bio || !cert || !ca || !ca_key)
		return fail(err, -EIO, "cannot read the CA");
	if (!X509_set_version(cert, 2) || !set_serial(cert) ||
	    !set_validity(cert, o->not_before_ns, o->not_after_ns) ||
	    !add_name(X509_get_subject_name(cert), "O", o->organization) ||
	    !add_name(X509_get_subject_name(cert), "CN", o->common_name) ||
	    !X509_set_issuer_name(cert, X509_get_subject_name(ca)) || !X509_set_pubkey(cert, key) ||
	    !add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(cert, ca, NID_ext_key_usage, o->server ? "serverAuth" : "clientAuth") ||
	    !add_extension(cert, ca, NID_subject_key_identifier, "hash") ||
	    !add_extension(cert, ca, NID_authority_key_identifier, "keyid") ||
	    !add_extension(cert, ca, NID_subject_alt_name, o->san) ||
	    !X509_sign(cert, ca_key, EVP_sha256()) || !PEM_write_bio_X509(bio, cert))
		return fail(err, -EIO, "cannot sign the certificate");
	return take_pem(bio, ret_pem, err);
}

static int64_t time_ns(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) * NSEC_PER_SEC : 0;
}

static void name_text(X509_NAME *name, int nid, char dst[CERT_NAME_SIZE])
{
	if (X509_NAME_get_text_by_NID(name, nid, dst, CERT_NAME_SIZE) < 0)
		dst[0] = '\0';
}

int cert_read(const char *pem, struct cert_info *ret_info, struct err *err)
{
	_cleanup_(X509_freep) X509 *cert = read_cert(pem);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct cert_info info = { .is_ca = false };
	_cleanup_(BN_freep) BIGNUM *serial = NULL;
	unsigned char bytes[20];
	int n;

	if (!cert || !X509_digest(cert, EVP_sha256(), digest, &len))
		return fail(err, -EBADMSG, "not a certificate");
	hex_encode(digest, len, info.fingerprint);
	name_text(X509_get_subject_name(cert), NID_commonName, info.common_name);
	name_text(X509_get_subject_name(cert), NID_organizationName, info.organization);
	info.not_before_ns = time_ns(X509_get0_notBefore(cert));
	info.not_after_ns = time_ns(X509_get0_notAfter(cert));
	info.is_ca = X509_check_ca(cert) == 1;
	serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	if (serial && BN_num_bytes(serial) <= (int)sizeof(bytes)) {
		n = BN_bn2bin(serial, bytes);
		hex_encode(bytes, (size_t)n, info.serial);
	}
	*ret_info = info;
	return 0;
}

int cert_check_key(const char *pem, const char *key_pem, struct err *err)
{
	_cleanup_(X509_freep) X509 *cert = read_cert(pem);
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = read_key(key_pem);

	if (!cert || !key || X509_check_private_key(cert, key) != 1)
		return fail(err, -EKEYREJECTED, "the key does not belong to the certificate");
	return 0;
}

int cert_check_issuer(const char *pem, const char *ca_pem, struct err *err)
{
	_cleanup_(X509_freep) X509 *cert = read_cert(pem);
	_cleanup_(X509_freep) X509 *ca = read_cert(ca_pem);
	EVP_PKEY *key = ca ? X509_get0_pubkey(ca) : NULL;

	if (!cert || !key || X509_verify(cert, key) != 1)
		return fail(err, -EKEYREJECTED, "the certificate was not signed by this CA");
	return 0;
}

int cert_check_host(const char *pem, const char *host, struct err *err)
{
	_cleanup_(X509_freep) X509 *cert = read_cert(pem);

	if (!cert || (X509_check_host(cert, host, 0, 0, NULL) != 1 &&
		      X509_check_ip_asc(cert, host, 0) != 1))
		return fail(err, -EKEYREJECTED, "the certificate is not for this name");
	return 0;
}
