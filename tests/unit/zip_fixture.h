/* Zips built byte by byte, right or wrong, and read as packages. */
#ifndef ZIP_FIXTURE_H
#define ZIP_FIXTURE_H

#include "psg/bytes.h"
#include "psg/metadata.h"

#include "metadata_fixture.h"

struct zip_entry {
	const char *name;
	size_t name_len;     /* 0: to its NUL */
	const char *local;   /* another, as long, before the bytes; may be NULL */
	const char *unicode; /* another in the directory's Unicode Path; may be NULL */
	const char *bytes;
	size_t len;      /* 0: to the NUL */
	unsigned method; /* 0 stored; 8 packed by deflate; others: stored, and said to be so */
	unsigned flags;  /* 1: encrypted */
	uint32_t mode;   /* Unix */
	const char *
	    packed; /* the bytes as they are in the archive, where the method would not make them */
	size_t packed_len;
	uint32_t declared;    /* size unpacked as both headers have it; 0: as it is */
	uint32_t wrong_check; /* added to the CRC */
};

/* Appends the archive, without a comment. */
void zip_build(const struct zip_entry *entries, size_t count, struct psg_buf *out);
/* The bytes that deflate to `megabytes` MiB of zeros. */
void zip_build_bomb(size_t megabytes, struct psg_buf *out);
/* Opens the bytes as a file of memory. */
enum psg_err zip_open_source(const void *bytes, size_t len, struct psg_problems *problems,
			     struct psg_source **ret);
/* Lists and reads everything: `path=bytes`, one a line; the problems are sorted. */
void zip_read_all(const void *bytes, size_t len, struct psg_problems *problems,
		  struct psg_buf *ret_text);
/* What opening and reading these bytes comes to: the one problem. */
void zip_expect_bytes(const struct psg_buf *archive, const char *problem);
/* The only problem of an archive of these entries, and nothing is read from the faulty. */
void zip_expect(const struct zip_entry *entries, size_t count, const char *problem);

#endif
