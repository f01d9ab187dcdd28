/* What doctor can find: name, severity, remedy. psgctl(8) lists the names; scripts go by them. */
#include "doctor.h"

static const struct {
	const char *name;
	enum doctor_severity severity;
	const char *remedy;
} table[DOCTOR_CODES] = {
    [DOCTOR_STACK_MISSING] =
	{"stack-missing", DOCTOR_ERROR,
	 "give the service a file of its own; /usr/share/pam_psg/pam.d has examples"},
    [DOCTOR_STACK_UNREADABLE] = {"stack-unreadable", DOCTOR_ERROR,
				 "make the file readable: libpam refuses everybody without it"},
    [DOCTOR_STACK_PROBLEM] = {"stack-problem", DOCTOR_ERROR,
			      "correct the line: libpam cannot follow it, and then refuses, or "
			      "skips what it should call"},
    [DOCTOR_STACK_MODE] =
	{"stack-mode", DOCTOR_ERROR,
	 "chown root:root and chmod go-w: whoever writes it decides who is let in"},
    [DOCTOR_CONTROL_INVALID] =
	{"control-invalid", DOCTOR_ERROR,
	 "write required, requisite, sufficient, optional or [code=action ...], see pam.d(5)"},
    [DOCTOR_ARGUMENT_INVALID] =
	{"argument-invalid", DOCTOR_ERROR,
	 "correct the argument, see pam_psg(8): the module denies everybody for it"},
    [DOCTOR_MODULE_MISSING] =
	{"module-missing", DOCTOR_ERROR,
	 "install the module there, or correct the path: until then the line refuses everybody"},
    [DOCTOR_MODULE_UNLOADABLE] =
	{"module-unloadable", DOCTOR_ERROR,
	 "install the module and its libraries anew: until then the line refuses everybody"},
    [DOCTOR_MODULE_MODE] = {"module-mode", DOCTOR_ERROR,
			    "chown root:root and chmod go-w: whoever writes it runs code as root"},
    [DOCTOR_NOT_GATED] = {"not-gated", DOCTOR_WARNING,
			  "add the lines of pam_psg(8), or leave the service out of the question"},
    [DOCTOR_SIBLING_UNGATED] = {"sibling-ungated", DOCTOR_WARNING,
				"gate both in the same way: one is a way around the other"},
    [DOCTOR_GATE_IN_COMMON] = {"gate-in-common", DOCTOR_ERROR,
			       "move the line into the services that are to be gated: cron, "
			       "passwd, polkit and screen lockers read this file too"},
    [DOCTOR_SERVICE_UNPRIVILEGED] = {"service-unprivileged", DOCTOR_ERROR,
				     "take the lines out: the program runs as its user, who cannot "
				     "open the store, so nobody gets in again"},
    [DOCTOR_PERMISSIVE] =
	{"permissive", DOCTOR_WARNING,
	 "remove permissive when psgctl log --would-deny lists nobody who surprises"},
    [DOCTOR_UNASSIGNED_OK] =
	{"unassigned-ok", DOCTOR_NOTE,
	 "remove unassigned_ok once everybody is assigned, if the service is to be closed"},
    [DOCTOR_SUBJECT_CALLER] = {"subject-caller", DOCTOR_ERROR,
			       "remove subject=caller: it is for sudo and su, which keep the "
			       "caller's real user id"},
    [DOCTOR_SUBJECT_USER] = {"subject-user", DOCTOR_WARNING,
			     "remove subject=user, or add even_root and enroll root"},
    [DOCTOR_ACCOUNT_MISSING] =
	{"account-missing", DOCTOR_ERROR,
	 "add `account requisite pam_psg.so` above every include: only this phase refuses in every "
	 "host, and keys, NOPASSWD and cached passwords meet no other"},
    [DOCTOR_SESSION_MISSING] = {"session-missing", DOCTOR_ERROR,
				"add `session requisite pam_psg.so`, below pam_loginuid and above "
				"every include: without it no activation is bound to a session"},
    [DOCTOR_GATE_PASSED_BY] = {"gate-passed-by", DOCTOR_ERROR,
			       "move pam_psg's line above this one"},
    [DOCTOR_GATE_OVERRULED] = {"gate-overruled", DOCTOR_ERROR, "make its control `requisite`"},
    [DOCTOR_GATE_BELOW_INCLUDE] = {"gate-below-include", DOCTOR_WARNING,
				   "move the line above every include: what is included changes "
				   "without you, and may end the stack"},
    [DOCTOR_GATE_NOT_REQUISITE] =
	{"gate-not-requisite", DOCTOR_WARNING,
	 "make its control `requisite`: the modules below still run for somebody who is refused"},
    [DOCTOR_GATE_TWICE] = {"gate-twice", DOCTOR_WARNING, "remove one of the two lines"},
    [DOCTOR_LOGINUID_MISSING] = {"loginuid-missing", DOCTOR_WARNING,
				 "add `session required pam_loginuid.so` above pam_psg: the audit "
				 "session recognises what left the session's process tree"},
    [DOCTOR_LOGINUID_LATE] = {"loginuid-late", DOCTOR_WARNING,
			      "move pam_loginuid.so above pam_psg.so: the activation is bound "
			      "before the audit session has its number"},
    [DOCTOR_LOGINUID_RESTARTS] = {"loginuid-restarts", DOCTOR_ERROR,
				  "remove pam_loginuid.so here: it starts a new audit session, for "
				  "which the login's activation does not count"},
    [DOCTOR_SYSTEMD_FIRST] =
	{"systemd-first", DOCTOR_WARNING,
	 "move pam_psg's line above it, so that systemd learns when the activation lapses"},
    [DOCTOR_AUTH_MISSING] = {"auth-missing", DOCTOR_NOTE,
			     "a code is asked for in account and session alone, where the program "
			     "lets a module ask; sshd does not after a key"},
    [DOCTOR_AUTH_ALONE] = {"auth-alone", DOCTOR_ERROR,
			   "put a first factor above it, or after=publickey on the line where sshd "
			   "asks for a key first"},
    [DOCTOR_AUTH_OPEN] = {"auth-open", DOCTOR_ERROR,
			  "remove the line, or put a module above it that asks who it is: pam_psg "
			  "answers \"ignore\" to whoever is let through without a code"},
    [DOCTOR_AUTH_FIRST_FACTOR] =
	{"auth-first-factor", DOCTOR_ERROR,
	 "make the first factor `requisite`, or use `@include common-auth`, and put pam_psg below "
	 "it: strangers use up the attempts at somebody's code"},
    [DOCTOR_AUTH_PASSED_BY] = {"auth-passed-by", DOCTOR_WARNING,
			       "make the control of this line `requisite`, or put pam_psg's line "
			       "where it is not skipped"},
    [DOCTOR_AUTH_OVERRULED] = {"auth-overruled", DOCTOR_WARNING, "make its control `requisite`"},
    [DOCTOR_SSHD_USEPAM] = {"sshd-usepam", DOCTOR_ERROR,
			    "set `UsePAM yes`: sshd asks no module without it"},
    [DOCTOR_SSHD_KBDINTERACTIVE] =
	{"sshd-kbdinteractive", DOCTOR_ERROR,
	 "set `KbdInteractiveAuthentication yes`: only there can a module ask for a code"},
    [DOCTOR_SSHD_NO_CODE] =
	{"sshd-no-code", DOCTOR_WARNING,
	 "end every list of AuthenticationMethods with keyboard-interactive:pam; who comes this "
	 "way is refused unless an activation for the host is live"},
    [DOCTOR_SSHD_AFTER] = {"sshd-after", DOCTOR_ERROR,
			   "set `AuthenticationMethods publickey,keyboard-interactive:pam`, or "
			   "take after=publickey out of the stack: nobody gets in this way"},
    [DOCTOR_SSHD_PASSWORD] = {"sshd-password", DOCTOR_WARNING,
			      "set `PasswordAuthentication no`: sshd answers the question for the "
			      "code with the password, and the attempt is spent"},
    [DOCTOR_SSHD_ACCEPTENV] = {"sshd-acceptenv", DOCTOR_WARNING,
			       "take the pattern out: a client could say PSG_GROUPS and the like "
			       "where nothing is active"},
    [DOCTOR_SSHD_MATCH] = {"sshd-match", DOCTOR_NOTE,
			   "see what holds inside: sshd -T -C user=NAME,host=HOST,addr=ADDRESS"},
    [DOCTOR_SSHD_UNJUDGED] = {"sshd-unjudged", DOCTOR_WARNING,
			      "see what `sshd -t` says, then ask doctor again"},
    [DOCTOR_ROOT_LOGIN] = {"root-login", DOCTOR_WARNING,
			   "set `PermitRootLogin no`, or say even_root in pam_psg's lines: root is "
			   "let through without a code"},
    [DOCTOR_ROOT_LOGIN_KEY] = {"root-login-key", DOCTOR_NOTE,
			       "set `PermitRootLogin no`, or say even_root in pam_psg's lines, "
			       "unless root's key is to be the way back in"},
    [DOCTOR_SUDO_NO_ACCOUNT] =
	{"sudo-no-account", DOCTOR_ERROR,
	 "remove !pam_acct_mgmt: with it the gate of the account phase is never asked"},
    [DOCTOR_SUDO_NO_SESSION] =
	{"sudo-no-session", DOCTOR_ERROR,
	 "remove !pam_session: with it the gate of the session phase is never asked"},
    [DOCTOR_SUDO_SERVICE] =
	{"sudo-service", DOCTOR_WARNING,
	 "gate that service too, or remove the setting: this sudo does not read the stack of sudo"},
    [DOCTOR_SUDO_TIMESTAMP] = {"sudo-timestamp", DOCTOR_WARNING,
			       "set timestamp_timeout to 15 minutes or less: until then sudo asks "
			       "for neither password nor code"},
    [DOCTOR_SUDO_UNJUDGED] = {"sudo-unjudged", DOCTOR_WARNING,
			      "see what `visudo -c` says, then ask doctor again"},
    [DOCTOR_PROGRAM_MISSING] =
	{"program-missing", DOCTOR_NOTE,
	 "install it where root finds it, then ask doctor again, if the service is in use here"},
    [DOCTOR_STORE_MISSING] = {"store-missing", DOCTOR_ERROR,
			      "psgctl init, or correct store= in the stack"},
    [DOCTOR_STORE_UNREADABLE] =
	{"store-unreadable", DOCTOR_ERROR,
	 "run doctor as root; as root, repair the store: everybody but root is refused"},
    [DOCTOR_STORE_MODE] =
	{"store-mode", DOCTOR_ERROR,
	 "chown root and chmod go-rwx: what others may read or write is not trusted"},
    [DOCTOR_STORE_FILESYSTEM] =
	{"store-filesystem", DOCTOR_ERROR,
	 "move the store to a local disk: only there does one process alone make a name"},
    [DOCTOR_STORE_VOLATILE] = {"store-volatile", DOCTOR_NOTE,
			       "move the store to a local disk if it is to outlive a restart"},
    [DOCTOR_KEY_UNREADABLE] =
	{"key-unreadable", DOCTOR_ERROR,
	 "restore the key (root, mode 0600) from its backup: no code can be checked without it"},
    [DOCTOR_POLICY_UNREADABLE] = {"policy-unreadable", DOCTOR_ERROR,
				  "restore the policy from a backup, or remove it, then init, "
				  "deploy and assign: everybody but root is refused"},
    [DOCTOR_GROUP_FAILED] = {"group-failed", DOCTOR_ERROR,
			     "deploy what it lacks, or the group without it: nobody gets through "
			     "by this group"},
    [DOCTOR_POLICY_DEFERRED] = {"policy-deferred", DOCTOR_WARNING,
				"psgctl recalculate puts it in force"},
    [DOCTOR_CLOCK_UNSYNCHRONISED] =
	{"clock-unsynchronised", DOCTOR_WARNING,
	 "run a time service (timedatectl set-ntp true): codes are right for some 90 seconds"},
    [DOCTOR_ENFORCE_MISSING] =
	{"enforce-missing", DOCTOR_WARNING,
	 "systemctl enable --now psg-enforce, or have `psgctl enforce --watch` run in another way"},
    [DOCTOR_DEMAND_UNSERVED] = {"demand-unserved", DOCTOR_ERROR,
				"deploy a permission set that gives it, or correct the line: "
				"nobody but root can get through"},
    [DOCTOR_DEMAND_UNASSIGNED] =
	{"demand-unassigned", DOCTOR_WARNING,
	 "psgctl assign a group that gives it; psgctl explain USER SERVICE names some"},
    [DOCTOR_REACH_OPEN] = {"reach-open", DOCTOR_WARNING,
			   "set hasActivationRequired in the group or set, or unassign it, unless "
			   "this is meant; psgctl explain shows the path"},
    [DOCTOR_EXEMPT_USER] =
	{"exempt-user", DOCTOR_NOTE,
	 "remove the name from exemptUsers in the Gate settings if it need not be there"},
    [DOCTOR_NOT_ENROLLED] =
	{"not-enrolled", DOCTOR_WARNING,
	 "psgctl enroll, or psgctl unassign: without an authenticator nobody can activate"},
    [DOCTOR_ENROLS_ALONE] =
	{"enrols-alone", DOCTOR_NOTE,
	 "nothing to do; psgctl enroll, or psgctl unassign, if it is not to be"},
    [DOCTOR_ENROLMENT_UNPROVEN] =
	{"enrolment-unproven", DOCTOR_ERROR,
	 "put a first factor above pam_psg that ends the stack (`@include common-auth`), or "
	 "after=publickey on the line, or deploy the policy with enrollment Admin: until then a "
	 "stranger can enrol as somebody who has no authenticator"},
    [DOCTOR_AUTHENTICATOR_UNREADABLE] =
	{"authenticator-unreadable", DOCTOR_ERROR,
	 "restore the key it was sealed with, or psgctl enroll --replace"},
    [DOCTOR_RECOVERY_FEW] = {"recovery-few", DOCTOR_WARNING,
			     "psgctl recovery, and hand over the new codes: when none is left, a "
			     "lost device needs you"},
    [DOCTOR_GROUP_UNREACHABLE] = {"group-unreachable", DOCTOR_NOTE,
				  "psgctl assign it, or leave it for later"},
};

const char *doctor_name(enum doctor_code code)
{
	return table[code].name;
}

enum doctor_severity doctor_severity(enum doctor_code code)
{
	return table[code].severity;
}

const char *doctor_remedy(enum doctor_code code)
{
	return table[code].remedy;
}

const char *doctor_severity_name(enum doctor_severity severity)
{
	switch (severity) {
	case DOCTOR_NOTE:
		return "note";
	case DOCTOR_WARNING:
		return "warning";
	case DOCTOR_ERROR:
		break;
	}
	return "error";
}
