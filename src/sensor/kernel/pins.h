/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - what outlives the sensor: maps and links kept in the BPF file system
 *
 * A folder named LAYOUT-BUILD: after the layout of the records, which tells who can read its ring,
 * and after what it was made of (the object's bytes and the options), which tells whether its
 * programs are ours. It appears by a rename when it is complete.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sensor/kernel/kernel.h"

#define PINS_PATH_MAX 512

struct vakt_bpf;

/* Mounts the BPF file system where base's parent is its usual place; writes the folder's name. */
int pins_prepare(const char *base, const struct kernel_options *options,
		 char ret_folder[PINS_PATH_MAX], struct err *err);
bool pins_exist(const char *folder);
/* Pins all maps that the reader needs and all links, then lets go of the links. */
int pins_write(const char *folder, struct vakt_bpf *bpf, struct err *err);
bool pins_have_program(const char *folder, const char *program);
/* A descriptor of the caller's, or negative errno. */
int pins_open_map(const char *folder, const char *map);
/* The complete folder number n in base, without keep; false where there are not so many. */
bool pins_find_other(const char *base, const char *keep, size_t n, char ret_folder[PINS_PATH_MAX]);
/* Whether the records of two folders are of one layout. */
bool pins_are_alike(const char *folder, const char *other);
/*
 * Detaches the programs; the maps stay, under another name: the same build may come again before
 * its old ring is empty.
 */
void pins_retire(char folder[PINS_PATH_MAX]);
void pins_remove_folder(const char *folder);
/* Removes what a crash left half done or, with all, each folder in base. */
int pins_remove(const char *base, bool all);
