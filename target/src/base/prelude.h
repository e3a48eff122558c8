/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	prelude - forced include of every translation unit (-include)
 *
 * Pulls the system headers first and then bans the calls that cause trouble,
 * so that a banned name is a compile error with its replacement in sight.
 *
 * SEE ALSO
 *	style: docs/architecture.md "House rules"
 */
#ifndef BASE_PRELUDE_H
#define BASE_PRELUDE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define BANNED(name, use) name##_is_banned_use_##use

#undef strcpy
#define strcpy BANNED(strcpy, arena_or_buf)
#undef strcat
#define strcat BANNED(strcat, buf_add)
#undef strncpy
#define strncpy BANNED(strncpy, arena_strndup)
#undef strncat
#define strncat BANNED(strncat, buf_add)
#undef sprintf
#define sprintf BANNED(sprintf, buf_printf)
#undef vsprintf
#define vsprintf BANNED(vsprintf, buf_vprintf)
#undef strtok
#define strtok BANNED(strtok, str_split)
#undef atoi
#define atoi BANNED(atoi, parse_int64)
#undef atol
#define atol BANNED(atol, parse_int64)
#undef atof
#define atof BANNED(atof, settings_type)
#undef mktemp
#define mktemp BANNED(mktemp, file_replace)
#undef system
#define system BANNED(system, proc_run)
#undef popen
#define popen BANNED(popen, proc_run)
#undef gmtime
#define gmtime BANNED(gmtime, gmtime_r)
#undef localtime
#define localtime BANNED(localtime, localtime_r)

#endif
