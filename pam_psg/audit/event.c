/* What each event is called and how loud it is. */
#include "psg/event.h"

#include <syslog.h>

static const struct {
	const char *name;
	int priority;
} kinds[PSG_EVENT_COUNT] = {
    [PSG_EVENT_ERROR] = {"Error", LOG_ERR},
    [PSG_EVENT_ACTIVATED] = {"Activated", LOG_NOTICE},
    [PSG_EVENT_RENEWED] = {"Renewed", LOG_NOTICE},
    [PSG_EVENT_BOUND] = {"Bound", LOG_INFO},
    [PSG_EVENT_REFUSED] = {"Refused", LOG_NOTICE},
    [PSG_EVENT_WOULD_REFUSE] = {"WouldRefuse", LOG_WARNING},
    [PSG_EVENT_WRONG_CODE] = {"WrongCode", LOG_WARNING},
    [PSG_EVENT_REPLAYED] = {"Replayed", LOG_WARNING},
    [PSG_EVENT_THROTTLED] = {"Throttled", LOG_WARNING},
    [PSG_EVENT_MALFORMED] = {"Malformed", LOG_NOTICE},
    [PSG_EVENT_LAPSED] = {"Lapsed", LOG_INFO},
    [PSG_EVENT_ENDED] = {"Ended", LOG_INFO},
    [PSG_EVENT_NOT_LENT] = {"NotLent", LOG_WARNING},
    [PSG_EVENT_RECOVERY_USED] = {"RecoveryUsed", LOG_WARNING},
    [PSG_EVENT_INITIALIZED] = {"Initialized", LOG_NOTICE},
    [PSG_EVENT_DEPLOYED] = {"Deployed", LOG_NOTICE},
    [PSG_EVENT_ASSIGNED] = {"Assigned", LOG_NOTICE},
    [PSG_EVENT_UNASSIGNED] = {"Unassigned", LOG_NOTICE},
    [PSG_EVENT_ENROLLED] = {"Enrolled", LOG_NOTICE},
    [PSG_EVENT_UNENROLLED] = {"Unenrolled", LOG_NOTICE},
    [PSG_EVENT_UNLOCKED] = {"Unlocked", LOG_NOTICE},
    [PSG_EVENT_RECOVERY_MADE] = {"RecoveryMade", LOG_NOTICE},
    /* A door opened without a code. */
    [PSG_EVENT_GRANTED] = {"Granted", LOG_WARNING},
    [PSG_EVENT_DEACTIVATED] = {"Deactivated", LOG_NOTICE},
    [PSG_EVENT_BACKED_UP] = {"BackedUp", LOG_NOTICE},
    /* What people could do by it is another thing from now on. */
    [PSG_EVENT_RESTORED] = {"Restored", LOG_WARNING},
    [PSG_EVENT_SESSION_ENDED] = {"SessionEnded", LOG_NOTICE},
};

const char *psg_event_name(enum psg_event_kind kind)
{
	size_t index = (size_t)kind;

	return index < PSG_EVENT_COUNT ? kinds[index].name : "Error";
}

int psg_event_priority(enum psg_event_kind kind)
{
	size_t index = (size_t)kind;

	return index < PSG_EVENT_COUNT ? kinds[index].priority : LOG_ERR;
}
