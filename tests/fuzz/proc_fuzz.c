/* /proc/PID/stat and status, of processes that choose their name. An even first byte: stat, an odd one: status. */
#include "fuzz.h"

#include "../../pam_psg/core/proc.h"

/* The words behind the last ')', as proc_pid_stat(5) counts them: [0] is field 3. */
static size_t split(char *text, char *words[32])
{
	char *at = strrchr(text, ')'), *rest = NULL;
	size_t count = 0;

	at = at ? strtok_r(at + 1, " ", &rest) : NULL;
	for (; at && count < 32; at = strtok_r(NULL, " ", &rest))
		words[count++] = at;
	return count;
}

static void check_stat(char *text)
{
	char *copy = fuzz_copy(text, strlen(text)), *words[32];
	struct psg_proc_info info = {.parent = -7};
	pid_t pid = (pid_t)strtoul(text, NULL, 10);
	enum psg_err err = psg_proc_parse_stat(text, pid, &info);

	if (err != PSG_OK) {
		expect((err == PSG_ERR_PROC || err == PSG_ERR_NOT_FOUND) && info.parent == -7);
	} else if (copy) {
		expect(split(copy, words) >= 20);
		expect(strlen(words[0]) == 1 && !strchr("Xx", words[0][0]));
		expect(info.stopped == (words[0][0] == 'T'));
		expect(info.parent == (pid_t)strtoul(words[1], NULL, 10) && info.parent >= 0);
		expect(info.session == (pid_t)strtoul(words[3], NULL, 10) && info.session >= 0);
		expect(info.tty == strtoul(words[4], NULL, 10));
		expect(words[0][0] != 'Z' || strtoull(words[17], NULL, 10) > 1);
		expect(info.start_ticks == strtoull(words[19], NULL, 10));
		expect(info.real_uid == (uid_t)-1 && info.audit_id == PSG_AUDIT_NONE);
	}
	free(copy);
}

static void check_status(char *text)
{
	char *copy = fuzz_copy(text, strlen(text));
	uid_t uid = (uid_t)-1;
	const char *line;

	if (psg_proc_parse_uid(text, &uid) != PSG_OK) {
		expect(uid == (uid_t)-1);
	} else if (copy) {
		line = strstr(copy, "\nUid:\t");
		expect(line && uid == strtoul(line + 6, NULL, 10) && uid != (uid_t)-1);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = size ? fuzz_copy(data + 1, size - 1) : NULL;

	if (text)
		(data[0] % 2 ? check_status : check_stat)(text);
	free(text);
	return 0;
}
