/* The module's arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/args.h"

#define ARGS(...) (const char *[]){__VA_ARGS__}, PSG_COUNT(((const char *[]){__VA_ARGS__}))

static enum psg_err parse(const char **argv, size_t argc, struct psg_args *ret,
			  const char **ret_bad)
{
	return psg_args_parse((int)argc, argv, "sshd", ret, ret_bad);
}

static void defaults(void **state)
{
	struct psg_args args, zero = {0};

	(void)state;
	assert_int_equal(psg_args_parse(0, NULL, "sshd", &args, NULL), PSG_OK);
	assert_string_equal(args.store, PSG_STORE_DEFAULT);
	assert_null(args.key);
	assert_int_equal(args.demand.kind, PSG_DEMAND_APPLICATION);
	assert_string_equal(args.demand.name, "sshd");
	assert_string_equal(args.prompt, "Authenticator code: ");
	/* every switch is off */
	args.store = NULL;
	args.prompt = NULL;
	memset(&args.demand, 0, sizeof(args.demand));
	assert_memory_equal(&args.subject_caller, &zero.subject_caller,
			    offsetof(struct psg_args, enroll) + 1 -
				offsetof(struct psg_args, subject_caller));
}

static void subject_by_service(void **state)
{
	static const struct {
		const char *service;
		bool caller;
	} rows[] = {
	    {"sudo", true},   {"sudo-i", true},   {"su", true},     {"su-l", true}, {"sshd", false},
	    {"login", false}, {"runuser", false}, {"sudo2", false}, {"s", false},   {"SU", false},
	};
	struct psg_args args;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(rows); i++) {
		const char *other = rows[i].caller ? "subject=user" : "subject=caller";

		assert_int_equal(psg_args_parse(0, NULL, rows[i].service, &args, NULL), PSG_OK);
		assert_int_equal(args.subject_caller, rows[i].caller);
		assert_int_equal(psg_args_parse(1, &other, rows[i].service, &args, NULL), PSG_OK);
		assert_int_equal(args.subject_caller, !rows[i].caller);
	}
}

static void every_value(void **state)
{
	struct psg_args args;

	(void)state;
	assert_int_equal(parse(ARGS("store=/srv/psg", "key=/srv/key", "application=sudo-i",
				    "subject=caller", "after=publickey", "prompt=Token? "),
			       &args, NULL),
			 PSG_OK);
	assert_string_equal(args.store, "/srv/psg");
	assert_string_equal(args.key, "/srv/key");
	assert_int_equal(args.demand.kind, PSG_DEMAND_APPLICATION);
	assert_string_equal(args.demand.name, "sudo-i");
	assert_true(args.subject_caller);
	assert_true(args.after_publickey);
	assert_string_equal(args.prompt, "Token? ");
	assert_int_equal(parse(ARGS("permission=EditBillingInfo"), &args, NULL), PSG_OK);
	assert_int_equal(args.demand.kind, PSG_DEMAND_PERMISSION);
	assert_string_equal(args.demand.name, "EditBillingInfo");
	assert_int_equal(parse(ARGS("group=acme__Billing"), &args, NULL), PSG_OK);
	assert_int_equal(args.demand.kind, PSG_DEMAND_GROUP);
	assert_string_equal(args.demand.name, "acme__Billing");
	assert_int_equal(parse(ARGS("prompt=Zahl \xe2\x82\xac = "), &args, NULL), PSG_OK);
	assert_string_equal(args.prompt, "Zahl \xe2\x82\xac = ");
}

/* Each flag sets its own switch and no other. */
static void every_flag(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
	} flags[] = {
#define FLAG(name) {#name, offsetof(struct psg_args, name)}
	    FLAG(even_root), FLAG(unassigned_ok), FLAG(permissive), FLAG(choose), FLAG(conceal),
	    FLAG(noprompt),  FLAG(echo),          FLAG(quiet),      FLAG(debug),  FLAG(enroll),
#undef FLAG
	};
	const char *twice[2];
	struct psg_args args;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(flags); i++) {
		twice[0] = twice[1] = flags[i].name;
		assert_int_equal(psg_args_parse(2, twice, "sshd", &args, NULL), PSG_OK);
		for (size_t j = 0; j < PSG_COUNT(flags); j++)
			assert_int_equal(*(bool *)((char *)&args + flags[j].offset), i == j);
	}
}

static void refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "=",
	    "unknown",
	    "Even_root",
	    "even_root=",
	    "even_root=1",
	    "noecho",
	    "quiet ",
	    "store",
	    "store=",
	    "store=psg",
	    "store=./psg",
	    "key=",
	    "key=key",
	    "application=",
	    "application=a\nb",
	    "application=\xff",
	    "permission=",
	    "permission=has space",
	    "permission=userPermissions.X",
	    "group=",
	    "group=a-b",
	    "group=1",
	    "subject=",
	    "subject=root",
	    "subject=Caller",
	    "after=",
	    "after=password",
	    "after=publickey,password",
	    "prompt=",
	    "prompt=\x1b[8m",
	    "prompt=two\nlines",
	    "prompt=\342\200\256edoc",
	    "[prompt=x]",
	    " debug",
	    "--debug",
	};
	static const struct psg_args untouched;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++) {
		const char *argv[] = {"permissive", bad[i], "even_root"}, *named = NULL;
		struct psg_args args;

		if (psg_args_parse(3, argv, "sshd", &args, &named) != PSG_ERR_INVALID)
			fail_msg("taken: %s", bad[i]);
		assert_ptr_equal(named, bad[i]);
		/* what was asked for besides does not hold, but what must be known does */
		assert_false(args.permissive);
		assert_true(args.even_root);
		assert_memory_equal(&args.demand, &untouched.demand, sizeof(args.demand));
		assert_int_equal(psg_args_parse(3, argv, "sshd", &args, NULL), PSG_ERR_INVALID);
	}
}

