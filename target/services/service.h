/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	service - the descriptor of one daemon: every extension point there is
 *
 * TO ADD A DAEMON
 *	1. mkdir target/services/<daemon>; service.c there defines
 *	   `const struct service service_<daemon>` ('-' in the folder name becomes '_') with only
 *	   the members it needs.
 *	2. settings.def (its rows), packages (Debian packages, one a line), its templates *.tpl.
 *	3. A golden case in test/golden/ and an end-to-end test.
 *	The registry, package list, supervisor section, health probes and image links follow from
 *	the folder.
 *
 * A new extension point needs two users; until then the peculiarity stays in the daemon's own
 * folder.
 *
 * OWNERSHIP
 *	Everything is const and static. Arrays end with an element whose first member is NULL.
 */
#ifndef SERVICES_SERVICE_H
#define SERVICES_SERVICE_H

#include "base/dialect.h"
#include "base/tpl.h"
#include "inputs/inputs.h"
#include "settings/problems.h"
#include "settings/settings.h"

struct plan;

/* What facts and hooks may look at. */
struct service_ctx {
	struct arena *arena; /* lives as long as the plan */
	const struct settings *s;
	const struct inputs *in; /* empty, not NULL, when nothing was read */
	const struct plan
		*plan; /* NULL while the plan is being made; complete when templates are rendered */
	bool on_host;  /* rendering on a laptop: no system look-ups */
};

/* A derived value for templates. Names must not clash with rows; all facts of all services are
 * visible to all templates. */
struct fact {
	const char *name;
	const char *doc;
	struct tpl_value (*get)(const struct service_ctx *ctx);
};

/* A rendered file; dest is relative to the generation: "postfix/main.cf". */
struct service_file {
	const char *dest;
	const char *tpl; /* file name in the service's folder */
	enum dialect dialect;
	mode_t mode;				/* 0 = 0644 */
	const char *group;			/* NULL = root */
	bool (*when)(const struct settings *s); /* NULL = always */
};

/* A link made at image build: path → /run/mailserver/boot/current/<target>. What is at path in
 * the image is kept as pristine copy /usr/share/mailserver/pristine/<target>. */
struct service_link {
	const char *path;
	const char *target;
};

/* A directory (or, with link, a link) to exist before the daemon starts. Made at boot by the
 * worker as root; mode and owner are set when it is made and corrected when they differ;
 * contents are chowned only when the directory itself had a wrong owner. */
struct service_dir {
	const char *path;
	const char *owner; /* user name or "vmail" for DMS_VMAIL_UID; NULL = root */
	const char *group;
	mode_t mode;
};

/* A link made at image build into the state volume: path → /var/mail-state/<name>. */
struct service_state {
	const char *path; /* "/var/spool/postfix" */
	const char *name; /* "spool-postfix" */
};

/* libmilter looks whether it was told to end every five seconds only. A milter holds nothing, and
 * Postfix puts off what is on its way to it. */
#define STOP_OF_MILTER "KILL"

struct service_program {
	const char *
		command; /* as supervisord takes it: absolute path and arguments; NULL = no program of its own */
	const char *user;	 /* NULL = root */
	const char *stop_signal; /* "TERM"; a milter: STOP_OF_MILTER */
	unsigned stop_wait_s;
	bool stop_group;	 /* its children do not end with it, and are sent the signal too */
	unsigned start_s;	 /* must stay up this long to count as started */
	unsigned priority;	 /* start order, low first */
	const char *environment; /* NAME="value",… or NULL */
	const char *
		ready; /* file or socket that is there once the program can be used; those that name this service
			      in `after` are started when it is (or after 10 s without it) */
};

/* A command run against the staged generation; {{staging}}-free: "@" at the start of an argument
 * is replaced by the staging directory. Fails when the exit status is not 0, or when it prints
 * something matching `complaint` (NULL = exit status only). */
struct service_check {
	const char *const *argv;
	const char *complaint;
	int timeout_ms;
};

/* PROBE_MILTER negotiates with a milter at `path`, as the MTA does. PROBE_PROGRAMS asks the supervisor
 * at `path` for the state of every program of the plan; it is always late. PROBE_RELAY asks an SMTP
 * server at `path` that believes XCLIENT whether a stranger may relay; it is part of being ready only,
 * and the server ends when he may. */
