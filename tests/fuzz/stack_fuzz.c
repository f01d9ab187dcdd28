/* pam.d files as psgctl reads and judges them: the first part is the service's own file, the next ones are `other`,
 * `common` and `more`, which it may include. Words are cut the same however often; each line says where it stands; what
 * doctor finds names a file that was read; and what calls the gate for account is either found wanting or lets no one by
 * whom the gate refuses. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../pam_psg/psgctl/doctor.h"

#define LINES_MAX 100

static const char *const names[] = {"door", "other", "common", "more"};
static char folder[64];

static void forget(void)
{
	char path[96];

	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

static void make_folder(void)
{
	if (*folder)
		return;
	snprintf(folder, sizeof(folder), "/dev/shm/psg-stack-fuzz-XXXXXX");
	expect(mkdtemp(folder) != NULL);
	(void)atexit(forget);
}

/* NULL: no such file. */
static void put_file(const char *name, const char *bytes, size_t len)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!bytes) {
		(void)unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	expect(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

/* Outside the folder an include would read the host's files, and hang on a pipe. */
static bool leads_out(const char *bytes, size_t len)
{
	return memchr(bytes, '/', len) != NULL;
}

static void check_words(const char *text)
{
	struct psg_strings words PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings again PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf joined PSG_CLEANUP(psg_buf_clear) = {0};

	expect(stack_words(text, &words) == PSG_OK);
	for (size_t i = 0; i < words.count; i++) {
		psg_buf_text(&joined, "[");
		for (const char *at = words.items[i]; *at; at++) {
			if (*at == ']')
				psg_buf_text(&joined, "\\");
			psg_buf_put(&joined, at, 1);
		}
		psg_buf_text(&joined, "] ");
	}
	expect(!joined.failed && stack_words(joined.data ? joined.data : "", &again) == PSG_OK);
	/* A backslash before a bracket is the bracket: such a word cannot be written. */
	if (strchr(text, '\\'))
		return;
	expect(words.count == again.count);
	for (size_t i = 0; i < words.count; i++)
		expect(strcmp(words.items[i], again.items[i]) == 0);
}

static void check_stack(const struct stack *stack)
{
	int actions[DOCTOR_PAM_CODES];

	for (size_t i = 0; i < stack->count; i++) {
		const struct stack_line *line = &stack->items[i];

		expect(line->type < STACK_TYPES && line->control && *line->control);
		expect(line->line > 0 && psg_strings_has(&stack->paths, line->path));
		expect(line->level <= line->depth && (line->begins_substack || line->module));
		if (!doctor_control(line->control, actions))
			for (int code = 0; code < DOCTOR_PAM_CODES; code++)
				expect(actions[code] == DOCTOR_BAD);
		check_words(line->control);
	}
	for (size_t i = 0; i < stack->problem_count; i++)
		expect(*stack->problems[i].what && stack->problems[i].line > 0 &&
		       psg_strings_has(&stack->paths, stack->problems[i].path));
}

/* A gate that says no, and the account phase does not end well for it: no way past may be reported, and none may be
 * there when nothing was. */
static void check_findings(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++) {
		const struct doctor_finding *finding = &doctor->items[i];

		expect(finding->code < DOCTOR_CODES && *finding->message);
		expect(*doctor_name(finding->code) && *doctor_remedy(finding->code));
		expect(!finding->line || finding->file);
		for (size_t k = 0; k < i; k++)
			expect(doctor->items[k].code != finding->code ||
			       doctor->items[k].line != finding->line || !finding->file ||
			       !doctor->items[k].file ||
			       strcmp(doctor->items[k].file, finding->file) != 0 ||
			       strcmp(doctor->items[k].message, finding->message) != 0);
	}
}

static void check_doctor(void)
{
	struct ctl ctl = {.quiet = true};
	struct doctor doctor PSG_CLEANUP(doctor_clear) = {.ctl = &ctl, .pam_dir = folder};
	const char *const door[] = {"door"};

	expect(doctor_services(&doctor, door, 1) == CTL_DONE);
	for (size_t i = 0; i < doctor.service_count; i++) {
		check_stack(&doctor.services[i].stack);
		doctor_judge_lines(&doctor, &doctor.services[i]);
		doctor_judge_gate(&doctor, &doctor.services[i]);
		doctor_judge_session(&doctor, &doctor.services[i]);
		doctor_judge_auth(&doctor, &doctor.services[i]);
	}
	expect(!doctor.failed);
	doctor_sort(&doctor);
	check_findings(&doctor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct stack stack PSG_CLEANUP(stack_clear) = {0};
	enum psg_err err;

	if (leads_out((const char *)data, size))
		return 0;
	make_folder();
	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		size_t len;
		bool there = input.left > 0 || i == 0;
		char *part = fuzz_part(&input, &len);

		put_file(names[i], there ? part : NULL, len);
		if (part && i == 0)
			check_words(part);
		free(part);
	}
	err = stack_read(folder, "DOOR", &stack);
	expect(err == PSG_OK);
	check_stack(&stack);
	/* Files that include each other a thousand times over are judged in seconds: not here. */
	if (stack.count <= LINES_MAX)
		check_doctor();
	return 0;
}
