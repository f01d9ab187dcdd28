/* psgctl retrieve: what is deployed, as a package again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy.h"

struct retrieve {
	const char *manifest, *output;
	bool all, force;
	struct psg_strings documents; /* "TYPE/NAME", sorted */
	struct psg_strings strangers;
	struct psg_problems problems;
};

static void retrieve_clear(struct retrieve *run)
{
	psg_strings_clear(&run->documents);
	psg_strings_clear(&run->strangers);
	psg_problems_clear(&run->problems);
}

static bool parse(struct ctl *ctl, struct retrieve *run)
{
	const struct ctl_option options[] = {{"manifest", true, &run->manifest, NULL},
					     {"all", false, NULL, &run->all},
					     {"output", true, &run->output, NULL},
					     {"force", false, NULL, &run->force},
					     {NULL, false, NULL, NULL}};
	if (!ctl_parse(ctl, options, NULL, 0, 0, NULL))
		return false;
	const char *mistake = NULL;
	if (run->manifest != NULL && run->all)
		mistake = "give --manifest FILE or --all, not both";
	else if (run->manifest == NULL && !run->all)
		mistake = "say what to retrieve: --manifest FILE, or --all";
	else if (run->output == NULL || run->output[0] == '\0')
		mistake = "say where to: --output DIR, or --output FILE.zip";
	if (mistake == NULL)
		return true;
	ctl_error(ctl, "%s", mistake);
	ctl_print_usage(ctl->command);
	return false;
}

