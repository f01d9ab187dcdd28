/* psgctl: the table of subcommands, and the process made safe for secrets before any of them runs.
 *
 * MUST start with a private umask, descriptors 0 to 2 open, no core dumps (test_frame: test_process_is_hardened).
 * MUST say by its exit status when its output was not written (test_frame: test_full_stdout).
 * MUST NOT die of a reader that left in the middle of a change (test_frame: test_closed_pipe). */
#include "complete.h"
#include "overview.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct ctl_command commands[] = {
    {"init", "init", "Make the store, its sealing key and an empty policy",
     "What is there already is left as it is. The store must be on a local disk.\n", ctl_init},
    {"deploy", "deploy SOURCE [--check-only] [--strict] [--force] [--defer]",
     "Put the metadata of a package in force",
     "SOURCE is a directory or a zip: with package.xml, the same files without one,\n"
     "or a source-format tree. The package is put over what is there; only its\n"
     "destructiveChanges*.xml delete. With any error nothing is changed (exit 3).\n"
     "  --check-only  report, also what would change for people; write nothing\n"
     "  --strict      warnings stop the deployment too\n"
     "  --force       delete also what is still used or assigned: groups that lose\n"
     "                a member are Failed\n"
     "  --defer       store it; what is in force stays until `psgctl recalculate`\n",
     ctl_deploy},
    {"retrieve",
     "retrieve (--manifest FILE | --all) --output (DIR | FILE.zip)\n"
     "       [--force]",
     "Write what is deployed as a package again",
     "  --manifest FILE  what this package.xml names, by name or `*`\n"
     "  --all            everything\n"
     "  --output         a directory, made where missing, or a zip\n"
     "  --force          also where there are files: those of the same names go\n",
     ctl_retrieve},
    {"recalculate", "recalculate [GROUP...]", "Put in force what was deployed and deferred",
     "All groups, or those named and the groups that share with them what was\n"
     "deferred, are compiled anew from the metadata as it was deployed.\n",
     ctl_recalculate},
    {"policy", "policy install|export (FILE | -) [--check-only]",
     "Carry the whole policy from one host to another",
     "The policy is one file: what was deployed, and who is assigned what. install\n"
     "puts a file in force that export wrote; - is standard input or output.\n"
     "  --check-only  install: judge it, list what would change; write nothing\n"
     "A file that is damaged, or of another version, changes nothing (exit 3).\n",
     ctl_policy},
    {"backup", "backup (FILE | -) [--with-key] [--with-log]",
     "Write all that decides into one file, while logins go on",
     "The policy, everybody's authenticators as they are sealed, and the codes that\n"
     "are spent; sealed with the store's key, which is not in it unless asked for.\n"
     "- is standard output. Only an older backup is replaced.\n"
     "  --with-key  the key too: whoever reads such a file can make everybody's codes\n"
     "  --with-log  the log too\n",
     ctl_backup},
    {"restore", "restore FILE [--check-only] [--exact] [--force]", "Put back what a backup holds",
     "The policy and the authenticators become those of the backup. No spent code and\n"
     "no activation comes to life: everybody waits for a code that nobody can have\n"
     "used. It may be interrupted and run again. With another key, or changed, the\n"
     "backup is refused (exit 3).\n"
     "  --check-only  say what it would change; write nothing\n"
     "  --exact       who is not in it loses the authenticators they have\n"
     "  --force       also a backup of another host\n",
     ctl_restore},
    {"groups", "groups [NAME]", "List groups, or show one with its effective permissions",
     "NAME may also be a permission set.\n", ctl_groups},
    {"assign", "assign (ASSIGNEE NAME [--until TIME] | --file FILE)",
     "Make a user eligible for a group or set",
     "ASSIGNEE is a user, or a Unix group written %NAME; NAME a permission set group\n"
     "or permission set.\n"
     "  --until TIME  ISO 8601; without a zone local time, a bare date means its end\n"
     "  --file FILE   many at once, all or none: a line each, ASSIGNEE NAME [UNTIL];\n"
     "                - is standard input\n"
     "Assigning again sets the end anew: without --until there is none.\n",
     ctl_assign},
    {"unassign", "unassign (ASSIGNEE NAME | --file FILE)", "Take an assignment away",
     "  --file FILE  many at once, by the lines of assign --file; - is standard input\n"
     "It counts from the next decision on. What is not assigned is no error.\n",
     ctl_unassign},
    {"assignments", "assignments [--user USER]", "List who is assigned what",
     "  --user USER  only what USER has, also through Unix groups\n", ctl_assignments},
    {"enroll",
     "enroll USER [--algorithm SHA1|SHA256|SHA512] [--digits 6|7|8]\n"
     "       [--period S] [--secret -|BASE32 | --secret-file FILE]\n"
     "       [--qr ansi|utf8|svg|none] [--label TEXT] [--replace | --add]\n"
     "       [--no-confirm]",
     "Give a user an authenticator (TOTP)",
     "  --secret -       read an existing secret (base32) from standard input\n"
     "  --replace        instead of the one there is; --add: beside it\n"
     "  --no-confirm     do not ask for a first code\n",
     ctl_enroll},
    {"unenroll", "unenroll USER [--id ID]", "Remove a user's authenticators",
     "  --id ID  this one only; without it the recovery codes go too\n", ctl_unenroll},
    {"authenticators", "authenticators [USER]", "List authenticators, without their secrets", NULL,
     ctl_authenticators},
    {"verify", "verify USER", "Say whether one code from stdin is right", NULL, ctl_verify},
    {"unlock", "unlock USER", "Forget a user's failed attempts", NULL, ctl_unlock},
    {"recovery", "recovery USER", "Give a user ten new recovery codes, shown once",
     "Each is good once in the place of a code of the authenticator, and lets the\n"
     "person replace a lost one. Older recovery codes are good no longer.\n",
     ctl_recovery},
    {"import",
     "import FILE --format oath|google-authenticator [--user USER]\n"
     "       [--replace | --add] [--check-only]",
     "Take over authenticators from other modules",
     "FILE is pam_oath's users.oath, or somebody's .google_authenticator. What was\n"
     "used there stays used; what cannot be carried is named. With any error\n"
     "nothing is changed (exit 3).\n"
     "  --user USER   of a users.oath this user alone; whose .google_authenticator\n"
     "  --replace     instead of the authenticators there are; --add: beside them\n"
     "  --check-only  report; write nothing\n",
     ctl_import},
    {"activate",
     "activate NAME [--user USER] [--for DURATION] [--reason TEXT]\n"
     "       [--session ID | --scope Host]",
     "Activate a group or set",
     "  --for DURATION  90s, 30m, 8h, 2d or PT8H; above the maximum it is refused\n"
     "  --session ID    the session, as `psgctl status` prints it\n"
     "Without --user it is for the person who runs sudo, and asks for their code.\n",
     ctl_activate},
    {"deactivate", "deactivate (NAME | --id ID | --all) [--user USER]", "End activations", NULL,
     ctl_deactivate},
    {"status", "status [USER] [--watch]", "Show live activations and the time left",
     "  --watch  a view that counts down, the soonest to lapse first; q quits. Not on\n"
     "           a terminal, and with --json: the list again whenever it changes\n",
     ctl_status},
    {"explain",
     "explain USER SERVICE\n"
     "       [--application A | --permission P | --group G] [--session ID]\n"
     "       [--subject user|caller] [--pam-dir DIR]",
     "Show every path, the verdict and the PAM codes",
     "The stack and the module's arguments are those of /etc/pam.d/SERVICE, or of\n"
     "DIR, unless given.\n"
     "Exit status 0 only for ALLOW.\n",
     ctl_explain},
    {"check",
     "check --user USER (--service S | --permission P | --group G)\n"
     "       [--session ID] [--pam-dir DIR]",
     "Say whether a user has something now", "Exit status 0 only for ALLOW.\n", ctl_check},
    {"enforce", "enforce [--dry-run | --watch]", "End open sessions whose activation is over",
     "Only where the ActivationPolicy says endSessions. Once, or with --watch for\n"
     "ever: then it sleeps until something lapses or the store changes, and warns\n"
     "people's terminals warnBefore ahead.\n"
     "  --dry-run  say what would be ended; end nothing\n"
     "Exit status 1 when something could not be ended.\n",
     ctl_enforce},
    {"doctor", "doctor [SERVICE...] [--pam-dir DIR]",
     "Judge stacks, sshd and sudo, the store, and who gets through",
     "Each finding names the line to change. Without SERVICE: every service whose\n"
     "stack calls the module.\n"
     "  --pam-dir DIR  judge the stacks in DIR, and not this host's sshd and sudo\n"
     "Exit status 1 for errors and warnings; notes alone are 0.\n",
     ctl_doctor},
    {"tidy", "tidy", "Remove what is over in the store",
     "Whoever logs in tidies up behind himself; this is for people who never come\n"
     "again. psg-housekeeping.timer runs it every day.\n",
     ctl_tidy},
    {"log",
     "log [--user USER] [--group NAME] [--service SERVICE]\n"
     "       [--kind EVENT] [--since TIME] [--until TIME] [--limit N] [--follow]\n"
     "       [--json-lines]\n"
     "       psgctl log --would-deny [--user USER] [--service SERVICE] [--since TIME]\n"
     "       psgctl log --prune",
     "Show what happened, or who would have been kept out",
     "  --group NAME  a permission set group or permission set\n"
     "  --kind EVENT  Activated, WrongCode, ...: psgctl(8) has them all\n"
     "  --since TIME  ISO 8601, without a zone local time, a bare date: its beginning;\n"
     "                or a duration, 2h: two hours ago\n"
     "  --until TIME  the same; a bare date: its end\n"
     "  --limit N     the newest N of them\n"
     "  --follow      go on with what comes\n"
     "  --json-lines  JSON, one event a line\n"
     "  --would-deny  whom permissive let in, how often, why, and what to do next\n"
     "  --prune       begin a new file, remove old ones, as the Gate settings say\n"
     "--user, --group, --service and --kind may be repeated: any of them.\n",
     ctl_log},
    {"report",
     "report --output (FILE | -) [--format html|csv|json] [--since TIME]\n"
     "       [--until TIME] [--user USER] [--group NAME] [--table TABLE]",
     "Write who held what, when and why, as a page or a table",
     "  --output FILE  .html, .csv or .json; - is standard output\n"
     "  --since TIME   the default is 30 days before --until, which is now\n"
     "  --user USER    only about that user; --group NAME: about that group or set\n"
     "  --table TABLE  which CSV: activations, events, eligible, failures\n"
     "The page is complete in itself, for a browser, a phone and paper.\n",
     ctl_report},
};

