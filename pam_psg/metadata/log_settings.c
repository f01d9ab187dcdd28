/* What the settings say of the log. */
#include "metadata.h"

#include "psg/log.h"
#include "psg/policy.h"

#define MIB (UINT64_C(1024) * 1024)

enum psg_err psg_log_settings(struct psg_policy *policy, struct psg_log_retention *ret)
{
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) = NULL;
	struct psg_xml_fault fault;
	enum psg_err err = psg_policy_document(policy, "Settings", "Gate", &document);

	if (!err)
		err = psg_xml_read(document.bytes, document.len, &xml, &fault);
	if (err && err != PSG_ERR_NOT_FOUND)
		return err == PSG_ERR_INVALID ? PSG_ERR_CORRUPT : err;
	*ret = (struct psg_log_retention){.age_s = PSG_LOG_AGE_S, .size = PSG_LOG_MIB * MIB};
	if (xml) {
		ret->age_s = psg_value_duration(xml->root, "logRetention", PSG_LOG_AGE_S);
		ret->size = psg_value_number(xml->root, "logMaximumSize", PSG_LOG_MIB) * MIB;
	}
	return PSG_OK;
}