/* A pipe will do, as from `<(git show ...)`. */
static enum psg_err read_file(const char *path, struct psg_buf *ret)
{
	int fd PSG_CLEANUP(psg_close_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char block[65536];
	ssize_t step = 1;
	if (fd < 0)
		return psg_err_from_errno(errno);
	/* One byte more than may be: psg_metadata says that it is too large. */
	while (step != 0 && ret->len <= PSG_XML_SIZE_MAX) {
		step = read(fd, block, sizeof(block));
		if (step < 0 && errno != EINTR)
			return psg_err_from_errno(errno);
		if (step > 0)
			psg_buf_put(ret, block, (size_t)step);
	}
	return ret->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

static enum ctl_exit select_documents(struct ctl *ctl, struct retrieve *run)
{
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_document manifest PSG_CLEANUP(psg_document_clear) = {0};
	if (run->manifest != NULL) {
		enum psg_err err = read_file(run->manifest, &bytes);
		if (err) {
			ctl_error(ctl,
				  "cannot read the manifest %s: %s; nothing was retrieved: name a "
				  "package.xml that root can read",
				  ctl_safe(run->manifest), psg_strerror(err));
			return err == PSG_ERR_NO_MEMORY ? CTL_STORE : CTL_INVALID;
		}
		manifest = (struct psg_document){.type = strdup(""),
						 .name = strdup(""),
						 .path = strdup(run->manifest),
						 .bytes = bytes.data,
						 .len = bytes.len};
		bytes = (struct psg_buf){0};
		if (manifest.path == NULL)
			return ctl_store_error(ctl, "cannot read the manifest", PSG_ERR_NO_MEMORY);
	}
	if (!ctl_open_policy(ctl))
		return CTL_STORE;
	enum psg_err err = psg_retrieve_select(
	    ctl->policy, run->manifest != NULL ? &manifest : NULL, &run->documents, &run->problems);
	return err ? ctl_store_error(ctl, "cannot read the policy", err) : CTL_DONE;
}

static enum ctl_exit output_error(const struct ctl *ctl, const char *where, enum psg_err err)
{
	const char *remedy = psg_remedy(err);
	if (err == PSG_ERR_EXISTS) {
		ctl_error(ctl,
			  "%s %s; name another, or --force to replace the files of the same names. "
			  "Nothing was written",
			  ctl_safe(where),
			  psg_retrieve_is_zip(where) ? "is there already" : "is not empty");
		return CTL_INVALID;
	}
	if (err == PSG_ERR_UNSAFE) {
		ctl_error(
		    ctl,
		    "cannot write %s: what should be a directory is none, or a symbolic link; "
		    "name a directory, or a zip as FILE.zip",
		    ctl_safe(where));
		return CTL_INVALID;
	}
	if (err == PSG_ERR_NOT_FOUND)
		remedy = "make the directory it is to be in first";
	ctl_error(ctl, "cannot write %s: %s: %s", ctl_safe(where), psg_strerror(err),
		  remedy != NULL ? remedy : "name another place with --output");
	return CTL_INVALID;
}

static enum ctl_exit write_output(struct ctl *ctl, struct retrieve *run)
{
	struct psg_buf where PSG_CLEANUP(psg_buf_clear) = {0};
	/* Nothing secret is in a package, and others are to read it: the umask is the caller's. */
	mode_t own = umask(ctl->umask);
	enum psg_err err =
	    psg_retrieve_write(ctl->policy, &run->documents, run->output, run->force, &where);
	umask(own);
	if (err && where.len > 0)
		return output_error(ctl, where.data, err);
	if (!err && !psg_retrieve_is_zip(run->output))
		err = psg_retrieve_strangers(ctl->policy, run->output, &run->strangers);
	return err ? ctl_store_error(ctl, "cannot retrieve", err) : CTL_DONE;
}

/* -- the outcome -- */

static json_t *json_file(const char *type, size_t type_len, const char *name, const char *file)
{
	return json_pack("{s:s%, s:o, s:o}", "type", type, type_len, "fullName",
			 ctl_json_text(name), "fileName", ctl_json_text(file));
}

static void append(json_t *array, json_t *item)
{
	if (json_array_append_new(array, item) != 0)
		ctl_output_failed();
}

static json_t *json_files(const struct retrieve *run)
{
	json_t *files = json_array();
	for (size_t i = 0; i < run->documents.count; i++) {
		struct psg_buf path PSG_CLEANUP(psg_buf_clear) = {0};
		const char *document = run->documents.items[i];
		size_t len = strcspn(document, "/");
		if (psg_retrieve_path(document, &path) != PSG_OK)
			ctl_output_failed();
		append(files, json_file(document, len, document + len + 1, path.data));
	}
	append(files, json_file("Package", strlen("Package"), "package.xml", "package.xml"));
	return files;
}

static json_t *json_number(int number)
{
	return number > 0 ? json_integer(number) : json_null();
}

static json_t *json_messages(const struct psg_problems *problems)
{
	json_t *messages = json_array();
	for (size_t i = 0; i < problems->count; i++) {
		const struct psg_problem *problem = &problems->items[i];
		append(messages, json_pack("{s:o, s:o, s:s, s:o, s:o}", "fileName",
					   ctl_json_text(problem->file), "problem",
					   ctl_json_text(problem->text), "problemType",
					   problem->warning ? "Warning" : "Error", "lineNumber",
					   json_number(problem->line), "columnNumber",
					   json_number(problem->column)));
	}
	return messages;
}

/* Salesforce's RetrieveResult, with the place instead of the zip itself. */
static enum ctl_exit report_json(const struct retrieve *run, bool success)
{
	return ctl_print_json(json_pack("{s:b, s:b, s:s, s:o, s:o, s:o, s:o}", "done", 1, "success",
					success, "status", success ? "Succeeded" : "Failed",
					"fileProperties", success ? json_files(run) : json_array(),
					"messages", json_messages(&run->problems), "output",
					success ? ctl_json_text(run->output) : json_null(),
					"notInPolicy", ctl_json_strings(&run->strangers)));
}

static void say_strangers(const struct ctl *ctl, const struct retrieve *run)
{
	for (size_t i = 0; i < run->strangers.count; i++) {
		const char *path = run->strangers.items[i], *output = run->output;
		bool component = strchr(path, '/') != NULL;
		ctl_note(
		    ctl, "%s/%s %s", ctl_safe(output), ctl_safe(path),
		    component
			? "is not in the policy: delete it, for package.xml no longer names it"
			: "was left: a deployment carries it out; delete it if that is not meant");
	}
}

static enum ctl_exit report(const struct ctl *ctl, const struct retrieve *run)
{
	size_t count = run->documents.count;
	say_strangers(ctl, run);
	if (count >= PSG_PACKAGE_FILES_MAX)
		ctl_warn(ctl,
			 "a package may have %u files to be deployed: retrieve it in parts, with "
			 "--manifest",
			 PSG_PACKAGE_FILES_MAX);
	if (ctl->json)
		return report_json(run, true);
	if (ctl->quiet)
		return CTL_DONE;
	for (size_t i = 0; i < count; i++) {
		const char *document = run->documents.items[i];
		int len = (int)strcspn(document, "/");
		printf("retrieved  %.*s %s\n", len, document, ctl_safe(document + len + 1));
	}
	printf("Retrieved %zu component%s into %s.\n", count, count == 1 ? "" : "s",
	       ctl_safe(run->output));
	return CTL_DONE;
}

enum ctl_exit ctl_retrieve(struct ctl *ctl)
{
	struct retrieve run PSG_CLEANUP(retrieve_clear) = {0};
	if (!parse(ctl, &run))
		return CTL_USAGE;
	enum ctl_exit status = select_documents(ctl, &run);
	if (status != CTL_DONE)
		return status;
	ctl_print_problems(ctl, NULL, &run.problems);
	if (run.problems.error_count > 0) {
		ctl_error(ctl, "%zu error%s in the manifest: nothing was retrieved",
			  run.problems.error_count, run.problems.error_count == 1 ? "" : "s");
		if (ctl->json)
			(void)report_json(&run, false);
		return CTL_INVALID;
	}
	status = write_output(ctl, &run);
	return status == CTL_DONE ? report(ctl, &run) : status;
}
