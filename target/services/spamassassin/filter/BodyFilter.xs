/* SPDX-License-Identifier: MIT */
/*
 * BodyFilter.xs: which rules may match a line, for BodyFilter.pm
 *
 * The databases are in the memory of the process that loads them, which its children share.
 *
 * SOURCES
 *	Vectorscan/Hyperscan, "Scanning for Patterns"; perlapi(1).
 */
#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"

#include <hs/hs_common.h>
#include <hs/hs_runtime.h>

#define DATABASES_MAX 64

static hs_database_t *databases[DATABASES_MAX];
static unsigned count;
static hs_scratch_t *scratch;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	dTHX;

	PERL_UNUSED_VAR(from);
	PERL_UNUSED_VAR(to);
	PERL_UNUSED_VAR(flags);
	av_push((AV *)context, newSVuv(id));
	return 0;
}

MODULE = MailServer::BodyFilter  PACKAGE = MailServer::BodyFilter

PROTOTYPES: DISABLE

# Takes a database; false when this processor can't use it.
bool
load_database(SV *bytes)
CODE:
{
	STRLEN n;
	const char *p = SvPVbyte(bytes, n);

	RETVAL = count < DATABASES_MAX && hs_valid_platform() == HS_SUCCESS &&
		 hs_deserialize_database(p, n, &databases[count]) == HS_SUCCESS &&
		 hs_alloc_scratch(databases[count], &scratch) == HS_SUCCESS;
	if (RETVAL)
		count++;
}
OUTPUT:
	RETVAL

# The numbers of the rules, or nothing when it can't be said.
SV *
scan(SV *line)
CODE:
{
	STRLEN n;
	const char *p = SvPV(line, n);
	AV *found;

	if (count == 0 || n > UINT_MAX || (SvUTF8(line) && !is_utf8_invariant_string((const U8 *)p, n)))
		XSRETURN_UNDEF;
	found = newAV();
	RETVAL = newRV_noinc((SV *)found);
	for (unsigned i = 0; i < count; i++)
		if (hs_scan(databases[i], p, (unsigned)n, 0, scratch, on_match, found) != HS_SUCCESS) {
			SvREFCNT_dec(RETVAL);
			XSRETURN_UNDEF;
		}
}
OUTPUT:
	RETVAL
