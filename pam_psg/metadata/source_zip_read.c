/* A file of a zip, unpacked.
 *
 * MUST NOT trust what the archive says of itself: a file is read up to the size it was said to have, and is
 *          refused when there is more or less, or its checksum is wrong (source_zip_hostile_test: bomb, lying)
 */
#include "source.h"

#include <zip.h>

static const char *describe_damage(struct zip_file *file)
{
	switch (zip_error_code_zip(zip_file_get_error(file))) {
	case ZIP_ER_CRC:
		return "The file is damaged: its checksum is another";
	case ZIP_ER_OK:
	case ZIP_ER_EOF:
	case ZIP_ER_INCONS:
		return "The file is damaged: it unpacks to less than the zip says";
	default:
		return "The file is damaged: it cannot be unpacked";
	}
}

/* Appends what the entry holds, up to its size; false: it is not so. */
static bool unpack(struct zip_file *file, uint64_t size, struct psg_buf *ret, const char **ret_why)
{
	char bytes[16384];
	zip_int64_t got = 1;

	while (ret->len < size && got > 0 && !ret->failed) {
		uint64_t left = size - ret->len;

		got = zip_fread(file, bytes, left < sizeof(bytes) ? left : sizeof(bytes));
		if (got > 0)
			psg_buf_put(ret, bytes, (size_t)got);
	}
	/* Only at its end is the checksum compared. */
	if (got > 0)
		got = zip_fread(file, bytes, 1);
	*ret_why = got > 0 ? "The file unpacks to more than the zip says" : describe_damage(file);
	return got == 0 && ret->len == size && !ret->failed;
}

bool psg_source_read_zipped(const struct psg_source *source, const struct psg_source_entry *entry,
			    struct psg_report *report, struct psg_buf *ret)
{
	struct zip_file *file = zip_fopen_index(source->zip, entry->index, ZIP_FL_UNCHANGED);
	const char *why = "The file is damaged: it cannot be unpacked";
	bool good = file && unpack(file, entry->size, ret, &why);
	bool memory = ret->failed;

	if (file)
		(void)zip_fclose(file);
	else
		memory = zip_error_code_zip(zip_get_error(source->zip)) == ZIP_ER_MEMORY;
	if (memory)
		report->err = PSG_ERR_NO_MEMORY;
	else if (!good)
		psg_report_error(report, NULL, "Make the zip anew.", "%s", why);
	return good;
}
