/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	tls_files - the certificate and key where the daemons' configuration points
 *
 *	<live>/tls/cert.pem  key.pem  [alt-cert.pem alt-key.pem]  [sni/NAME.pem sni/NAME.key]
 *	<live>/tls/keys-and-certs.pem	all but those of sni/: each key, then its chain
 *
 * One certificate source, one place: which SSL_TYPE made them is not the daemons' business.
 */
#ifndef PLAN_TLS_FILES_H
#define PLAN_TLS_FILES_H

#include "plan/plan.h"

/* Key files 0600 root, certificates 0644. Each file is replaced by rename, the key before the
 * chain; a daemon that reads them one by one may see a pair that doesn't match between the two,
 * and is to be reloaded afterwards. keys-and-certs.pem is whole at any time. */
#define TLS_FILES_DIR "tls"
bool tls_files_write(const struct plan *plan, const char *live_dir, struct err *err) MUST_CHECK;

/* Removes the files of names that are no longer served: after the daemons were told. */
void tls_files_sweep(const struct plan *plan, const char *live_dir);

#endif
