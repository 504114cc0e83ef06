/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_file.h - what a control plane gives to a device that is to join it
 */
#pragma once

#include "base/err.h"

#define TOKEN_FILE_MAX (64u << 10)

struct token_file {
	char server[512];    /* "https://host:port" */
	char token[257];     /* the secret */
	char ca_sha256[65];  /* fingerprint of the CA's certificate, hex */
	char tenant_id[64];  /* "" in files of older control planes */
};

/* err names the file, the line where there is one, and what is missing. */
int token_file_read(const char *path, struct token_file *ret_token, struct err *err);