/* jansson holds enroll's secret and URI: every block it gives back is wiped first. */
static void free_wiped(void *block)
{
	if (block != NULL)
		psg_wipe(block, malloc_usable_size(block));
	free(block);
}

static bool harden(mode_t *ret_umask)
{
	/* Else the policy could be opened as descriptor 2, and a message written into it. */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	*ret_umask = umask(077);
	const struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
		return false;
	/* Writes report EPIPE and EFBIG instead of killing a command half way through a change. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
	    signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return false;
	json_set_alloc_funcs(malloc, free_wiped);
	return setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) == 0;
}

static enum ctl_exit help(struct ctl *ctl)
{
	static const struct ctl_command own = {
	    "help", "help [COMMAND]", "Say what there is, or what a command takes", NULL, NULL};
	const struct overview overview = {commands, PSG_COUNT(commands)};
	const char *name = NULL;
	if (ctl->argc > 0) {
		ctl->command = &own;
		if (!ctl_parse(ctl, NULL, &name, 0, 1, NULL) && !ctl->helped)
			return CTL_USAGE;
	}
	const struct ctl_command *command =
	    name != NULL ? overview_find(ctl, &overview, name) : NULL;
	if (name != NULL)
		return command != NULL ? overview_command(ctl, command) : CTL_USAGE;
	if (ctl->json)
		return overview_json(&overview);
	overview_print(&overview, stdout);
	return CTL_DONE;
}

static enum ctl_exit print_version(const struct ctl *ctl)
{
	if (ctl->json)
		return ctl_print_json(json_pack("{ss}", "version", PSG_VERSION));
	puts("psgctl " PSG_VERSION);
	return CTL_DONE;
}

static enum ctl_exit run(struct ctl *ctl, int argc, char **argv)
{
	int first = argc;
	bool version = false;
	if (!ctl_parse_global(ctl, argc, argv, &first, &version))
		return CTL_USAGE;
	ctl->argc = argc - first;
	ctl->argv = argv + first;
	const struct overview overview = {commands, PSG_COUNT(commands)};
	if (version)
		return print_version(ctl);
	if (first >= argc && !ctl->helped) {
		ctl_error_said("no command was given; `psgctl help` lists them");
		overview_print(&overview, stderr);
		return CTL_USAGE;
	}
	if (first >= argc || strcmp(argv[first], "help") == 0)
		return help(ctl);
	if (strcmp(argv[first], "complete") == 0)
		return ctl_complete(ctl, commands, PSG_COUNT(commands));
	ctl->command = overview_find(ctl, &overview, argv[first]);
	if (ctl->command == NULL)
		return CTL_USAGE;
	enum ctl_exit status = ctl->command->run(ctl);
	return status == CTL_USAGE && ctl->helped ? overview_command(ctl, ctl->command) : status;
}

/* After a mistake on the command line the rest of it was not parsed. */
static bool json_wanted(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	mode_t mask;
	if (!harden(&mask))
		_exit(CTL_STORE);
	const char *store = secure_getenv("PSG_STORE");
	struct ctl ctl = {.store_path =
			      store != NULL && store[0] != '\0' ? store : PSG_STORE_DEFAULT,
			  .umask = mask};
	enum ctl_exit status = run(&ctl, argc, argv);
	psg_policy_close(&ctl.policy);
	psg_store_close(&ctl.store);
	ctl.json |= status == CTL_USAGE && json_wanted(argc, argv);
	if (status != CTL_DONE && ctl.json)
		ctl_json_error(status);
	if (!ctl_output_end(&ctl))
		status = CTL_STORE;
	return (int)status;
}
