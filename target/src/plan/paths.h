/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	paths - the places the running image uses; one definition
 *
 * Everything the server writes is below these (and the volumes): a read-only root needs tmpfs on /run and /tmp only.
 */
#ifndef PLAN_PATHS_H
#define PLAN_PATHS_H

#define PATH_CONFIG "/tmp/docker-mailserver"
#define PATH_RUN "/run/mailserver"
#define PATH_BOOT "/run/mailserver/boot" /* generations 1, 2, … and the link `current` */
#define PATH_BOOT_CURRENT "/run/mailserver/boot/current"
#define PATH_LIVE "/run/mailserver/live"	 /* look-up tables at fixed names */
#define PATH_APPLY_LOCK "/run/mailserver/apply"	 /* directory, locked while a generation is made */
#define PATH_SNAPSHOT "/run/mailserver/settings" /* effective settings for the command line, 0600 */
#define PATH_STATUS                                                                                \
	"/run/mailserver/status" /* "finding TEXT" lines: why the server is not healthy; missing or empty = none */
#define PATH_WATCH                                                                                 \
	"/run/mailserver/watch" /* directories to watch, one a line, written by the boot worker */
#define PATH_FINDINGS                                                                              \
	"/run/mailserver/findings" /* findings that init's workers have logged, so that each is logged once */
#define PATH_STATE "/var/mail-state"
#define PATH_STATE_OWN "/var/mail-state/lib-mailserver" /* last good files, self-made certificate */
#define PATH_LAST_GOOD "/var/mail-state/lib-mailserver/last-good"
#define PATH_TEMPLATES "/usr/share/mailserver" /* <daemon>/<file>.tpl, pristine/ */
#define PATH_PRISTINE "/usr/share/mailserver/pristine"
#define PATH_DROPINS                                                                               \
	"/usr/share/mailserver/drop-in" /* <daemon>/… of derived images, copied into each generation */

#endif
