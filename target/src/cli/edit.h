/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	edit - change files of the config directory as one transaction, and make it live
 *
 *	struct edit e;
 *	if (!edit_begin(&e, cmd->config_dir, &err) || !edit_read(&e, ACCOUNTS_FILE, &text, &err)) …
 *	… edit_write(&e, ACCOUNTS_FILE, &new_text); …
 *	status = edit_commit(&e);
 *	edit_end(&e);
 *
 * From edit_begin() to edit_commit() or edit_end() the config directory is locked, also against
 * other containers.
 *
 * Where the server runs, edit_commit() returns when the change is live. When the server refuses it,
 * the files are put back as they were and the findings are printed.
 *
 * OWNERSHIP
 *	Texts live until edit_end(). They may hold hashes and relay passwords.
 */
#ifndef CLI_EDIT_H
#define CLI_EDIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "base/vec.h"

struct account;

struct edit_file {
	const char *name, *path;
	struct str before, after; /* the same memory, as long as lines are only appended */
	char *tail;		  /* where `before` ends */
	size_t used;		  /* bytes of lines behind it, of the ROOM that is there */
	struct buf written_text;  /* what `after` points into once edit_write() was called */
	bool existed, changed, written;
	mode_t mode; /* of a new file; 0 = as it comes */
};
VEC_TYPE(edit_file_vec, struct edit_file);
VEC_TYPE(edit_dir_vec, const char *);

struct edit {
	struct arena arena;
	const char *dir;
	int lock;
	struct edit_file_vec files; /* written in the order in which they were read */
	const char *owner; /* new files and directories get the owner of this path; NULL = ours */
	struct edit_dir_vec made; /* directories that were made, outermost first */
	const struct account
		*account; /* set: all that changes is this account, new or with a new password */
	bool applied;	  /* after edit_commit(): a running server has taken the change */
};

/* Makes the directory if it is missing, and locks it (ERR_TEMP after 30 s). Call edit_end() also
 * after a failure. */
bool edit_begin(struct edit *e, const char *dir, struct err *err) MUST_CHECK;
/* The file's text, "" when it is missing. */
bool edit_read(struct edit *e, const char *name, struct str *text_r, struct err *err) MUST_CHECK;
/* Sets what the file (read before) shall hold; takes the text over and leaves *text empty. */
void edit_write(struct edit *e, const char *name, struct buf *text);
/* Adds lines (separated by "\n", none at the end) as linefile_tail() has them. */
void edit_append(struct edit *e, const char *name, const char *lines);
/* As edit_write(), for a file that holds a secret: 0600 when it is new. Directories in its name are made. */
void edit_write_secret(struct edit *e, const char *name, struct buf *text);
/* Writes all files, unlocks, applies. The exit status; 0 = done. Prints why not. */
int edit_commit(struct edit *e);
void edit_end(struct edit *e);

#endif
