/* Where the files of a package are, for who is to open them. */
#include <stdlib.h>
#include <string.h>

#include "deploy.h"

static bool prefix(char **file, const char *root)
{
	struct psg_buf whole PSG_CLEANUP(psg_buf_clear) = {0};
	char *copy;
	psg_buf_format(&whole, "%s%s", root, *file);
	copy = whole.failed ? NULL : strdup(whole.data);
	if (copy == NULL)
		return false;
	free(*file);
	*file = copy;
	return true;
}

enum psg_err ctl_deploy_name_files(struct ctl_deploy_run *run)
{
	struct psg_deployment *deployment = &run->deployment;
	const char *root = psg_source_root(run->source);
	bool good = true;
	for (size_t i = 0; i < deployment->problems.count && good; i++) {
		char **file = &deployment->problems.items[i].file;
		/* Else it is of the package as a whole, or of what was deployed earlier. */
		if (**file != '\0')
			good = prefix(file, root);
	}
	for (size_t i = 0; i < deployment->component_count && good; i++)
		good = prefix(&deployment->components[i].file, root);
	for (size_t i = 0; i < run->manifests.count && good; i++)
		good = prefix(&run->manifests.items[i], root);
	return good ? PSG_OK : PSG_ERR_NO_MEMORY;
}
