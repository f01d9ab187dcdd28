/* A new authenticator in a conversation: its key made, shown, and one code of it asked for.
 *
 * MUST NOT: log the secret, nor leave it in memory.
 * MUST NOT: load libqrencode into a host where nobody enrols (tests/hosts/test_artifact.py). */
#include <dlfcn.h>
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

#include "module.h"
#include "psg/otpauth.h"

#define SECRET_SIZE 20
#define PROMPT_SIZE 512 /* PAM_MAX_MSG_SIZE */
#define QUIET                                                                                      \
	2 /* half of what ISO/IEC 18004 wants, and qrencode's own on a terminal: 24 lines must do */
#define WIDTH_MAX 80 /* of a terminal */

enum psg_err psg_new_credential(struct psg_request *req, struct psg_credential *ret)
{
	struct psg_now now;
	uint8_t id[(PSG_CREDENTIAL_ID_SIZE - 1) / 2];
	enum psg_err err = psg_clock_now(&req->store->clock, &now);

	if (err)
		return err;
	/* SHA1, 6 digits, 30 s: what every phone app takes. */
	*ret = (struct psg_credential){
	    .algorithm = PSG_SHA1,
	    .digits = 6,
	    .period_s = 30,
	    .created_realtime_s = now.realtime_ns / PSG_NS_PER_S,
	    .secret_len = SECRET_SIZE,
	};
	psg_random(id, sizeof(id));
	psg_hex_encode(id, sizeof(id), ret->id);
	psg_random(ret->secret, ret->secret_len);
	req->code_digits = ret->digits;
	return PSG_OK;
}

/* -- the picture -- */

/* libqrencode, loaded for as long as a picture is drawn. It leaves no thread, key or handler behind. */
struct encoder {
	void *library;
	QRcode *(*encode)(const char *text, int version, QRecLevel level);
	void (*release)(QRcode *code);
	QRcode *code;
};

static void encoder_clear(struct encoder *encoder)
{
	if (encoder->code) {
		psg_wipe(encoder->code->data,
			 (size_t)(encoder->code->width * encoder->code->width));
		encoder->release(encoder->code);
	}
	if (encoder->library)
		dlclose(encoder->library);
}

/* False: not installed, or no memory for it. The key can be typed. */
static bool encode(const char *uri, struct encoder *encoder)
{
	encoder->library = dlopen("libqrencode.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!encoder->library)
		return false;
	*(void **)&encoder->encode = dlsym(encoder->library, "QRcode_encodeString8bit");
	*(void **)&encoder->release = dlsym(encoder->library, "QRcode_free");
	if (!encoder->encode || !encoder->release)
		return false;
	/* Level L: nothing dirties a screen, and fewer modules are larger modules. */
	encoder->code = encoder->encode(uri, 0, QR_ECLEVEL_L);
	return encoder->code != NULL;
}

/* A line a message: one message must not be longer than PAM_MAX_MSG_SIZE. Without colours: ssh shows none that a server
 * sends before the login, and apps read light on dark too. */
static void show_lines(struct psg_request *req, const QRcode *code)
{
	const struct psg_qr qr = {.modules = code->data, .width = code->width, .quiet = QUIET};
	int size = qr.width + 2 * QUIET;

	for (int y = 0; y < size && size <= WIDTH_MAX; y += 2) {
		struct psg_buf line PSG_CLEANUP(psg_buf_clear) = {0};

		psg_qr_line(&qr, y, &line);
		if (line.failed)
			return;
		psg_tell(req, "%s", line.data);
	}
}

void psg_show_new(struct psg_request *req, const struct psg_credential *credential,
		  const char *issuer)
{
	struct psg_buf uri PSG_CLEANUP(psg_buf_clear) = {0};
	struct encoder encoder PSG_CLEANUP(encoder_clear) = {.library = NULL};

	psg_otpauth_uri(credential, issuer, req->subject.name, true, &uri);
	if (uri.failed)
		return;
	if (encode(uri.data, &encoder))
		show_lines(req, encoder.code);
	else
		psg_tell(req, "%s", uri.data);
}

/* -- the key -- */

/* In fours: the form in which people type it over without losing the line. */
static enum psg_err group_key(const struct psg_credential *credential,
			      char out[static 3 * PSG_SECRET_MAX])
{
	char key[2 * PSG_SECRET_MAX];
	size_t len = 0;
	enum psg_err err =
	    psg_base32_encode(credential->secret, credential->secret_len, key, sizeof(key));

	for (size_t i = 0; !err && key[i]; i++) {
		if (i && i % 4 == 0)
			out[len++] = ' ';
		out[len++] = key[i];
	}
	out[len] = '\0';
	psg_wipe(key, sizeof(key));
	return err;
}

/* The key stands in the prompt: a text of its own would be lost under PAM_SILENT or `quiet`, and the
 * person asked for a code of a key never seen. */
enum psg_err psg_ask_new(struct psg_request *req, const struct psg_credential *credential,
			 bool again, char code[static PSG_CODE_DIGITS_MAX + 1])
{
	char *answer PSG_CLEANUP(psg_answer_free) = NULL;
	char key[3 * PSG_SECRET_MAX], prompt[PROMPT_SIZE];
	enum psg_err err = group_key(credential, key);

	if (err)
		return err;
	if (again)
		snprintf(prompt, sizeof(prompt), "That is not its code now. Code it shows: ");
	else
		snprintf(prompt, sizeof(prompt),
			 "Key (time-based, 6 digits): %s\n"
			 "Code it shows now: ",
			 key);
	err = psg_prompt(req, req->args.echo, prompt, &answer);
	psg_wipe(key, sizeof(key));
	psg_wipe(prompt, sizeof(prompt));
	if (!err && !*answer)
		err = PSG_ERR_CANCELLED;
	return err ? err : psg_code_normalize(answer, code);
}
