/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscalls.h - names of system calls by the number in an audit record
 *
 * The tables are made from the compiler's own kernel headers by syscalls.py.
 */
#pragma once

#include <stdint.h>

/* arch: AUDIT_ARCH_*. NULL where the number or the architecture is not known. */
const char *syscall_name(uint32_t arch, unsigned int number);
