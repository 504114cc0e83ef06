/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - what outlives the sensor: maps and links kept in the BPF file system
 *
 * A folder named after the object's bytes and the ring's size, so that only the same build reads
 * what its own programs wrote. It appears by a rename when it is complete.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sensor/kernel/kernel.h"

#define PINS_PATH_MAX 512

struct vakt_bpf;

/* Mounts the BPF file system where base's parent is its usual place; writes the folder's name. */
int pins_prepare(const char *base, uint32_t ring_bytes,
		 char ret_folder[PINS_PATH_MAX], struct err *err);
bool pins_exist(const char *folder);
/* Pins all maps that the reader needs and all links, then lets go of the links. */
int pins_write(const char *folder, struct vakt_bpf *bpf, struct err *err);
bool pins_have_program(const char *folder, const char *program);
/* A descriptor of the caller's, or negative errno. */
int pins_open_map(const char *folder, const char *map);
/* Removes each folder in base but keep (nullable). */
int pins_remove(const char *base, const char *keep);
