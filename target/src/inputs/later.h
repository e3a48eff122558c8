/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	later - files of the config directory that are known but have no effect in this image yet
 *
 * Each that exists (and is not empty) gives one warning, so that nobody believes it is in force.
 */
#ifndef INPUTS_LATER_H
#define INPUTS_LATER_H

#include "inputs/inputs.h"

void later_check(struct arena *a, const char *config_dir, struct problems *p);

#endif
