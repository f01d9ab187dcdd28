/* Memory that runs out at a chosen call, for the one program that includes this. It is linked with --wrap (Makefile), so
 * that the calls of malloc and its like in our own code come here first; and as it has a malloc itself, those of the
 * libraries do, libxml2's, libzip's and libc's own. Under valgrind, which puts its malloc in the place of any, only our own
 * fail. */
#ifndef FAILING_MEMORY_H
#define FAILING_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_PUBLIC __attribute__((visibility("default")))

enum memory_failure { MEMORY_NONE_FAILED, MEMORY_OURS_FAILED, MEMORY_LIBRARYS_FAILED };

static long memory_left = -1; /* calls until one fails; negative: none does */
static enum memory_failure memory_failure;
static long memory_blocks; /* had and not given back; under valgrind none */
static bool memory_inside; /* a call of ours that was counted already */

/* The call after so many fails, and no other. */
static inline void memory_fail_after(long calls)
{
	memory_failure = MEMORY_NONE_FAILED;
	memory_left = calls;
}

/* Which failed since; from here on none does. */
static inline enum memory_failure memory_failed(void)
{
	memory_left = -1;
	return memory_failure;
}

static bool memory_fails(enum memory_failure whose)
{
	if (memory_inside || memory_left < 0 || memory_left-- > 0)
		return false;
	memory_failure = whose;
	errno = ENOMEM;
	return true;
}

/* -- everybody's; the sanitizer's own stand where it is linked, else libc's -- */

void *__interceptor_malloc(size_t size) __attribute__((weak));
void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *old, size_t size) __attribute__((weak));
void __interceptor_free(void *old) __attribute__((weak));
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

static void *memory_counted(void *block)
{
	memory_blocks += block != NULL;
	return block;
}

MEMORY_PUBLIC void *malloc(size_t size)
{
	if (memory_fails(MEMORY_LIBRARYS_FAILED))
		return NULL;
	return memory_counted(__interceptor_malloc ? __interceptor_malloc(size)
						   : __libc_malloc(size));
}

MEMORY_PUBLIC void *calloc(size_t count, size_t size)
{
	if (memory_fails(MEMORY_LIBRARYS_FAILED))
		return NULL;
	return memory_counted(__interceptor_calloc ? __interceptor_calloc(count, size)
						   : __libc_calloc(count, size));
}

MEMORY_PUBLIC void *realloc(void *old, size_t size)
{
	if (memory_fails(MEMORY_LIBRARYS_FAILED))
		return NULL;
	memory_blocks -= old != NULL;
	return memory_counted(__interceptor_realloc ? __interceptor_realloc(old, size)
						    : __libc_realloc(old, size));
}

MEMORY_PUBLIC void free(void *old)
{
	memory_blocks -= old != NULL;
	if (__interceptor_free)
		__interceptor_free(old);
	else
		__libc_free(old);
}

/* What libzip has when its own memory runs out, it leaks (zip_fopen_index, zip_close). */
MEMORY_PUBLIC const char *__lsan_default_suppressions(void);
MEMORY_PUBLIC const char *__lsan_default_suppressions(void)
{
	return "leak:libzip.so\n";
}

/* -- ours -- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

#define MEMORY_OURS(type, call)                                                                    \
	do {                                                                                       \
		type memory_ret;                                                                   \
                                                                                                   \
		if (memory_fails(MEMORY_OURS_FAILED))                                              \
			return NULL;                                                               \
		memory_inside = true;                                                              \
		memory_ret = call;                                                                 \
		memory_inside = false;                                                             \
		return memory_ret;                                                                 \
	} while (0)

void *__wrap_malloc(size_t size)
{
	MEMORY_OURS(void *, __real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	MEMORY_OURS(void *, __real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	MEMORY_OURS(void *, __real_realloc(old, size));
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	MEMORY_OURS(void *, __real_reallocarray(old, count, size));
}

char *__wrap_strdup(const char *text)
{
	MEMORY_OURS(char *, __real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t len)
{
	MEMORY_OURS(char *, __real_strndup(text, len));
}

#endif
