# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# certificate.sh - a certificate is renewed: until every port shows the new one
#
# Key and certificate are replaced by rename, as ACME clients do (SSL_TYPE=manual).

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly certificate_ROUNDS=$ROUNDS

# The floor has nobody who would notice.
certificate_applies() { [ "$1" != floor ] && [ "$(subject_profile "$1")" = bare ]; }

measure_certificate() {
	local name port ms latest=0
	name=certificate-$(slug "$1")
	subject_up "$name" "$1" 10
	make_certificate /lab/renewed
	clocks renew "$(address "$name")" "/lab/cert-$name" /lab/renewed "$RENEW_LIMIT_S" >"$LAB_DIR/renewed.ms"
	while read -r port ms; do
		note "$1" "certificate.$port" "$ms"
		latest=$(later_of "$latest" "$ms")
	done <"$LAB_DIR/renewed.ms"
	note "$1" certificate.all "$latest"
	subject_down "$name"
}
