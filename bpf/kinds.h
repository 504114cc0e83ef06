/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kinds.h - numbers of the kinds, as enum kernel_kind has them (checked in decode.c)
 */
#pragma once

#define RECORD_PROCESS_FORK 0
#define RECORD_PROCESS_EXEC 1
#define RECORD_PROCESS_EXIT 2
#define RECORD_FILE_CREATE 3
#define RECORD_FILE_WRITE 4
#define RECORD_FILE_RENAME 5
#define RECORD_FILE_DELETE 6
#define RECORD_NET_CONNECT 7
#define RECORD_NET_ACCEPT 8
#define RECORD_NET_LISTEN 9
#define RECORD_PROCESS_TRACE 10
#define RECORD_PROCESS_READ 11
#define RECORD_PROCESS_WRITE 12
#define RECORD_MODULE_LOAD 13
#define RECORD_BPF_LOAD 14
#define RECORD_MOUNT 15
#define RECORD_UNMOUNT 16
#define RECORD_NAMESPACE 17
#define RECORD_MEMORY_FILE 18
#define RECORD_SIGNAL 19
#define RECORD_PRIVILEGE 20
