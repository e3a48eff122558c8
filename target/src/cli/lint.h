/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	lint - do rows, facts, descriptors and templates agree?
 *
 * For developers and `make check`: every template parses and uses known names only; no name is
 * defined twice; every row that claims to work is used by a template or listed as used by code;
 * every fact is documented.
 */
#ifndef CLI_LINT_H
#define CLI_LINT_H

struct arena;

/* templates: directory with <daemon>/<file>.tpl. Prints findings; 0 or 1. */
int config_lint(struct arena *a, const char *templates);

#endif
