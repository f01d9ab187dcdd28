/* Command-line options: global ones anywhere, a command's own by its table, mixed with operands. */
#include "psgctl.h"

#include <stdio.h>
#include <string.h>

/* One argument list being walked. */
struct walk {
	struct ctl *ctl;
	const struct ctl_option *own;
	int argc, at;
	char **argv;
};

void ctl_print_usage(const struct ctl_command *command)
{
	if (command != NULL)
		fprintf(stderr, "Usage: psgctl %s\n", command->usage);
	else
		fputs("Usage: psgctl [--store DIR] [--key FILE] [--json] [--quiet] "
		      "[--color WHEN]\n"
		      "              COMMAND [ARGUMENT ...]\n"
		      "`psgctl help` lists the commands.\n",
		      stderr);
}

void ctl_print_help(const struct ctl_command *command)
{
	printf("Usage: psgctl %s\n\n%s.\n", command->usage, command->summary);
	if (command->details != NULL)
		printf("\n%s", command->details);
	fputs("\nAlso --store DIR, --key FILE, --json, --quiet, --color WHEN, --help.\n", stdout);
}

static const struct ctl_option *find(const struct ctl_option *table, const char *name, size_t len)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

static bool unknown(const struct walk *walk, const struct ctl_option *global, const char *argument)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	const char *equals = strchr(argument, '=');
	char given[64], name[64];
	snprintf(given, sizeof(given), "%.*s",
		 equals != NULL ? (int)(equals - argument) : (int)sizeof(given), argument);
	const struct ctl_option *const tables[] = {walk->own, global};
	for (size_t i = 0; i < PSG_COUNT(tables); i++)
		for (const struct ctl_option *at = tables[i]; at != NULL && at->name != NULL;
		     at++) {
			snprintf(name, sizeof(name), "--%s", at->name);
			if (psg_strings_add(&names, name) != PSG_OK)
				return false;
		}
	const char *near = strlen(given) > 3 ? ctl_suggest(given, &names) : NULL;
	if (near != NULL)
		ctl_error(walk->ctl, "unknown option: %s; did you mean %s?", ctl_safe(argument),
			  near);
	else
		ctl_error(walk->ctl, "unknown option: %s", ctl_safe(argument));
	ctl_print_usage(walk->ctl->command);
	return false;
}

static bool mistake(const struct walk *walk, const char *problem, const char *argument)
{
	ctl_error(walk->ctl, "%s: %s", problem, ctl_safe(argument));
	ctl_print_usage(walk->ctl->command);
	return false;
}

/* Takes the option at walk->at, and its value from the same or the next argument. */
static bool take(struct walk *walk, const struct ctl_option *global)
{
	const char *argument = walk->argv[walk->at];
	if (strcmp(argument, "-h") == 0)
		argument = "--help";
	if (argument[1] != '-')
		return unknown(walk, global, argument);

	const char *name = argument + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const struct ctl_option *option = find(walk->own, name, len);
	if (option == NULL)
		option = find(global, name, len);
	if (option == NULL)
		return unknown(walk, global, argument);

	if (!option->takes_value) {
		if (equals != NULL)
			return mistake(walk, "this option takes no value", argument);
		*option->flag = true;
		return true;
	}
	if (equals == NULL && walk->at + 1 >= walk->argc)
		return mistake(walk, "this option needs a value", argument);
	const char **value = option->value;
	if (option->flag != NULL) {
		*option->flag = true;
		while (*value != NULL)
			value++;
		if (value == option->value + CTL_REPEATS)
			return mistake(walk, "this option is given too often", argument);
	}
	*value = equals != NULL ? equals + 1 : walk->argv[++walk->at];
	return true;
}

static bool is_option(const char *argument)
{
	return argument[0] == '-' && argument[1] != '\0'; /* "-" alone is an operand: stdin */
}

static bool globals_given(const struct walk *walk)
{
	if (walk->ctl->color != NULL && !ctl_colour_when(walk->ctl->color))
		return mistake(walk, "--color takes auto, always or never, not", walk->ctl->color);
	if (walk->ctl->store_path[0] == '\0')
		return mistake(walk, "this option needs a directory", "--store");
	if (walk->ctl->key_path != NULL && walk->ctl->key_path[0] == '\0')
		return mistake(walk, "this option needs a file", "--key");
	return true;
}

#define GLOBAL(ctl)                                                                                \
	{"store", true, &(ctl)->store_path, NULL}, {"key", true, &(ctl)->key_path, NULL},          \
	    {"color", true, &(ctl)->color, NULL}, {"json", false, NULL, &(ctl)->json},             \
	    {"quiet", false, NULL, &(ctl)->quiet},                                                 \
	{                                                                                          \
		"help", false, NULL, &(ctl)->helped                                                \
	}

bool ctl_parse_global(struct ctl *ctl, int argc, char **argv, int *ret_first, bool *ret_version)
{
	bool version = false;
	const struct ctl_option global[] = {
	    GLOBAL(ctl), {"version", false, NULL, &version}, {NULL, false, NULL, NULL}};
	struct walk walk = {.ctl = ctl, .argc = argc, .argv = argv, .at = 1};
	for (; walk.at < argc && is_option(argv[walk.at]); walk.at++) {
		if (strcmp(argv[walk.at], "--") == 0) {
			walk.at++;
			break;
		}
		if (!take(&walk, global))
			return false;
	}
	if (!globals_given(&walk))
		return false;
	*ret_first = walk.at;
	*ret_version = version;
	return true;
}

bool ctl_parse(struct ctl *ctl, const struct ctl_option *options, const char **operands,
	       size_t least, size_t most, size_t *ret_count)
{
	const struct ctl_option global[] = {GLOBAL(ctl), {NULL, false, NULL, NULL}};
	struct walk walk = {
	    .ctl = ctl, .own = options, .argc = ctl->argc, .argv = ctl->argv, .at = 1};
	size_t count = 0;
	bool ended = false;
	for (size_t i = 0; i < most; i++)
		operands[i] = NULL;

	for (; walk.at < walk.argc; walk.at++) {
		const char *argument = walk.argv[walk.at];
		if (!ended && strcmp(argument, "--") == 0) {
			ended = true;
		} else if (!ended && is_option(argument)) {
			if (!take(&walk, global))
				return false;
		} else if (count >= most) {
			return mistake(&walk, "one argument too many", argument);
		} else {
			operands[count++] = argument;
		}
	}
	if (ctl->helped) {
		return false; /* answered by main, which knows whether JSON is wanted */
	}
	if (count < least) {
		ctl_error(ctl, "%s needs %s", ctl->argv[0],
			  least == 1 ? "an argument" : "more arguments");
		ctl_print_usage(ctl->command);
		return false;
	}
	if (!globals_given(&walk))
		return false;
	if (ret_count != NULL)
		*ret_count = count;
	return true;
}
