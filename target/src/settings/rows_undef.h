/* SPDX-License-Identifier: MIT */
/* Ends one use of the row macros; see settings.h. No include guard: included once per expansion. */
#undef SECTION
#undef BOOL
#undef INT
#undef SIZE
#undef TIME
#undef FLOAT
#undef ENUM
#undef TEXT
#undef FQDN
#undef HOSTPORT
#undef EMAIL
#undef EMAILS
#undef DOMAINS
#undef WORDS
#undef PATH
#undef URL
#undef NETWORKS
#undef ALIAS
#undef REMOVED
