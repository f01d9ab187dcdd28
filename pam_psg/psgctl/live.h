/* Activations as an administrator sees them: from outside every session. */
#ifndef PSGCTL_LIVE_H
#define PSGCTL_LIVE_H

#include "psgctl.h"

/* Whether an activation still opens something for somebody: not over by clock or end, and, tied to a session, its
 * leader lives, or it may still meet its session. Errors: PROC. */
PSG_MUST_CHECK
enum psg_err ctl_live(const struct psg_store *store, const struct psg_activation *activation,
		      const struct psg_now *now, bool *ret);
/* A person's activations as they count: held to the policy that is in force. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err ctl_live_list(struct ctl *ctl, const char *subject, const struct psg_now *now,
			   struct psg_activations *ret);
/* Over by the clocks (or by a reboot), and nobody wrote so yet. */
bool ctl_lapsed(const struct psg_activation *activation, const struct psg_now *now);
/* Its login closed it, and what that left behind has time still: worth another end. */
bool ctl_closed_early(const struct psg_activation *activation, const struct psg_now *now);
/* Of all that notice a lapse one makes its end, and that one logs it. */
PSG_MUST_CHECK
enum psg_err ctl_write_lapse(struct ctl *ctl, const char *subject,
			     const struct psg_activation *activation);
/* Somebody may hold a device that is taken away: ends what it opened, and may be opening now, of each that `which` names
 * (recovery codes come with the device ""). *ret_ended counts those that were live. */
typedef bool ctl_device_fn(const void *arg, const char *device);
PSG_MUST_CHECK
enum psg_err ctl_end_opened(struct ctl *ctl, const char *subject, ctl_device_fn *which,
			    const void *arg, size_t *ret_ended);
/* Names its session: "" for the Host, "pending" before it met one. */
void ctl_live_session(const struct psg_activation *activation,
		      char out[static PSG_SESSION_ID_SIZE]);
/* The API's object: id, userName, permissionSetGroup or permissionSet, … */
json_t *ctl_live_json(const char *subject, const struct psg_activation *activation);
/* An event about an activation. */
void ctl_live_event(struct ctl *ctl, enum psg_event_kind kind, const char *subject,
		    const struct psg_activation *activation, const char *reason);

#endif
