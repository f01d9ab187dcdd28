#include "carried.h"

#include "psg/bytes.h"

char *carried_text(struct folk *folk, const char *subject)
{
	struct psg_carry_count count = {0};
	struct psg_buf text = {0};

	assert_int_equal(psg_people_carry(folk->store, subject, &text, &count), PSG_OK);
	return text.data;
}

void carried_take(struct folk *folk, const char *text, struct psg_carried *ret)
{
	assert_int_equal(psg_carried_parse(text, ret), PSG_OK);
	assert_int_equal(psg_carried_judge(folk->store->key, ret), PSG_OK);
}

enum psg_err carried_try(struct folk *folk, int offset)
{
	const struct psg_grant grant = folk_grant("Ops");

	return folk_try(folk, "alice", folk_code(folk, &folk->phone, offset), &grant);
}

void carried_unthrottle(struct folk *folk)
{
	assert_int_equal(psg_attempts_forgive_all(folk->store, "alice"), PSG_OK);
}
