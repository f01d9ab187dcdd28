/* The decision: facts in, verdict out. Pure; no I/O, no clock, no allocation, no global.
 * The module, `psgctl explain`, `psgctl check` and the tests call this one function. */
#ifndef PSG_DECISION_H
#define PSG_DECISION_H

#include "psg/activation.h"

/* DENY is zero, so that zeroed memory denies. */
enum psg_verdict { PSG_DENY = 0, PSG_ACTIVATE, PSG_ALLOW };

/* Why, for messages, events and explain. */
enum psg_why {
	PSG_WHY_ERROR = 0,        /* DENY: a fact could not be had */
	PSG_WHY_UNASSIGNED,       /* DENY: nothing that serves the demand is assigned */
	PSG_WHY_NOT_SERVED,       /* DENY: assigned, but no path gives the demand */
	PSG_WHY_MUTED,            /* DENY: given, and muted in every group that gives it */
	PSG_WHY_EXPIRED,          /* DENY: the assignment that would serve has ended */
	PSG_WHY_FAILED,           /* DENY: the group that would serve has status Failed */
	PSG_WHY_NEEDS_ACTIVATION, /* ACTIVATE: there never was one in this session */
	PSG_WHY_LAPSED,           /* ACTIVATE: the last one lapsed or ended */
	PSG_WHY_ROOT,             /* ALLOW */
	PSG_WHY_EXEMPT,           /* ALLOW */
	PSG_WHY_NOT_REQUIRED,     /* ALLOW: a path that requires no activation */
	PSG_WHY_ACTIVE,           /* ALLOW: a live activation */
	PSG_WHY_UNASSIGNED_OK,    /* ALLOW: nothing serves, and the stack says unassigned_ok */
	PSG_WHY_COUNT
};

/* assignment → target → permission set → permission. Strings are borrowed. */
struct psg_path {
	enum psg_target_kind kind;
	const char *target; /* group or set */
	const char *set; /* the permission set; NULL when the demand is group= and no set matters */
	const char *assignee;         /* "alice", "%wheel" */
	int64_t assigned_until_s;     /* since 1970; 0: no end. Over when now >= until */
	enum psg_group_status status; /* PSG_STATUS_UPDATED for a set assigned by itself */
	bool gives;                   /* the set gives what is demanded */
	bool muted;                   /* and a muting set of the group takes it away */
	bool requires_activation;     /* group's or set's flag: the strictest wins */
	uint32_t permission_count;    /* of the target, effective */
};

struct psg_facts {
	bool
	    error; /* something could not be read: DENY whatever else is here, root and exempt excepted when known */
	bool subject_is_root, even_root;
	bool exempt;
	bool unassigned_ok;
	struct psg_now now;
	const struct psg_path *paths;
	size_t path_count;
	const struct psg_activation *activations; /* the subject's, in_session filled */
	size_t activation_count;
};

/* What one path comes to by itself. */
struct psg_path_decision {
	enum psg_verdict verdict;
	enum psg_why why;
	/* The live activation with the most time left (ALLOW, ACTIVE), or the latest that is over
	 * (ACTIVATE, LAPSED); else NULL. Borrowed from the facts. */
	const struct psg_activation *activation;
};

struct psg_decision {
	enum psg_verdict verdict;
	enum psg_why why;
	const struct psg_path *path;             /* the path that decided; NULL when none did */
	const struct psg_activation *activation; /* as in psg_path_decision, of that path */
};

/* One path. `error`, root and exempt are not looked at. */
struct psg_path_decision psg_decide_path(const struct psg_facts *facts,
					 const struct psg_path *path);

/* All of it, in the order of DESIGN section 2: root (unless even_root), exempt, error, then
 * the best path: ALLOW without activation, ALLOW by the activation with the most time left, ACTIVATE with the fewest permissions
 * (then by target name: the same facts always give the same answer), else DENY with the nearest miss
 * (muted, failed, expired, not served, unassigned). unassigned_ok turns a DENY into ALLOW only
 * where no path gives the demand and none is on a Failed group. Never NULL-dereferences on empty facts. */
struct psg_decision psg_decide(const struct psg_facts *facts);

/* The distinct targets that an ACTIVATE may choose from, best first, as paths; at most `size`.
 * Returns how many there are in all. */
size_t psg_decide_candidates(const struct psg_facts *facts, const struct psg_path **ret,
			     size_t size);

/* "DENY", "ACTIVATE", "ALLOW". */
const char *psg_verdict_name(enum psg_verdict verdict);
/* A stable identifier for JSON and the log: "NotRequired", "NeedsActivation", … */
const char *psg_why_name(enum psg_why why);

#endif
