/* What the two kinds of source share: what is listed, and how a kind reads it. */
#ifndef PSG_METADATA_SOURCE_H
#define PSG_METADATA_SOURCE_H

#include "metadata.h"

/* Folders and passed over files too: nobody may keep psgctl walking. An archive of 10,000 files has at most a folder
 * for each, and macOS adds one for each file. */
#define PSG_SOURCE_ENTRIES_MAX 100000U
#define PSG_ZIP_ENTRIES_MAX 30000U

struct zip;

struct psg_source_entry {
	char *name;       /* from the top of the directory or archive, no '/' at the end */
	const char *path; /* in `name`: from where the package begins */
	bool folder;
	bool refused;           /* an error says why: it is never read */
	uint64_t size;          /* what is read, no more and no less */
	uint64_t device, inode; /* of a directory's file */
	uint64_t index;         /* of an archive's */
};

struct psg_source {
	/* While it is listed: all there is; then: the package's files. Sorted by name. */
	struct psg_source_entry *entries;
	size_t count;
	char *root; /* "" or ends in '/' */
	bool broken;
	bool refused;           /* an error says why */
	int directory;          /* or -1 */
	struct zip *zip;        /* or NULL */
	unsigned char *archive; /* all of the zip: nobody changes it between listing and reading */
	size_t archive_len;
};

struct psg_listing {
	struct psg_source *source;
	struct psg_report report;
	size_t walked;
	bool stopped; /* an error says why; what is listed is of no use */
};

/* -- source.c -- */

/* Adds a copy of `name`; false when out of memory. */
bool psg_listing_add(struct psg_listing *listing, const struct psg_source_entry *entry,
		     const char *name);
/* An error of the file `name` of the source, or of the whole (""). */
void psg_listing_refuse(struct psg_listing *listing, const char *name, const char *remedy,
			const char *text);

/* -- source_root.c -- */

/* Finds where the package begins, leaves its files and holds them against the limits. The entries are sorted. */
PSG_MUST_CHECK
enum psg_err psg_listing_settle(struct psg_listing *listing);

/* -- source_directory.c -- */

/* Lists source->directory. */
void psg_listing_walk(struct psg_listing *listing);
/* Appends the bytes; false when that was reported. */
bool psg_source_read_file(const struct psg_source *source, const struct psg_source_entry *entry,
			  struct psg_report *report, struct psg_buf *ret);

/* -- source_zip.c, source_zip_read.c -- */

/* Reads and lists the archive open at `fd`. INVALID: it is none. */
PSG_MUST_CHECK
enum psg_err psg_listing_unzip(struct psg_listing *listing, int fd);
/* Names that stand twice, or for a file and a folder. The entries are sorted. */
void psg_listing_refuse_doubles(struct psg_listing *listing);
/* As psg_source_read_file. */
bool psg_source_read_zipped(const struct psg_source *source, const struct psg_source_entry *entry,
			    struct psg_report *report, struct psg_buf *ret);

/* -- source_zip_end.c: before libzip sees a byte -- */

/* Offsets in an archive. */
struct psg_zip_layout {
	size_t directory, directory_end; /* the central directory */
	size_t end;                      /* the end record */
	size_t tail;                     /* where libzip begins to look for end records */
};

/* Whether the archive has one end, and a directory of bounded length that libzip may walk; what is wrong is
 * reported. */
bool psg_zip_examine(struct psg_listing *listing, struct psg_zip_layout *ret);
/* Hides from libzip what looks like an end record in the entries' bytes. */
void psg_zip_hide_ends(unsigned char *archive, const struct psg_zip_layout *layout);

/* -- source_zip_name.c -- */

/* Whether we take an entry of this name; what is wrong is reported. */
bool psg_zip_name_good(struct psg_listing *listing, const char *name);
/* Names that begin with a dot, and what macOS adds. */
bool psg_zip_name_passed(const char *name);

#endif