enum probe_kind {
	PROBE_SMTP,
	PROBE_IMAP,
	PROBE_POP3,
	PROBE_SIEVE,
	PROBE_UNIX,
	PROBE_MILTER,
	PROBE_PROGRAMS,
	PROBE_RELAY
};

struct service_probe {
	const char *name; /* "submission" */
	enum probe_kind kind;
	int port;
	const char *path; /* of the local socket; PROBE_UNIX without one asks the port */
	/* PROBE_UNIX: what to send, and what the answer begins with. say == NULL: a process has the
	 * socket at `path` open; it is not connected to, where that would start a program. say == "":
	 * send nothing more, and be hung up on. */
	const char *say, *expect;
	bool tls;      /* implicit TLS: handshake first */
	bool no_login; /* PROBE_SMTP: nobody logs in there, as on port 25 */
	bool late;     /* no part of being ready: the server is up without it */
	/* The program of this service is killed, and so started afresh, when it neither answers nor
	 * does anything. */
	bool watched;
	/* A failed probe: what is still to happen before it can succeed, in the arena; NULL =
	 * nothing, it is a failure. */
	const char *(*starting)(struct arena *a);
	bool (*when)(const struct settings *s); /* NULL = always */
};

struct service_cron {
	const char *schedule; /* five fields */
	const char *user;
	const char *command;
	bool (*when)(const struct settings *s); /* NULL = always */
};

/* A milter: asked by the MTA while a message comes in, so that a refusal reaches the sender. One that
 * does not answer puts the message off. */
struct service_milter {
	const char *socket;  /* "unix:/run/x/x.sock", as Postfix' smtpd_milters takes it */
	const char *options; /* more of what Postfix takes: "content_timeout=300s", or NULL */
	unsigned order;	     /* low first */
	bool incoming;	     /* asked for mail from other servers (port 25) */
	bool submission;     /* for mail of users who have logged in */
	bool local;	     /* for mail made in the container: cron, vacation */
	bool marks;	     /* puts into headers what to-junk.sieve looks for */
	bool (*when)(const struct settings *s); /* NULL = always */
};

/* A policy server (Postfix SMTPD_POLICY_README), asked at RCPT on port 25. It answers DUNNO or a
 * refusal, never OK, which would end the list of checks. */
struct service_policy {
	const char *server;  /* as check_policy_service takes it */
	const char *options; /* "timeout=20s", or NULL */
	unsigned order;	     /* low first */
	bool early; /* asked before anything is known about the recipient; else when it exists */
	bool (*when)(const struct settings *s); /* NULL = always */
	/* Both or none: it is asked only while it has something to say, as the files are now. The name is
	 * one word, the key of the table that says so. */
	const char *name;
	bool (*has_say)(const struct service_ctx *ctx);
};

/* A program that the MTA starts for each connection to its private socket "NAME" (spawn(8)). */
struct service_spawn {
	const char *name, *user, *command;
	bool (*when)(const struct settings *s); /* NULL = always */
};

/* What learns from mail that users sort: commands that take a message on standard input and are
 * done soon. */
struct service_learner {
	const char *spam, *ham;
	const char *user; /* whom they run as */
};

/* A part of the binary: `mailserver NAME ARGUMENT…`. argv[0] is the name. */
struct service_applet {
	const char *name;
	int (*run)(int argc, char **argv);
};

/* A log file to rotate. */
struct service_log {
	const char *path;
	const char *mode; /* "0640" */
	const char *owner, *group;
	const char *reopen_command; /* run after the file was renamed, or NULL */
};

/* LIVE tables, in two phases so that all services change together: prepare writes everything
 * beside the old tables (or into an open transaction), commit makes it true. Called in a worker
 * with ctx->in complete. `changed` tells which inputs differ from those of the last commit
 * (INPUT_ALL at boot). */
struct live_ctx {
	const struct service_ctx *svc;
	const char *dir; /* /run/mailserver/live */
	unsigned changed;
};

