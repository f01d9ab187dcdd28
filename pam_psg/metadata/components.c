/* What became of each component: the list that a deployment reports. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

enum psg_err psg_plan_add_component(struct psg_plan *plan, const char *type, const char *name,
				    const char *file, enum psg_change change)
{
	struct psg_component *component =
	    psg_array_add(&plan->out.components, &plan->out.component_count, sizeof(*component));

	if (!component)
		return PSG_ERR_NO_MEMORY;
	*component = (struct psg_component){
	    .type = strdup(type), .name = strdup(name), .file = strdup(file), .change = change};
	plan->out.changed |= change != PSG_CHANGE_UNCHANGED;
	return component->type && component->name && component->file ? PSG_OK : PSG_ERR_NO_MEMORY;
}

static int compare_components(const void *a, const void *b)
{
	const struct psg_component *x = a, *y = b;
	int order = strcmp(x->type, y->type);

	return order ? order : strcmp(x->name, y->name);
}

void psg_plan_sort_components(struct psg_deployment *out)
{
	if (out->component_count > 1)
		qsort(out->components, out->component_count, sizeof(*out->components),
		      compare_components);
}

struct psg_component *psg_plan_find_component(const struct psg_plan *plan, size_t count,
					      const char *type, const char *name)
{
	const struct psg_component key = {.type = (char *)(uintptr_t)type,
					  .name = (char *)(uintptr_t)name};

	return count > 0
		   ? bsearch(&key, plan->out.components, count, sizeof(key), compare_components)
		   : NULL;
}
