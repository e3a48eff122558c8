/* SPDX-License-Identifier: MIT */
#include "cli/nearest.h"

static void keep(struct nearest *near, struct str word, unsigned distance)
{
	near->distance = distance;
	(void)snprintf(near->word, sizeof(near->word), "%.*s", (int)word.n, word.p);
}

void nearest_try(struct nearest *near, struct str word)
{
	char text[sizeof(near->word)];

	if (word.n >= sizeof(text) || *near->typed == '\0')
		return;
	(void)snprintf(text, sizeof(text), "%.*s", (int)word.n, word.p);
	unsigned d = str_distance(near->typed, text, 2);
	/* "ls" for "-y": every letter replaced is another word. */
	if (d < near->distance && d < word.n)
		keep(near, word, d);
}

void nearest_set(struct nearest *near, struct str word)
{
	keep(near, word, 0);
}
