/* What a service's stack asks of the gate: the arguments of its account line, or of what it has. */
#include <string.h>

#include "enforce.h"
#include "psg/args.h"
#include "stack.h"

static const struct stack_line *line_of(const struct stack *stack)
{
	static const enum stack_type order[] = {STACK_ACCOUNT, STACK_SESSION, STACK_AUTH};

	for (size_t i = 0; i < PSG_COUNT(order); i++) {
		size_t at = 0;
		const struct stack_line *line = stack_next_psg(stack, order[i], &at);

		if (line)
			return line;
	}
	return NULL;
}

enum psg_err enforce_service(void *arg, const char *service, struct psg_service *ret)
{
	struct stack stack PSG_CLEANUP(stack_clear) = {0};
	struct psg_args args;
	enum psg_err err = stack_read(NULL, service, &stack);

	(void)arg;
	if (err)
		return err;
	const struct stack_line *line = line_of(&stack);

	if (!line) {
		*ret = (struct psg_service){.gated = false};
		return PSG_OK;
	}
	const char **argv = (const char **)(void *)line->args.items;

	err = psg_args_parse((int)line->args.count, argv, service, &args, NULL);
	if (err)
		return err;
	*ret = (struct psg_service){.demand = args.demand,
				    .gated = true,
				    .even_root = args.even_root,
				    .unassigned_ok = args.unassigned_ok,
				    .permissive = args.permissive};
	return PSG_OK;
}