static void too_long(void **state)
{
	char value[5000];
	const char *argv[] = {value}, *names[] = {"store=/", "application=", "prompt=", "group=A"};
	static const size_t most[] = {4095, 255, 511, 80};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		size_t given = (size_t)(strchr(names[i], '=') - names[i]) + 1;
		struct psg_args args;

		memset(value, 'a', sizeof(value));
		memcpy(value, names[i], strlen(names[i]));
		value[given + most[i]] = '\0';
		assert_int_equal(psg_args_parse(1, argv, "sshd", &args, NULL), PSG_OK);
		value[given + most[i]] = 'a';
		value[given + most[i] + 1] = '\0';
		assert_int_equal(psg_args_parse(1, argv, "sshd", &args, NULL), PSG_ERR_INVALID);
	}
}

static void given_twice(void **state)
{
	struct psg_args args;
	const char *bad = NULL;

	(void)state;
	assert_int_equal(parse(ARGS("store=/a", "store=/a"), &args, &bad), PSG_ERR_INVALID);
	assert_string_equal(bad, "store=/a");
	assert_int_equal(parse(ARGS("application=a", "group=b"), &args, &bad), PSG_ERR_INVALID);
	assert_string_equal(bad, "group=b");
	assert_int_equal(parse(ARGS("group=a", "permission=b"), &args, NULL), PSG_ERR_INVALID);
	assert_int_equal(parse(ARGS("permission=a", "permission=a"), &args, NULL), PSG_ERR_INVALID);
	assert_int_equal(parse(ARGS("subject=user", "subject=caller"), &args, NULL),
			 PSG_ERR_INVALID);
	assert_int_equal(parse(ARGS("after=publickey", "after=publickey"), &args, NULL),
			 PSG_ERR_INVALID);
	assert_int_equal(parse(ARGS("prompt=a", "prompt=b"), &args, NULL), PSG_ERR_INVALID);
	assert_int_equal(parse(ARGS("key=/a", "key=/b"), &args, NULL), PSG_ERR_INVALID);
}

static void without_service(void **state)
{
	char service[300];
	const char *bad = NULL, *demand = "application=sshd";
	struct psg_args args;

	(void)state;
	assert_int_equal(psg_args_parse(0, NULL, NULL, &args, &bad), PSG_ERR_INVALID);
	assert_non_null(bad);
	assert_int_equal(psg_args_parse(1, &demand, NULL, &args, NULL), PSG_ERR_INVALID);
	assert_int_equal(psg_args_parse(0, NULL, "", &args, NULL), PSG_ERR_INVALID);
	memset(service, 'a', sizeof(service));
	service[299] = '\0';
	assert_int_equal(psg_args_parse(0, NULL, service, &args, NULL), PSG_ERR_INVALID);
	assert_int_equal(psg_args_parse(1, &demand, service, &args, NULL), PSG_OK);
}

/* Leniently: what decides about root must be known whatever else is wrong. */
static void first_of_all(void **state)
{
	struct psg_args args;
	const char *argv[] = {"even_root",      "nonsense", "store=x", "key=x",
			      "subject=caller", "prompt=x", "group=x", "after=publickey",
			      "permissive",     "enroll"};
	const char *odd[] = {"subject=nobody", "after=password", "even_root=no", "xeven_root"};

	(void)state;
	psg_args_first(10, argv, "sshd", &args);
	assert_true(args.even_root && args.subject_caller && args.after_publickey && args.enroll);
	assert_false(args.permissive);
	assert_null(args.key);
	assert_string_equal(args.demand.name, "");
	assert_string_equal(args.prompt, "Authenticator code: ");
	assert_string_equal(args.store, PSG_STORE_DEFAULT);
	/* Who asked for some method before this one is not served without. */
	psg_args_first(4, odd, "su", &args);
	assert_true(args.subject_caller && args.after_publickey);
	assert_false(args.even_root || args.enroll);
	psg_args_first(0, NULL, NULL, &args);
	assert_false(args.even_root || args.subject_caller || args.after_publickey);
	assert_int_equal(psg_args_parse(10, argv, "sshd", &args, NULL), PSG_ERR_INVALID);
	assert_true(args.even_root && args.subject_caller && args.after_publickey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults),     cmocka_unit_test(subject_by_service),
	    cmocka_unit_test(every_value),  cmocka_unit_test(every_flag),
	    cmocka_unit_test(refused),      cmocka_unit_test(too_long),
	    cmocka_unit_test(given_twice),  cmocka_unit_test(without_service),
	    cmocka_unit_test(first_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
