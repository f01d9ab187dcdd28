/* The text of stored records: what is read is written again byte for byte, so that no two texts say one thing. The first
 * byte picks the record. */
#include "fuzz.h"

#include "psg/activation.h"
#include "psg/bytes.h"
#include "psg/record.h"

static void check_activation(const char *text)
{
	struct psg_buf again PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_activation activation = {.valid = false};
	struct psg_now now = {0};

	if (psg_activation_parse(text, &activation) != PSG_OK) {
		expect(!activation.valid);
		return;
	}
	psg_activation_encode(&activation, &again);
	expect(!again.failed && strcmp(again.data, text) == 0);
	expect(activation.valid && !activation.ended && !activation.in_session);
	expect(psg_api_name_valid(activation.target) && activation.kind != PSG_TARGET_NONE);
	expect(!(activation.has_ticket && activation.bound));
	/* Its last nanosecond is over on either clock alone. */
	now.boottime_ns = activation.created_boottime_ns;
	now.realtime_ns = activation.expires_realtime_ns;
	memcpy(now.boot_id, activation.boot_id, sizeof(now.boot_id));
	activation.in_session = true;
	expect(!psg_activation_live(&activation, &now));
	now.realtime_ns = 0;
	now.boottime_ns = activation.expires_boottime_ns;
	expect(!psg_activation_live(&activation, &now));
}

static void check_binding(const char *text)
{
	struct psg_buf again PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_binding binding;

	if (psg_binding_parse(text, &binding) != PSG_OK)
		return;
	psg_binding_encode(&binding, &again);
	expect(!again.failed && strcmp(again.data, text) == 0);
}

static void check_end(const char *text)
{
	struct psg_buf again PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_end end;

	if (psg_end_parse(text, &end) != PSG_OK)
		return;
	expect(end.reason != PSG_END_NONE);
	psg_end_encode(&end, &again);
	expect(!again.failed && strcmp(again.data, text) == 0);
}

/* Any lines by the words of the format: what the getters took is what the putters give. */
static void check_lines(const char *text)
{
	struct psg_buf again PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_record record;
	char value[64];
	uint8_t bytes[16];

	psg_record_open(&record, text, "sample");
	psg_record_begin(&again, "sample");
	while (record.err == PSG_OK && *record.at) {
		if (psg_record_next_is(&record, "hex")) {
			psg_record_get_hex(&record, "hex", bytes, sizeof(bytes));
			psg_record_put_hex(&again, "hex", bytes, sizeof(bytes));
		} else if (psg_record_next_is(&record, "number")) {
			psg_record_put_u64(&again, "number",
					   psg_record_get_u64(&record, "number", UINT64_MAX));
		} else {
			psg_record_get_text(&record, "text", value, sizeof(value));
			psg_record_put_text(&again, "text", value);
		}
	}
	if (psg_record_end(&record) == PSG_OK)
		expect(!again.failed && strcmp(again.data, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const char *text) = {check_activation, check_binding,
							   check_end, check_lines};
	char *text = size ? fuzz_copy(data + 1, size - 1) : NULL;

	if (text)
		checks[data[0] % PSG_COUNT(checks)](text);
	free(text);
	return 0;
}
