/* `psgctl complete WORD...`: the words after `psgctl` on a line that is being typed, the last of them unfinished. A
 * line each of what it can become; or `:files` or `:directories`, which the shell finds. */
#include "complete.h"

#include <stdio.h>
#include <string.h>

static const char everywhere[] = "[--store DIR] [--key FILE] [--json] [--quiet] "
				 "[--color auto|always|never] [--help]";
static const char before[] = "[--version] COMMAND";
static const char of_help[] = "help [COMMAND]";

/* The line as far as it is read. */
struct line {
	struct ctl *ctl;
	const struct ctl_command *commands;
	size_t command_count;
	const char
	    *usage; /* of the command, past its name; that of psgctl itself before there is one */
	bool has_command;
	const char *operands[8];
	size_t operand_count;
	const char *user;            /* --user */
	bool ended;                  /* by -- */
	struct complete_item option; /* whose value comes next */
	bool awaits_value;
	struct psg_strings *out;
};

static void enter_command(struct line *line, const char *name)
{
	line->has_command = true;
	line->usage = "";
	if (strcmp(name, "help") == 0)
		line->usage = of_help + strlen(name);
	for (size_t i = 0; i < line->command_count; i++)
		if (strcmp(line->commands[i].name, name) == 0)
			line->usage = line->commands[i].usage + strlen(name);
}

static bool find_option(const struct line *line, const char *name, size_t len,
			struct complete_item *ret)
{
	return complete_option(line->usage, name, len, ret) ||
	       complete_option(everywhere, name, len, ret);
}

static void take_value(struct line *line, const struct complete_item *option, const char *value)
{
	if (strcmp(option->option, "user") == 0)
		line->user = value;
	if (strcmp(option->option, "store") == 0)
		line->ctl->store_path = value;
	if (strcmp(option->option, "key") == 0)
		line->ctl->key_path = value;
}

static void take_option(struct line *line, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	struct complete_item option;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	if (strncmp(word, "--", 2) != 0 || !find_option(line, name, len, &option) ||
	    option.value[0] == '\0')
		return;
	if (equals != NULL) {
		take_value(line, &option, equals + 1);
		return;
	}
	line->option = option;
	line->awaits_value = true;
}

static void take(struct line *line, const char *word)
{
	if (line->awaits_value) {
		line->awaits_value = false;
		take_value(line, &line->option, word);
	} else if (!line->ended && strcmp(word, "--") == 0) {
		line->ended = true;
	} else if (!line->ended && word[0] == '-' && word[1] != '\0') {
		take_option(line, word);
	} else if (!line->has_command) {
		enter_command(line, word);
	} else if (line->operand_count < PSG_COUNT(line->operands)) {
		line->operands[line->operand_count++] = word;
	}
}

/* `before` is what stands already of the word, such as "--algorithm=". */
static void offer(const struct line *line, const char *begun, const char *name, const char *prefix)
{
	char whole[COMPLETE_WORD + PSG_ACTIVATION_ID_SIZE];
	if (strncmp(name, prefix, strlen(prefix)) == 0 &&
	    snprintf(whole, sizeof(whole), "%s%s", begun, name) < (int)sizeof(whole))
		complete_add(line->out, whole, "");
}

static void offer_literals(const struct line *line, const char *value, const char *begun,
			   const char *prefix)
{
	char copy[COMPLETE_WORD], *rest = NULL;
	strcpy(copy, value);
	for (const char *one = strtok_r(copy, "|", &rest); one; one = strtok_r(NULL, "|", &rest))
		offer(line, begun, one, prefix);
}

static void offer_value(struct line *line, const struct complete_item *item, const char *begun,
			const char *prefix)
{
	struct psg_strings found PSG_CLEANUP(psg_strings_clear) = {0};
	enum complete_kind kind = item->kind;
	const char *user = line->user;

	/* An authenticator's id belongs to the user that the line names. */
	if (kind == COMPLETE_ACTIVATION && line->operand_count == 1) {
		kind = COMPLETE_AUTHENTICATOR;
		user = line->operands[0];
	}
	if (kind == COMPLETE_FILE || kind == COMPLETE_DIRECTORY) {
		(void)!psg_strings_add(line->out,
				       kind == COMPLETE_FILE ? ":files" : ":directories");
	} else if (kind == COMPLETE_LITERAL) {
		offer_literals(line, item->value, begun, prefix);
	} else if (kind == COMPLETE_COMMAND) {
		offer(line, begun, "help", prefix);
		for (size_t i = 0; i < line->command_count; i++)
			offer(line, begun, line->commands[i].name, prefix);
	} else if (kind != COMPLETE_FREE) {
		complete_collect(line->ctl, kind, prefix, user, &found);
		for (size_t i = 0; i < found.count; i++)
			offer(line, begun, found.items[i], prefix);
	}
}

static void offer_options(const struct line *line, const char *word)
{
	const char *usages[] = {line->usage, everywhere};
	struct complete_item item;
	for (size_t i = 0; i < PSG_COUNT(usages); i++)
		for (const char *at = usages[i]; complete_next(&at, &item);)
			if (item.option[0] != '\0')
				offer(line, "--", item.option, word + 2);
}

/* The operand that is due: each stands for one, and "GROUP..." for all that follow. */
static void offer_operand(struct line *line, const char *word)
{
	struct complete_item item;
	size_t at_operand = 0;
	for (const char *at = line->usage; complete_next(&at, &item);) {
		if (item.option[0] != '\0')
			continue;
		if (at_operand++ == line->operand_count ||
		    (item.repeats && at_operand <= line->operand_count)) {
			offer_value(line, &item, "", word);
			return;
		}
	}
}

static void offer_word(struct line *line, const char *word)
{
	const char *equals = strchr(word, '=');
	struct complete_item option;
	if (line->awaits_value) {
		offer_value(line, &line->option, "", word);
	} else if (!line->ended && strncmp(word, "--", 2) == 0 && equals != NULL) {
		char begun[COMPLETE_WORD] = "";
		if (find_option(line, word + 2, (size_t)(equals - word - 2), &option) &&
		    snprintf(begun, sizeof(begun), "%.*s", (int)(equals - word + 1), word) <
			(int)sizeof(begun))
			offer_value(line, &option, begun, equals + 1);
	} else if (!line->ended && word[0] == '-') {
		offer_options(line, word[1] == '-' ? word : "--");
	} else {
		offer_operand(line, word);
	}
}

enum ctl_exit ctl_complete(struct ctl *ctl, const struct ctl_command *commands, size_t count)
{
	struct psg_strings out PSG_CLEANUP(psg_strings_clear) = {0};
	struct line line = {
	    .ctl = ctl, .commands = commands, .command_count = count, .usage = before, .out = &out};
	int first = ctl->argc > 1 && strcmp(ctl->argv[1], "--") == 0 ? 2 : 1;

	if (first >= ctl->argc)
		return CTL_USAGE;
	for (int i = first; i < ctl->argc - 1; i++)
		take(&line, ctl->argv[i]);
	offer_word(&line, ctl->argv[ctl->argc - 1]);
	psg_strings_sort(&out);
	for (size_t i = 0; i < out.count; i++)
		if (i == 0 || strcmp(out.items[i], out.items[i - 1]) != 0)
			puts(out.items[i]);
	return CTL_DONE;
}
