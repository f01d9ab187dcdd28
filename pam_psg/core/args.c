/* The module's arguments, by table.
 *
 * MUST refuse what it does not know, whole                              (args_test: refused)
 * MUST find even_root, enroll, after= and subject= whatever else is wrong       (args_test: first_of_all)
 */
#include "psg/args.h"

#include <string.h>

#define PATH_SIZE 4096
#define PROMPT_SIZE 512 /* PAM_MAX_MSG_SIZE */

/* Takes one value; false when it is bad. */
typedef bool take_fn(struct psg_args *args, const char *value);

static bool take_path(const char *value, const char **ret)
{
	*ret = value;
	return value[0] == '/' && strlen(value) < PATH_SIZE;
}

static bool take_store(struct psg_args *args, const char *value)
{
	return take_path(value, &args->store);
}

static bool take_key(struct psg_args *args, const char *value)
{
	return take_path(value, &args->key);
}

static bool is_plain_line(const char *text)
{
	uint32_t point = 0;

	for (size_t len; *text; text += len) {
		len = psg_utf8_decode(text, &point);
		if (len == 0 || psg_char_is_unsafe(point))
			return false;
	}
	return true;
}

static bool take_demand(struct psg_args *args, enum psg_demand_kind kind, const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || len >= sizeof(args->demand.name) || !is_plain_line(value))
		return false;
	args->demand.kind = kind;
	memcpy(args->demand.name, value, len + 1);
	return true;
}

static bool take_application(struct psg_args *args, const char *value)
{
	return take_demand(args, PSG_DEMAND_APPLICATION, value);
}

static bool take_permission(struct psg_args *args, const char *value)
{
	return psg_api_name_valid(value) && take_demand(args, PSG_DEMAND_PERMISSION, value);
}

static bool take_group(struct psg_args *args, const char *value)
{
	return psg_api_name_valid(value) && take_demand(args, PSG_DEMAND_GROUP, value);
}

static bool take_subject(struct psg_args *args, const char *value)
{
	bool caller = strcmp(value, "caller") == 0;

	if (!caller && strcmp(value, "user") != 0)
		return false;
	args->subject_caller = caller;
	return true;
}

static bool take_after(struct psg_args *args, const char *value)
{
	/* Also where the value is unknown: who asked for something is not served with less. */
	args->after_publickey = true;
	return strcmp(value, "publickey") == 0;
}

static bool take_prompt(struct psg_args *args, const char *value)
{
	args->prompt = value;
	return is_plain_line(value) && strlen(value) < PROMPT_SIZE;
}

static const struct {
	const char *name;
	take_fn *take;
	bool demand; /* one of the three is enough */
	bool first;  /* must be known before anything may fail */
} values[] = {
    {"store", take_store, false, false},
    {"key", take_key, false, false},
    {"application", take_application, true, false},
    {"permission", take_permission, true, false},
    {"group", take_group, true, false},
    {"subject", take_subject, false, true},
    {"after", take_after, false, true},
    {"prompt", take_prompt, false, false},
};

static const struct {
	const char *name;
	size_t offset; /* of a bool in struct psg_args */
} flags[] = {
    {"even_root", offsetof(struct psg_args, even_root)},
    {"unassigned_ok", offsetof(struct psg_args, unassigned_ok)},
    {"permissive", offsetof(struct psg_args, permissive)},
    {"choose", offsetof(struct psg_args, choose)},
    {"conceal", offsetof(struct psg_args, conceal)},
    {"noprompt", offsetof(struct psg_args, noprompt)},
    {"echo", offsetof(struct psg_args, echo)},
    {"quiet", offsetof(struct psg_args, quiet)},
    {"debug", offsetof(struct psg_args, debug)},
    {"enroll", offsetof(struct psg_args, enroll)},
};

/* The value of `argument` when it is NAME=VALUE, else NULL. */
static const char *value_of(const char *argument, const char *name)
{
	size_t len = strlen(name);

	return strncmp(argument, name, len) == 0 && argument[len] == '=' ? argument + len + 1
									 : NULL;
}

static bool take_flag(struct psg_args *args, const char *argument)
{
	for (size_t i = 0; i < PSG_COUNT(flags); i++) {
		if (strcmp(argument, flags[i].name) == 0) {
			*(bool *)((char *)args + flags[i].offset) = true;
			return true;
		}
	}
	return false;
}

/* `seen` has a bit for each value that was given; bit 31 stands for all demands. */
static bool take_value(struct psg_args *args, const char *argument, uint32_t *seen)
{
	for (size_t i = 0; i < PSG_COUNT(values); i++) {
		const char *value = value_of(argument, values[i].name);
		uint32_t bit = values[i].demand ? 1U << 31 : 1U << i;

		if (!value)
			continue;
		if (*value == '\0' || (*seen & bit))
			return false;
		*seen |= bit;
		return values[i].take(args, value);
	}
	return false;
}

/* In these people become others: PAM_USER is whom, or root, not who. */
static bool others_become(const char *service)
{
	static const char *const services[] = {"sudo", "sudo-i", "su", "su-l"};

	for (size_t i = 0; service && i < PSG_COUNT(services); i++)
		if (strcmp(service, services[i]) == 0)
			return true;
	return false;
}

void psg_args_first(int argc, const char **argv, const char *service, struct psg_args *ret)
{
	*ret = (struct psg_args){
	    .store = PSG_STORE_DEFAULT,
	    .prompt = "Authenticator code: ",
	    .subject_caller = others_become(service),
	};
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "even_root") == 0)
			ret->even_root = true;
		if (strcmp(argv[i], "enroll") == 0)
			ret->enroll = true;
		for (size_t j = 0; j < PSG_COUNT(values); j++) {
			const char *value =
			    values[j].first ? value_of(argv[i], values[j].name) : NULL;

			/* A bad one is refused by psg_args_parse. */
			if (value)
				(void)values[j].take(ret, value);
		}
	}
}

enum psg_err psg_args_parse(int argc, const char **argv, const char *service, struct psg_args *ret,
			    const char **ret_bad)
{
	struct psg_args args;
	uint32_t seen = 0;
	const char *bad = NULL;

	psg_args_first(argc, argv, service, ret);
	args = *ret;
	for (int i = 0; i < argc && !bad; i++)
		if (!take_flag(&args, argv[i]) && !take_value(&args, argv[i], &seen))
			bad = argv[i];
	if (!bad && !(seen & 1U << 31) && (!service || !take_application(&args, service)))
		bad = "(no usable service name)";
	if (!bad && !service)
		bad = "(no service name)";
	if (bad) {
		if (ret_bad)
			*ret_bad = bad;
		return PSG_ERR_INVALID;
	}
	*ret = args;
	return PSG_OK;
}
