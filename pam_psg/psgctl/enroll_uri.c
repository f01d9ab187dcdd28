/* The otpauth URI, as far as it fits. */
#include <string.h>

#include "enroll.h"
#include "psg/otpauth.h"

enum ctl_exit enroll_uri(struct enroll *enroll)
{
	struct psg_buf uri PSG_CLEANUP(psg_buf_clear) = {0};

	psg_otpauth_uri(&enroll->credential, enroll->settings.issuer, enroll->subject.name, false,
			&uri);
	if (uri.failed || uri.len >= sizeof(enroll->uri)) {
		ctl_error(enroll->ctl, "the otpauth URI would be too long; shorten the issuer");
		return CTL_INVALID;
	}
	memcpy(enroll->uri, uri.data, uri.len + 1);
	return CTL_DONE;
}
