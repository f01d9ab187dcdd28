/* The module's arguments: the first part is the service, each other one an argument. What is accepted means the same in
 * any order and again when it is written out; what must be known before anything may fail is known either way. */
#include "fuzz.h"

#include <stdio.h>

#include "psg/args.h"
#include "psg/store.h"

#define ARGS_MAX 40

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same(const struct psg_args *a, const struct psg_args *b)
{
	return same_text(a->store, b->store) && same_text(a->key, b->key) &&
	       same_text(a->prompt, b->prompt) && a->demand.kind == b->demand.kind &&
	       strcmp(a->demand.name, b->demand.name) == 0 &&
	       a->subject_caller == b->subject_caller && a->after_publickey == b->after_publickey &&
	       a->even_root == b->even_root && a->unassigned_ok == b->unassigned_ok &&
	       a->permissive == b->permissive && a->choose == b->choose &&
	       a->conceal == b->conceal && a->noprompt == b->noprompt && a->echo == b->echo &&
	       a->quiet == b->quiet && a->debug == b->debug && a->enroll == b->enroll;
}

static void put(char *words[ARGS_MAX], int *count, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (asprintf(&words[*count], "%s%s", name, value) < 0)
		abort();
	(*count)++;
}

/* The arguments that say all that `args` says. */
static int write_out(const struct psg_args *args, char *words[ARGS_MAX])
{
	static const char *const demands[] = {"application=", "permission=", "group="};
	const struct {
		const char *name;
		bool set;
	} flags[] = {{"even_root", args->even_root},
		     {"unassigned_ok", args->unassigned_ok},
		     {"permissive", args->permissive},
		     {"choose", args->choose},
		     {"conceal", args->conceal},
		     {"noprompt", args->noprompt},
		     {"echo", args->echo},
		     {"quiet", args->quiet},
		     {"debug", args->debug},
		     {"enroll", args->enroll}};
	int count = 0;

	put(words, &count, "store=", args->store);
	put(words, &count, "key=", args->key);
	put(words, &count, "prompt=", args->prompt);
	put(words, &count, demands[args->demand.kind], args->demand.name);
	put(words, &count, "subject=", args->subject_caller ? "caller" : "user");
	put(words, &count, "after=", args->after_publickey ? "publickey" : NULL);
	for (size_t i = 0; i < PSG_COUNT(flags); i++)
		put(words, &count, flags[i].name, flags[i].set ? "" : NULL);
	return count;
}

static bool has(const char **words, int count, const char *word)
{
	while (count > 0)
		if (strcmp(words[--count], word) == 0)
			return true;
	return false;
}

static void check_accepted(const struct psg_args *args, int count, const char **words,
			   const char *service)
{
	const char *backwards[ARGS_MAX];
	char *written[ARGS_MAX] = {NULL};
	struct psg_args again;
	int lines;

	expect(args->store[0] == '/' && (!args->key || args->key[0] == '/'));
	expect(args->demand.name[0] != '\0' && psg_text_is_plain(args->prompt, SIZE_MAX) &&
	       psg_text_is_plain(args->demand.name, SIZE_MAX));
	for (int i = 0; i < count; i++)
		backwards[i] = words[count - 1 - i];
	expect(psg_args_parse(count, backwards, service, &again, NULL) == PSG_OK &&
	       same(args, &again));
	lines = write_out(args, written);
	for (int i = 0; i < lines; i++)
		backwards[i] = written[i];
	expect(psg_args_parse(lines, backwards, "other", &again, NULL) == PSG_OK &&
	       same(args, &again));
	/* And nothing that was not understood. */
	for (int i = 0; i < count; i++)
		expect(has(backwards, lines, words[i]));
	while (lines > 0)
		free(written[--lines]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	const char *words[ARGS_MAX];
	char *owned[ARGS_MAX + 1];
	struct psg_args args, first;
	const char *bad = NULL;
	size_t len;
	int count = 0, all = 0;
	char *service = fuzz_part(&input, &len);

	if (!service)
		return 0;
	owned[all++] = service;
	while (input.left > 0 && count < ARGS_MAX - 16 && (owned[all] = fuzz_part(&input, &len)))
		words[count++] = owned[all++];
	if (strcmp(service, "-") == 0)
		service = NULL;
	psg_args_first(count, words, service, &first);
	if (psg_args_parse(count, words, service, &args, &bad) == PSG_OK)
		check_accepted(&args, count, words, service);
	else
		expect(bad != NULL);
	expect(args.even_root == first.even_root && args.enroll == first.enroll &&
	       args.subject_caller == first.subject_caller &&
	       args.after_publickey == first.after_publickey);
	while (all > 0)
		free(owned[--all]);
	return 0;
}
