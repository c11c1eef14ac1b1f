/*-------------------------------------------------------------------------
 *
 * fuzz_b64url.c
 *	  Base64url: what is decoded has one spelling, and encoding it is that.
 *
 *-------------------------------------------------------------------------
 */
#include "token/b64url.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t		most = AZ_B64URL_DECODED_MAX(size);
	size_t		longest = AZ_B64URL_ENCODED_LEN(size);
	unsigned char *bytes = malloc(most);
	char	   *text = malloc(longest + 1);
	unsigned char *back;
	size_t		len;

	HOLDS(bytes != NULL && text != NULL);
	if (az_b64url_decode((const char *) data, size, bytes, &len))
	{
		HOLDS(len <= most && AZ_B64URL_ENCODED_LEN(len) == size);
		az_b64url_encode(bytes, len, text);
		HOLDS(memcmp(text, data, size) == 0);
	}

	/* any bytes can be encoded, and come back */
	az_b64url_encode(data, size, text);
	HOLDS(strlen(text) == longest);
	back = malloc(AZ_B64URL_DECODED_MAX(longest));
	HOLDS(back != NULL && az_b64url_decode(text, longest, back, &len));
	HOLDS(len == size && memcmp(back, data, size) == 0);
	free(bytes);
	free(text);
	free(back);
	return 0;
}