struct service_live {
	unsigned inputs; /* called only when one of these bits changed */
	/* Optional; called for all services before the first prepare: may begin the work in a
	 * child, which prepare of the same service waits for. */
	void (*begin)(const struct live_ctx *ctx, void **state_r);
	bool (*prepare)(const struct live_ctx *ctx, void **state_r, struct err *err);
	bool (*commit)(const struct live_ctx *ctx, void *state, struct err *err);
	void (*abort)(const struct live_ctx *ctx, void *state);
	/* Short cut for one account that is new or has a new password (all three hooks or none;
	 * ctx->in is empty). has: the tables know the account. can_put: the tables as they are
	 * allow it; when not, everything is applied the long way. */
	bool (*has)(const struct live_ctx *ctx, const struct account *account);
	bool (*can_put)(const struct live_ctx *ctx, const struct account *account);
	bool (*put)(const struct live_ctx *ctx, const struct account *account, struct err *err);
};

struct service {
	const char *name;
	/* Services that must be ready first. */
	const char *const *after;
	/* NULL = always. */
	bool (*enabled)(const struct settings *s);
	void (*check)(const struct service_ctx *ctx, struct problems *p);
	const struct fact *facts;
	const struct service_file *files;
	const struct service_link *links;
	const struct service_state *states;
	const struct service_dir *dirs;
	/* Files of packages that the image does without. NULL-terminated, as the two that
	 * follow. */
	const char *const *removed;
	/* What an earlier life of the container left; removed at boot. */
	const char *const *leftovers;
	/* Paths below the pristine copy to put into each generation: "postfix/dynamicmaps.cf". */
	const char *const *pristine;
	struct service_program program;
	const struct service_check *checks;
	/* argv; returns when the daemon has taken up what is new, or is sure to. Run when a file of
	 * the service has changed, and after its live tables when one of reload_inputs has. */
	const char *const *reload;
	unsigned reload_inputs;
	const struct service_probe *probes;
	const struct service_cron *crons;
	const struct service_log *logs;
	const struct service_live *live;
	const struct service_milter *milter; /* at most one */
	const struct service_policy *policy;
	const struct service_spawn *spawn;
	const struct service_learner *learner;
	const struct service_applet *applets;
	/* Last touch on a staged generation after its files are rendered: merges of drop-ins and of
	 * the administrator's own settings, whose mistakes are findings. */
	bool (*finish)(const struct service_ctx *ctx, const char *staging, struct problems *p,
		       struct err *err);
	/* Whether the text of a file of the config directory is one that the daemon reads as it is;
	 * what its own checker says against it are findings, subject "<name>:<line>". ctx->in and
	 * ctx->plan are NULL. */
	bool (*judge)(const struct service_ctx *ctx, const char *name, struct str text,
		      struct problems *p);
	/* Whose line a complaint of one of the checks is about: "dovecot.cf:12", or NULL. */
	const char *(*origin)(const struct service_ctx *ctx, const char *complaint);
	/* `mailserver config translate-NAME FILE`: a file in an older language of the daemon, in the
	 * one of the image. */
	void (*translate)(struct arena *a, const char *file, struct str text, struct buf *out,
			  struct problems *p);
	/* program.command is what init runs. */
	bool is_supervisor;
};

/* Whether the service is part of this configuration. */
static inline bool service_is_enabled(const struct service *svc, const struct settings *s)
{
	return svc->enabled == NULL || svc->enabled(s);
}

/* The service's policy server, or NULL when there is none or it is not part of this configuration. */
static inline const struct service_policy *service_policy_of(const struct service *svc,
							     const struct settings *s)
{
	const struct service_policy *x = service_is_enabled(svc, s) ? svc->policy : NULL;

	return x && (x->when == NULL || x->when(s)) ? x : NULL;
}

/* The value of a fact of any service; false = there is none of that name. */
bool service_fact(const struct service_ctx *ctx, const char *name, struct tpl_value *value_r);

/* The applet of that name of any service, or NULL. */
const struct service_applet *service_find_applet(const char *name);

/* All services of the build, NULL-terminated, in folder order (registry.c). */
extern const struct service *const services_all[];

#endif
