/* The text of a pam.d file as libpam cuts it up: comments, continuations, words. */
#include "stack.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\n"

bool stack_next_word(const char **at, char *out)
{
	const char *from = *at + strspn(*at, BLANKS);
	size_t len = 0;

	if (!*from)
		return false;
	if (*from == '[') {
		for (from++; *from && *from != ']'; from++) {
			if (*from == '\\' && from[1] == ']')
				from++;
			out[len++] = *from;
		}
		from += *from == ']';
	} else {
		len = strcspn(from, BLANKS);
		memcpy(out, from, len);
		from += len;
	}
	out[len] = '\0';
	*at = from;
	return true;
}

enum psg_err stack_words(const char *text, struct psg_strings *ret)
{
	struct psg_strings words PSG_CLEANUP(psg_strings_clear) = {0};
	char *word PSG_CLEANUP(psg_free_bytes) = malloc(strlen(text) + 1);

	if (!word)
		return PSG_ERR_NO_MEMORY;
	while (stack_next_word(&text, word)) {
		enum psg_err err = psg_strings_add(&words, word);

		if (err)
			return err;
	}
	*ret = words;
	words = (struct psg_strings){0};
	return PSG_OK;
}

bool stack_cut_line(char *text)
{
	char *comment = strchr(text, '#');
	size_t len;

	if (comment) {
		*comment = '\0';
		return false;
	}
	for (len = strlen(text); len && strchr(BLANKS, text[len - 1]); len--)
		;
	if (len == 0 || text[len - 1] != '\\')
		return false;
	text[len - 1] = '\0';
	return true;
}
