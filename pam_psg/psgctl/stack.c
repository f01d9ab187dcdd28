/* Reads pam.d files: continuations, comments, brackets, includes. */
#include "stack.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VENDOR_DIRECTORY "/usr/lib/pam.d"
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
	unsigned int depth;
	bool substack;
};

static enum psg_err read_file(struct reading *reading, const struct place *place);

static void line_clear(struct stack_line *line)
{
	free(line->control);
	free(line->module);
	free(line->file);
	psg_strings_clear(&line->args);
}

void stack_clear(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		line_clear(&stack->items[i]);
	free(stack->items);
	psg_strings_clear(&stack->problems);
	*stack = (struct stack){0};
}

const char *stack_type_name(enum stack_type type)
{
	return type < STACK_TYPES ? type_names[type] : "?";
}

/* One word from *at into `out`, as _pam_StrTok does; false at the end. A word keeps its opening
 * bracket here so that "[" can be told from a plain word. */
static bool next_word(const char **at, char *out)
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
	while (next_word(&text, word)) {
		enum psg_err err = psg_strings_add(&words, word);

		if (err)
			return err;
	}
	*ret = words;
	words = (struct psg_strings){0};
	return PSG_OK;
}

static enum psg_err problem(struct reading *reading, const struct place *place, unsigned int line,
			    const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%s:%u: %s", place->file, line, what);
	return psg_strings_add(&reading->stack->problems, text);
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

static enum psg_err module_line(struct reading *reading, const struct place *place,
				unsigned int number, const char *text, struct stack_line line)
{
	char *word PSG_CLEANUP(psg_free_bytes) = malloc(strlen(text) + 1);
	bool bracketed = text[strspn(text, BLANKS)] == '[';

	if (!word)
		return PSG_ERR_NO_MEMORY;
	if (!next_word(&text, word))
		return problem(reading, place, number, "a line without a control");
	bool substack = !strcasecmp(word, "substack");

	if (!bracketed && (substack || !strcasecmp(word, "include"))) {
		if (!next_word(&text, word))
			return problem(reading, place, number, "an include of nothing");
		struct place inner = {word, line.type, place->depth + 1,
				      place->substack || substack};

		return read_file(reading, &inner);
	}
	line.control = control_text(word, bracketed);
	if (!next_word(&text, word)) {
		free(line.control);
		return problem(reading, place, number, "a line without a module");
	}
	line.module = strdup(word);
	line.file = strdup(place->file);
	line.line = number;
	line.depth = place->depth;
	line.substack = place->substack;
	enum psg_err err = line.control && line.module && line.file ? stack_words(text, &line.args)
								    : PSG_ERR_NO_MEMORY;

	if (!err)
		err = add_line(reading, &line);
	if (err)
		line_clear(&line);
	return err;
}

static enum psg_err logical_line(struct reading *reading, const struct place *place,
				 unsigned int number, const char *text)
{
	char *word PSG_CLEANUP(psg_free_bytes) = malloc(strlen(text) + 1);
	struct stack_line line = {0};

	if (!word)
		return PSG_ERR_NO_MEMORY;
	if (!next_word(&text, word))
		return PSG_OK;
	if (!strcasecmp(word, "@include")) {
		if (!next_word(&text, word))
			return problem(reading, place, number, "an include of nothing");
		struct place inner = {word, place->only, place->depth + 1, place->substack};

		return read_file(reading, &inner);
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

static enum psg_err open_one(const char *directory, const char *name, FILE **ret)
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
	*ret = file;
	return PSG_OK;
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* Strips a comment; true when the line goes on in the next one. libpam's rules: a '#' anywhere begins a
 * comment, and a line cut by one is not continued. */
static bool cut(char *text)
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
		bool more = cut(text);

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

static enum psg_err read_file(struct reading *reading, const struct place *place)
{
	FILE *file PSG_CLEANUP(close_file) = NULL;
	const char *first = reading->directory ? reading->directory : STACK_DIRECTORY;

	if (place->depth > DEPTH_MAX || ++reading->files > FILES_MAX)
		return problem(reading, place, 0, "included too deep; does it include itself?");
	enum psg_err err = open_one(first, place->file, &file);

	if (err == PSG_ERR_NOT_FOUND && !reading->directory)
		err = open_one(VENDOR_DIRECTORY, place->file, &file);
	if (err && place->depth > 0 && err != PSG_ERR_NO_MEMORY)
		return problem(reading, place, 0, "included, and cannot be read");
	return err ? err : read_lines(reading, place, file);
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
	enum psg_err err = read_file(&reading, &(struct place){name, ANY_TYPE, 0, false});

	stack.from_other = err == PSG_ERR_NOT_FOUND;
	if (err && !stack.from_other)
		return err;
	for (enum stack_type type = 0; type < STACK_TYPES; type++) {
		if (has_type(&stack, type))
			continue;
		err = read_file(&reading, &(struct place){"other", type, 0, false});
		if (err && (err != PSG_ERR_NOT_FOUND || stack.from_other))
			return err;
	}
	*ret = stack;
	stack = (struct stack){0};
	return PSG_OK;
}

const struct stack_line *stack_next_psg(const struct stack *stack, enum stack_type type, size_t *at)
{
	while (*at < stack->count) {
		const struct stack_line *line = &stack->items[(*at)++];
		const char *slash = strrchr(line->module, '/');

		if (line->type == type && !strcmp(slash ? slash + 1 : line->module, "pam_psg.so"))
			return line;
	}
	return NULL;
}
