/* Reads pam.d files: continuations, comments, brackets, includes. */
#include "stack.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 16   /* libpam's PAM_SUBSTACK_MAX_LEVEL */
#define FILES_MAX 1000 /* two files that include each other twice are 65,536 */
#define ANY_TYPE STACK_TYPES
#define BLANKS " \t\n"

static const char *const type_names[STACK_TYPES] = {"auth", "account", "password", "session"};

struct reading {
	const char *directory; /* NULL: the system's two */
	struct stack *stack;
	unsigned int files;
};

/* Where a file is included from. */
struct place {
	const char *file;
	enum stack_type only; /* or ANY_TYPE */
	unsigned int depth, level;
	const struct place *from; /* NULL: nothing includes it */
	unsigned int from_line;
	const char *path; /* once it is open */
};

static enum psg_err read_file(struct reading *reading, struct place place);

static void line_clear(struct stack_line *line)
{
	free(line->control);
	free(line->module);
	free(line->file);
	free(line->path);
	psg_strings_clear(&line->args);
}

static void problem_clear(struct stack_problem *problem)
{
	free(problem->file);
	free(problem->path);
	free(problem->what);
}

void stack_clear(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		line_clear(&stack->items[i]);
	free(stack->items);
	for (size_t i = 0; i < stack->problem_count; i++)
		problem_clear(&stack->problems[i]);
	free(stack->problems);
	psg_strings_clear(&stack->paths);
	*stack = (struct stack){0};
}

const char *stack_type_name(enum stack_type type)
{
	return type < STACK_TYPES ? type_names[type] : "?";
}

/* A loop meets the same line many times. */
static bool is_known(const struct stack *stack, const struct stack_problem *problem)
{
	for (size_t i = 0; i < stack->problem_count; i++)
		if (stack->problems[i].line == problem->line &&
		    !strcmp(stack->problems[i].path, problem->path) &&
		    !strcmp(stack->problems[i].what, problem->what))
			return true;
	return false;
}

PSG_PRINTF(4, 5)
static enum psg_err problem(struct reading *reading, const struct place *place, unsigned int line,
			    const char *format, ...)
{
	struct stack *stack = reading->stack;
	struct stack_problem made PSG_CLEANUP(problem_clear) = {strdup(place->file),
								strdup(place->path), NULL, line};
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&made.what, format, arguments) < 0)
		made.what = NULL;
	va_end(arguments);
	if (!made.file || !made.path || !made.what)
		return PSG_ERR_NO_MEMORY;
	if (is_known(stack, &made))
		return PSG_OK;
	struct stack_problem *grown =
	    reallocarray(stack->problems, stack->problem_count + 1, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	stack->problems = grown;
	grown[stack->problem_count++] = made;
	made = (struct stack_problem){0};
	return PSG_OK;
}

static enum psg_err add_line(struct reading *reading, const struct stack_line *line)
{
	struct stack *stack = reading->stack;
	struct stack_line *grown = reallocarray(stack->items, stack->count + 1, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	stack->items = grown;
	grown[stack->count++] = *line;
	return PSG_OK;
}

/* The control as it was written: libpam strips the brackets, people look for them. */
static char *control_text(const char *word, bool bracketed)
{
	char *text;

	return asprintf(&text, bracketed ? "[%s]" : "%s", word) < 0 ? NULL : text;
}

/* Owns the line, whatever `err` was before. */
static enum psg_err finish_line(struct reading *reading, const struct place *place,
				unsigned int number, struct stack_line line, enum psg_err err)
{
	line.file = strdup(place->file);
	line.path = strdup(place->path);
	line.line = number;
	line.depth = place->depth;
	line.level = place->level;
	if (!err)
		err = line.file && line.path ? add_line(reading, &line) : PSG_ERR_NO_MEMORY;
	if (err)
		line_clear(&line);
	return err;
}

/* libpam keeps the line itself too: a jump counts it and all that it includes as one. */
static enum psg_err add_substack(struct reading *reading, const struct place *place,
				 unsigned int number, struct stack_line line)
{
	line.begins_substack = true;
	line.control = strdup("substack");
	line.module = strdup("");
	return finish_line(reading, place, number, line,
			   line.control && line.module ? PSG_OK : PSG_ERR_NO_MEMORY);
}

static enum psg_err module_line(struct reading *reading, const struct place *place,
				unsigned int number, const char *text, struct stack_line line)
{
	char *word PSG_CLEANUP(psg_free_bytes) = malloc(strlen(text) + 1);
	bool bracketed = text[strspn(text, BLANKS)] == '[';

	if (!word)
		return PSG_ERR_NO_MEMORY;
	if (!stack_next_word(&text, word))
		return problem(reading, place, number, "a line without a control");
	bool substack = !strcasecmp(word, "substack");

	if (!bracketed && (substack || !strcasecmp(word, "include"))) {
		if (!stack_next_word(&text, word))
			return problem(reading, place, number, "an include of nothing");
		enum psg_err err = substack ? add_substack(reading, place, number, line) : PSG_OK;

		return err ? err
			   : read_file(reading, (struct place){word, line.type, place->depth + 1,
							       place->level + substack, place,
							       number, NULL});
	}
	line.control = control_text(word, bracketed);
	if (!stack_next_word(&text, word)) {
		free(line.control);
		return problem(reading, place, number, "a line without a module");
	}
	line.module = strdup(word);
	enum psg_err err =
	    line.control && line.module ? stack_words(text, &line.args) : PSG_ERR_NO_MEMORY;

	return finish_line(reading, place, number, line, err);
}

static enum psg_err logical_line(struct reading *reading, const struct place *place,
				 unsigned int number, const char *text)
{
	char *word PSG_CLEANUP(psg_free_bytes) = malloc(strlen(text) + 1);
	struct stack_line line = {0};

	if (!word)
		return PSG_ERR_NO_MEMORY;
	if (!stack_next_word(&text, word))
		return PSG_OK;
	if (!strcasecmp(word, "@include")) {
		if (!stack_next_word(&text, word))
			return problem(reading, place, number, "an include of nothing");

		return read_file(reading, (struct place){word, place->only, place->depth + 1,
							 place->level, place, number, NULL});
	}
	line.may_be_missing = word[0] == '-';
	line.type = 0;
	while (line.type < STACK_TYPES &&
	       strcasecmp(word + line.may_be_missing, type_names[line.type]))
		line.type++;
	if (line.type == STACK_TYPES)
		return problem(reading, place, number, "not a type libpam knows");
	if (place->only != ANY_TYPE && place->only != line.type)
		return PSG_OK;
	return module_line(reading, place, number, text, line);
}

static enum psg_err open_one(const char *directory, const char *name, char **ret_path, FILE **ret)
{
	char *path PSG_CLEANUP(psg_free_bytes) = NULL;
	int made =
	    *name == '/' ? asprintf(&path, "%s", name) : asprintf(&path, "%s/%s", directory, name);

