#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_sample.h"

int policy_sample_make_sound(void **state)
{
	struct policy_sample_sound *sound = calloc(1, sizeof(*sound));

	if (!sound || psg_folder_open_memory(NULL, &sound->root))
		return -1;
	policy_sample_write(sound->root, 7);
	sound->bytes = policy_sample_bytes(sound->root, &sound->len);
	policy_sample_answers(sound->root, &sound->answers);
	policy_sample_lists(sound->root, &sound->lists);
	*state = sound;
	return 0;
}

int policy_sample_free_sound(void **state)
{
	struct policy_sample_sound *sound = *state;

	psg_folder_release(&sound->root);
	free(sound->bytes);
	psg_strings_clear(&sound->answers);
	psg_strings_clear(&sound->lists);
	free(sound);
	return 0;
}

/* Every answer is the sound one or an error. Returns how many are errors. */
size_t policy_sample_sound_or_error(const struct psg_strings *found,
				    const struct psg_strings *sound, size_t where)
{
	size_t errors = 0;

	if (found->count == 0)
		return sound->count;
	assert_int_equal(found->count, sound->count);
	for (size_t i = 0; i < found->count; i++) {
		if (strcmp(found->items[i], POLICY_SAMPLE_ERROR) == 0)
			errors++;
		else if (strcmp(found->items[i], sound->items[i]) != 0)
			fail_msg("damage at %zu: '%s' instead of '%s'", where, found->items[i],
				 sound->items[i]);
	}
	return errors;
}

char *policy_sample_find(struct policy_sample_sound *sound, const char *key)
{
	char *found = memmem(sound->bytes, sound->len, key, strlen(key));

	assert_non_null(found);
	return found + strlen(key);
}
