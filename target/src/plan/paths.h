/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	paths - the places the running image uses; one definition
 *
 * Everything the server writes is below these (and the volumes): a read-only root needs tmpfs on
 * /run and /tmp only.
 */
#ifndef PLAN_PATHS_H
#define PLAN_PATHS_H

#define PATH_CONFIG "/tmp/docker-mailserver"
#define PATH_RUN "/run/mailserver"

/* Generations 1, 2, … and the link to the one in force. */
#define PATH_BOOT PATH_RUN "/boot"
#define PATH_BOOT_CURRENT PATH_BOOT "/current"
/* Look-up tables and certificates at fixed names. */
#define PATH_LIVE PATH_RUN "/live"
#define PATH_KEPT PATH_LIVE "/.kept" /* see keep.h */
/* A directory that is locked while something is applied. */
#define PATH_APPLY_LOCK PATH_RUN "/apply"
/* Effective settings for the command line, 0600. */
#define PATH_SNAPSHOT PATH_RUN "/settings"
/* "finding TEXT" lines: why the server is not healthy; "accounts N". See status.h. */
#define PATH_STATUS PATH_RUN "/status"
/* What programs of the server leave for the health check to show, a file each; no failures. */
#define PATH_NOTES PATH_RUN "/notes"
/* Ports that serve certificates of the daemons' own settings, one a line; see served.h. */
#define PATH_OTHER_CERTS PATH_RUN "/other-certificates"
/* Directories to watch, one a line, written by the workers. */
#define PATH_WATCH PATH_RUN "/watch"
/* Findings that init's workers have logged, so that each is logged once. */
#define PATH_FINDINGS PATH_RUN "/findings"

#define PATH_STATE "/var/mail-state"
/* Last good files, self-made certificate. */
#define PATH_STATE_OWN PATH_STATE "/lib-mailserver"
#define PATH_LAST_GOOD PATH_STATE_OWN "/last-good"

/* <daemon>/<file>.tpl of the image; what its packages had in linked places; what derived images
 * add. */
#define PATH_TEMPLATES "/usr/share/mailserver"
#define PATH_PRISTINE PATH_TEMPLATES "/pristine"
#define PATH_DROPINS PATH_TEMPLATES "/drop-in"

#endif