	if (made < 0) {
		path = NULL;
		return PSG_ERR_NO_MEMORY;
	}
	FILE *file = fopen(path, "re");

	if (!file)
		return psg_err_from_errno(errno);
	*ret_path = path;
	path = NULL;
	*ret = file;
	return PSG_OK;
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static enum psg_err append(char **whole, const char *more)
{
	char *grown;

	if (asprintf(&grown, "%s%s", *whole ? *whole : "", more) < 0)
		return PSG_ERR_NO_MEMORY;
	free(*whole);
	*whole = grown;
	return PSG_OK;
}

static enum psg_err read_lines(struct reading *reading, const struct place *place, FILE *file)
{
	char *text PSG_CLEANUP(psg_free_bytes) = NULL, *whole PSG_CLEANUP(psg_free_bytes) = NULL;
	size_t size = 0;
	unsigned int number = 0, first = 1;
	enum psg_err err = PSG_OK;

	while (!err && getline(&text, &size, file) >= 0) {
		char start = text[strspn(text, BLANKS)];

		number++;
		/* Blank lines and comments do not end a continuation. */
		if (start == '\0' || start == '#')
			continue;
		if (!whole)
			first = number;
		bool more = stack_cut_line(text);

		err = append(&whole, text);
		if (err || more)
			continue;
		err = logical_line(reading, place, first, whole);
		free(whole);
		whole = NULL;
	}
	if (!err && whole)
		err = problem(reading, place, first, "the last line is continued to nowhere");
	return !err && ferror(file) ? PSG_ERR_IO : err;
}

static enum psg_err read_file(struct reading *reading, struct place place)
{
	FILE *file PSG_CLEANUP(close_file) = NULL;
	char *path PSG_CLEANUP(psg_free_bytes) = NULL;
	const char *first = reading->directory ? reading->directory : STACK_DIRECTORY;

	if (place.depth > DEPTH_MAX || ++reading->files > FILES_MAX)
		return problem(reading, place.from, place.from_line,
			       "it includes %s too deep; does that include itself?", place.file);
	enum psg_err err = open_one(first, place.file, &path, &file);

	if (err == PSG_ERR_NOT_FOUND && !reading->directory)
		err = open_one(STACK_VENDOR_DIRECTORY, place.file, &path, &file);
	if (err && place.from && err != PSG_ERR_NO_MEMORY)
		return problem(reading, place.from, place.from_line,
			       "it includes %s, which cannot be read", place.file);
	if (!err)
		err = psg_strings_add(&reading->stack->paths, path);
	place.path = path;
	return err ? err : read_lines(reading, &place, file);
}

static bool has_type(const struct stack *stack, enum stack_type type)
{
	for (size_t i = 0; i < stack->count; i++)
		if (stack->items[i].type == type)
			return true;
	return false;
}

enum psg_err stack_read(const char *directory, const char *service, struct stack *ret)
{
	struct stack stack PSG_CLEANUP(stack_clear) = {0};
	struct reading reading = {directory, &stack, 0};
	char *name PSG_CLEANUP(psg_free_bytes) = strdup(service);

	if (!name)
		return PSG_ERR_NO_MEMORY;
	if (!*name || *name == '.' || strchr(name, '/'))
		return PSG_ERR_INVALID;
	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	enum psg_err err = read_file(&reading, (struct place){.file = name, .only = ANY_TYPE});

	stack.from_other = err == PSG_ERR_NOT_FOUND;
	if (err && !stack.from_other)
		return err;
	for (enum stack_type type = 0; type < STACK_TYPES; type++) {
		if (has_type(&stack, type))
			continue;
		reading.files = 0;
		err = read_file(&reading, (struct place){.file = "other", .only = type});
		if (err && (err != PSG_ERR_NOT_FOUND || stack.from_other))
			return err;
	}
	psg_strings_sort(&stack.paths);
	*ret = stack;
	stack = (struct stack){0};
	return PSG_OK;
}

bool stack_calls_psg(const struct stack_line *line)
{
	const char *slash = strrchr(line->module, '/');

	return !strcmp(slash ? slash + 1 : line->module, "pam_psg.so");
}

const struct stack_line *stack_next_psg(const struct stack *stack, enum stack_type type, size_t *at)
{
	while (*at < stack->count) {
		const struct stack_line *line = &stack->items[(*at)++];

		if (line->type == type && stack_calls_psg(line))
			return line;
	}
	return NULL;
}
