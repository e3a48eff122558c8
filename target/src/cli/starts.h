/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	starts - how often a program was started lately, and with which files
 *
 *	pause = starts_pause_ms(memory, starts_fingerprint(pattern), now_ms());
 *	… wait …
 *	starts_add(memory, starts_fingerprint(pattern), now_ms());
 *
 * A few starts within ten minutes are nothing. More of them are put off, each twice as long as the one before, from
 * five seconds to five minutes. New files, new luck: another fingerprint begins from nothing, and so does a program that
 * has stayed for a minute.
 *
 * ERRORS
 *	A memory that cannot be read or written is an empty one.
 */
#ifndef CLI_STARTS_H
#define CLI_STARTS_H

/* Of names, sizes, and times of what matches the pattern (glob(7), with braces); 0 = nothing does. */
uint64_t starts_fingerprint(const char *pattern);
/* How long the next start should be put off; 0 = not at all. Called as soon as the program has ended. now_ms:
 * CLOCK_MONOTONIC. */
int64_t starts_pause_ms(const char *memory, uint64_t fingerprint, int64_t now_ms);
void starts_add(const char *memory, uint64_t fingerprint, int64_t now_ms);

#endif
