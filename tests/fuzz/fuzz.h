/* What the fuzzers share: an input taken apart, and what must hold of it. */
#ifndef PSG_FUZZ_H
#define PSG_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_END 0x1e /* ends one part of an input; a text file may hold it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property, and not only "it did not crash". */
static inline void expect(bool held)
{
	if (!held)
		abort();
}

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* 0 at the end. */
static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* A block of its own, just as long and a NUL: reading beyond it shows. NULL: out of memory, to be passed over. */
static inline char *fuzz_copy(const void *bytes, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

/* Up to the next FUZZ_END or the end, and its length. */
static inline char *fuzz_part(struct fuzz_input *input, size_t *ret_len)
{
	const uint8_t *end = input->left ? memchr(input->at, FUZZ_END, input->left) : NULL;
	size_t len = end ? (size_t)(end - input->at) : input->left;
	char *part = fuzz_copy(input->at, len);

	input->at += len + (end != NULL);
	input->left -= len + (end != NULL);
	*ret_len = len;
	return part;
}

#endif
