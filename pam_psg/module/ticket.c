/* The ticket that links an activation made in sshd's authentication process to its session.
 *
 * sshd's keyboard-interactive authentication runs in a forked child: of all it sets, only the PAM
 * environment reaches the session (trap 4). The ticket is a random 128-bit name, good once, for
 * 120 s, and is taken out of the environment before the user's processes see it. */
#include <security/pam_modules.h>
#include <stdio.h>
#include <string.h>

#include "module.h"

#define TICKET_NAME "PSG_TICKET"
#define TICKET_DIGITS (2 * PSG_TICKET_SIZE)

bool psg_ticket_get(pam_handle_t *pamh, uint8_t ret[static PSG_TICKET_SIZE])
{
	const char *text = pam_getenv(pamh, TICKET_NAME);

	return text && psg_hex_decode(text, ret, PSG_TICKET_SIZE) == PSG_OK;
}

enum psg_err psg_ticket_put(pam_handle_t *pamh, const uint8_t ticket[static PSG_TICKET_SIZE])
{
	char text[sizeof(TICKET_NAME) + 1 + TICKET_DIGITS] = TICKET_NAME "=";

	psg_hex_encode(ticket, PSG_TICKET_SIZE, text + sizeof(TICKET_NAME));
	int code = pam_putenv(pamh, text);

	psg_wipe(text, sizeof(text));
	return code == PAM_SUCCESS ? PSG_OK : PSG_ERR_NO_MEMORY;
}

void psg_ticket_drop(pam_handle_t *pamh)
{
	if (pam_getenv(pamh, TICKET_NAME))
		(void)pam_putenv(pamh, TICKET_NAME);
}
