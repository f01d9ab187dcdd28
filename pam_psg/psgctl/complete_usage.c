/* A command's usage, read for what can stand on its line. */
#include <string.h>

#include "complete.h"

#define BREAKS " \n()[]"

/* By the option where there is one, since `ID` and `G` stand for more than one thing; else by the word. */
static const struct {
	const char *option, *word;
	enum complete_kind kind;
} kinds[] = {
    {"user", NULL, COMPLETE_USER},       {"group", NULL, COMPLETE_TARGET},
    {"service", NULL, COMPLETE_SERVICE}, {"session", NULL, COMPLETE_SESSION},
    {"id", NULL, COMPLETE_ACTIVATION},   {NULL, "ASSIGNEE", COMPLETE_ASSIGNEE},
    {NULL, "COMMAND", COMPLETE_COMMAND}, {NULL, "DIR", COMPLETE_DIRECTORY},
    {NULL, "FILE", COMPLETE_FILE},       {NULL, "GROUP", COMPLETE_GROUP},
    {NULL, "NAME", COMPLETE_TARGET},     {NULL, "SERVICE", COMPLETE_SERVICE},
    {NULL, "SOURCE", COMPLETE_FILE},     {NULL, "USER", COMPLETE_USER},
};

/* "TIME", "BASE32": what somebody else fills in. */
static bool is_placeholder(const char *word)
{
	return word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")] == '\0' &&
	       word[strcspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0';
}

static enum complete_kind kind_of(const struct complete_item *item)
{
	for (size_t i = 0; i < PSG_COUNT(kinds); i++)
		if (kinds[i].option != NULL ? strcmp(kinds[i].option, item->option) == 0
					    : strcmp(kinds[i].word, item->value) == 0)
			return kinds[i].kind;
	/* "-|BASE32": from standard input, or one's own. */
	if (is_placeholder(item->value) || strncmp(item->value, "-|", 2) == 0)
		return COMPLETE_FREE;
	return COMPLETE_LITERAL;
}

/* The next word from *at on; false at the end. A word that does not fit is cut, and matches nothing. */
static bool next_word(const char **at, char out[static COMPLETE_WORD])
{
	const char *word = *at + strspn(*at, BREAKS);
	size_t len = strcspn(word, BREAKS);
	if (len == 0)
		return false;
	*at = word + len;
	size_t kept = len < COMPLETE_WORD ? len : COMPLETE_WORD - 1;
	memcpy(out, word, kept);
	out[kept] = '\0';
	return true;
}

/* An option's value follows it before a bracket closes: "[--strict] [--user USER]". */
static bool has_value(const char *at)
{
	at += strspn(at, " \n(");
	return *at != '\0' && strchr("[])|", *at) == NULL && strncmp(at, "--", 2) != 0;
}

bool complete_next(const char **at, struct complete_item *ret)
{
	struct complete_item item = {.kind = COMPLETE_FREE};
	char word[COMPLETE_WORD];
	do {
		if (!next_word(at, word))
			return false;
	} while (strcmp(word, "|") == 0 || strcmp(word, "...") == 0);

	if (strncmp(word, "--", 2) == 0) {
		strcpy(item.option, word + 2);
		if (has_value(*at) && next_word(at, word))
			strcpy(item.value, word);
	} else {
		strcpy(item.value, word);
	}
	size_t len = strlen(item.value);
	item.repeats = len > 3 && strcmp(item.value + len - 3, "...") == 0;
	if (item.repeats)
		item.value[len - 3] = '\0';
	item.kind = kind_of(&item);
	*ret = item;
	return true;
}

bool complete_option(const char *usage, const char *name, size_t len, struct complete_item *ret)
{
	struct complete_item item;
	while (complete_next(&usage, &item))
		if (item.option[0] != '\0' && strlen(item.option) == len &&
		    strncmp(item.option, name, len) == 0) {
			*ret = item;
			return true;
		}
	return false;
}
