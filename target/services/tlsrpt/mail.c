/* SPDX-License-Identifier: MIT */
/*
 * TLS-Required: No is there because the report may be about TLS that does not work; and because the MTA does
 * not tell of such a message's session, each report would be the reason for the next.
 */
#include "tlsrpt/mail.h"

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/net.h"

#define LINE_BYTES 57 /* 76 signs in base64, RFC 2045 §6.8 */

static void add_base64(struct buf *out, struct str data)
{
	unsigned char line[LINE_BYTES / 3 * 4 + 1];

	for (size_t i = 0; i < data.n; i += LINE_BYTES) {
		size_t n = data.n - i < LINE_BYTES ? data.n - i : LINE_BYTES;
		/* The cast: text as unsigned bytes. */
		int made = EVP_EncodeBlock(line, (const unsigned char *)data.p + i, (int)n);
		buf_add(out, line, (size_t)made);
		buf_addc(out, '\n');
	}
}

void mail_write(struct arena *a, const struct mail *mail, struct buf *out)
{
	const char *submitter = email_domain(mail->from);
	const char *boundary = arena_printf(a, "=_report_%s_%" PRId64, mail->day, mail->now);

	buf_printf(out,
		   "From: <%s>\nTo: <%s>\nDate: %s\nMessage-ID: <%s>\n"
		   "Subject: Report Domain: %s Submitter: %s Report-ID: <%s>\n"
		   "TLS-Report-Domain: %s\nTLS-Report-Submitter: %s\nTLS-Required: No\n"
		   "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
		   "Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=\"%s\"\n\n",
		   mail->from, mail->to, email_date(a, mail->now), mail->id, mail->domain,
		   submitter, mail->id, mail->domain, submitter, boundary);
	buf_printf(
		out,
		"--%s\nContent-Type: text/plain; charset=us-ascii\n\n"
		"This is a report about TLS with the mail servers of\n%s\non %s (UTC), from %s.\n"
		"Questions about it go to %s.\n\n",
		boundary, mail->domain, mail->day, submitter, mail->contact);
	buf_printf(
		out,
		"--%s\nContent-Type: application/tlsrpt+gzip\nContent-Transfer-Encoding: base64\n"
		"Content-Disposition: attachment;\n"
		" filename=\"%s!%s!%" PRId64 "!%" PRId64 ".json.gz\"\n\n",
		boundary, submitter, mail->domain, mail->start_s, mail->end_s);
	add_base64(out, mail->gzip);
	buf_printf(out, "\n--%s--\n", boundary);
}
