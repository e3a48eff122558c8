/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	append - one line added to a text file where it stands
 *
 * For files so large that a copy (file_replace) takes longer than all the rest: the cost does not
 * depend on the file's size. The line is first written as a comment ("#" in place of its first
 * byte) and synced; then that one byte is set and synced. So whatever stops it, kill or power, leaves
 * the old text, the old text and a comment, or the whole line: never a piece of a line that a reader
 * would take for one.
 *
 *	stat(path, &st);
 *	if (append_line(path, &st, "anna@example.test|…", max) && append_holds(path, &st, line)) …
 *
 * LIMITS
 *	A file that ends without LF, with CR LF, that is empty, a link, or no regular file is refused:
 *	it is to be replaced. After a power failure some file systems show NUL bytes in place of what
 *	was being written; linefile.h leaves them out.
 */
#ifndef BASE_APPEND_H
#define BASE_APPEND_H

/* Adds `line` (no LF, not empty, no "#" at its begin) and a LF behind the text of the file, which must
 * be the one of *st, unchanged, and have at most max bytes afterwards. False: the text is as it was,
 * but for a comment; replace the file instead. */
bool append_line(const char *path, const struct stat *st, const char *line, size_t max) MUST_CHECK;
/* Whether path is still the file of *st with nothing but the line added. */
bool append_holds(const char *path, const struct stat *st, const char *line);
/* Takes the line back; false when the file is no longer that one. */
bool append_undo(const char *path, const struct stat *st, const char *line) MUST_CHECK;

#endif
