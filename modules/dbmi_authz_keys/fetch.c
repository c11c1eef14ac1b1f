/*-------------------------------------------------------------------------
 *
 * fetch.c
 *	  One answer of the web, within the rules.
 *
 * Nothing raises in a callback of libcurl, and what it calls back with is malloc'ed.
 * It may resolve names in a thread of its own, which must get no signal of ours: they
 * are blocked wherever it may start one.
 *
 *-------------------------------------------------------------------------
 */
#include "fetch.h"

#include <curl/curl.h>
#include <signal.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "storage/latch.h"

#include "address.h"
#include "neighbour.h"
#include "settings.h"

/* How long an end of the process, or a DROP DATABASE, may go unnoticed. */
#define LOOK_UP_MS		50

/* Bytes of headers; some versions of libcurl keep them all, however many come. */
#define MAX_HEADER		(256 * 1024)

typedef struct Fetch
{
	bool		any_address;	/* the host is listed, or it is the proxy's */
	bool		forbidden;		/* an address was refused */
	bool		too_large;
	bool		no_memory;
	char	   *body;			/* malloc'ed */
	size_t		len;
	size_t		size;
	size_t		header_len;		/* of all answers, those on the way included */
	AzFreshness freshness;
} Fetch;

static const char *const words[] = {
	[AZ_FETCHED] = NULL,
	[AZ_TIMEOUT] = "timeout",
	[AZ_UNREACHABLE] = "unreachable",
	[AZ_CERTIFICATE] = "certificate",
	[AZ_PROXY] = "proxy",
	[AZ_HTTP_STATUS] = "http_status",
	[AZ_REDIRECT] = "redirect",
	[AZ_TOO_LARGE] = "too_large",
	[AZ_NOT_JSON] = "not_json",
	[AZ_WRONG_ISSUER] = "wrong_issuer",
	[AZ_NO_JWKS_URI] = "no_jwks_uri",
	[AZ_FORBIDDEN_URL] = "forbidden_url",
	[AZ_FORBIDDEN_HOST] = "forbidden_host",
	[AZ_FORBIDDEN_ADDRESS] = "forbidden_address",
	[AZ_REFUSED_KEYS] = "refused_keys",
	[AZ_INTERNAL] = "internal",
	[AZ_UNCHANGED] = NULL,
	[AZ_GIVEN_UP] = NULL
};

const char *
az_outcome_word(AzOutcome outcome)
{
	return words[outcome];
}

bool
az_fetch_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* ---- callbacks ---- */

/*
 * The very address that is connected to, whatever a name stood for a moment ago: what
 * is looked up twice may differ.
 */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	Fetch	   *fetch = arg;

	if (!fetch->any_address && !az_address_is_public(&address->addr))
	{
		fetch->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool
make_room(Fetch *fetch, size_t more)
{
	size_t		size = Max(fetch->size * 2, fetch->len + more + 1);
	char	   *body;

	if (fetch->len + more + 1 <= fetch->size)
		return true;
	body = realloc(fetch->body, size);
	if (body == NULL)
		return false;
	fetch->body = body;
	fetch->size = size;
	return true;
}

static size_t
take_body(char *data, size_t one, size_t len, void *arg)
{
	Fetch	   *fetch = arg;

	fetch->too_large = len > (size_t) az_keys_max_size * 1024 - fetch->len;
	if (fetch->too_large)
		return 0;
	fetch->no_memory = !make_room(fetch, len);
	if (fetch->no_memory)
		return 0;
	memcpy(fetch->body + fetch->len, data, len);
	fetch->len += len;
	fetch->body[fetch->len] = '\0';
	return len;
}

/* A new answer begins with its status; only the last one counts. */
static size_t
take_header(char *line, size_t one, size_t len, void *arg)
{
	Fetch	   *fetch = arg;

	fetch->header_len += len;
	fetch->too_large = fetch->header_len > MAX_HEADER;
	if (fetch->too_large)
		return 0;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		az_freshness_init(&fetch->freshness);
	az_freshness_take(&fetch->freshness, line, len);
	return len;
}

/* ---- what is asked for ---- */

/* libcurl has the protocols by their names since 7.85. */
#if LIBCURL_VERSION_NUM >= 0x075500
#define PROTOCOLS			CURLOPT_PROTOCOLS_STR
#define HTTP_AND_HTTPS		"http,https"
#else
#define PROTOCOLS			CURLOPT_PROTOCOLS
#define HTTP_AND_HTTPS		((long) (CURLPROTO_HTTP | CURLPROTO_HTTPS))
#endif

/* false: libcurl cannot keep one of the rules, so nothing is asked. */
static bool
set_rules(CURL *curl, Fetch *fetch, const char *url)
{
	return curl_easy_setopt(curl, PROTOCOLS, HTTP_AND_HTTPS) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, fetch) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
		(*az_keys_ca_file == '\0' ||
		 curl_easy_setopt(curl, CURLOPT_CAINFO, az_keys_ca_file) == CURLE_OK) &&
	/* "": none, not that of the environment either */
		curl_easy_setopt(curl, CURLOPT_PROXY, az_keys_proxy) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "") == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK;
}

static bool
set_limits(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075700
	/* do not wait for a name to be resolved; an older libcurl does */
	(void) curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
	return curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long) az_keys_timeout) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long) az_keys_timeout) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, az_keys_max_size * 1024L) == CURLE_OK;
}

static bool
set_taking(CURL *curl, Fetch *fetch)
{
	return curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_HEADERDATA, fetch) == CURLE_OK;
}

/* false where memory ran out; the list is the caller's to free in any case. */
static bool
set_header(CURL *curl, const char *etag, struct curl_slist **list)
{
	char		line[AZ_ETAG_MAX + 20];

	*list = curl_slist_append(NULL, "Accept: application/json");
	if (*list && *etag)
	{
		struct curl_slist *longer;

		snprintf(line, sizeof(line), "If-None-Match: %s", etag);
		longer = curl_slist_append(*list, line);
		if (longer == NULL)
			return false;
		*list = longer;
	}
	return *list && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *list) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_USERAGENT, "dbmi_authz_keys") == CURLE_OK;
}

/* ---- what came of it ---- */

static AzOutcome
outcome_of_failure(CURLcode code, const Fetch *fetch)
{
	if (fetch->no_memory)
		return AZ_INTERNAL;
	if (fetch->too_large)
		return AZ_TOO_LARGE;
	switch (code)
	{
		case CURLE_OPERATION_TIMEDOUT:
			return AZ_TIMEOUT;
		case CURLE_FILESIZE_EXCEEDED:
			return AZ_TOO_LARGE;
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_ISSUER_ERROR:
		case CURLE_SSL_CONNECT_ERROR:
			return AZ_CERTIFICATE;
		case CURLE_COULDNT_RESOLVE_PROXY:
#if LIBCURL_VERSION_NUM >= 0x074900
		case CURLE_PROXY:
#endif
			return AZ_PROXY;
		case CURLE_OUT_OF_MEMORY:
		case CURLE_FAILED_INIT:
		case CURLE_SSL_CACERT_BADFILE:
		case CURLE_SSL_ENGINE_INITFAILED:
			return AZ_INTERNAL;
		default:
			if (fetch->forbidden)
				return AZ_FORBIDDEN_ADDRESS;
			return *az_keys_proxy ? AZ_PROXY : AZ_UNREACHABLE;
	}
}

static AzOutcome
outcome_of_status(long status, const char *etag)
{
	if (status == 200)
		return AZ_FETCHED;
	if (status == 304 && *etag)
		return AZ_UNCHANGED;
	if (status == 407)
		return AZ_PROXY;
	return status >= 300 && status < 400 && status != 304 ? AZ_REDIRECT : AZ_HTTP_STATUS;
}

static AzOutcome
outcome_of(CURL *curl, CURLcode code, const Fetch *fetch, const char *etag, AzAnswer *answer)
{
	long		status = 0;

	if (code != CURLE_OK)
	{
		snprintf(answer->detail, sizeof(answer->detail), "%s", curl_easy_strerror(code));
		return outcome_of_failure(code, fetch);
	}
	(void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		snprintf(answer->detail, sizeof(answer->detail), "HTTP status %ld", status);
	return outcome_of_status(status, etag);
}

/* ---- the transfer ---- */

/* The next step, in which a thread may begin; it inherits what is blocked. */
static CURLMcode
perform(CURLM *multi, int *running)
{
	sigset_t	all;
	sigset_t	before;
	CURLMcode	code;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	code = curl_multi_perform(multi, running);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

/* An end of the process leaves by longjmp, and takes libcurl's memory along. */
static bool
transfer(CURLM *multi, CURLcode *result, bool *given_up)
{
	int			running = 1;
	int			left;
	CURLMsg    *message;

	for (;;)
	{
		if (perform(multi, &running) != CURLM_OK)
			return false;
		if (running == 0)
			break;
		if (curl_multi_poll(multi, NULL, 0, LOOK_UP_MS, NULL) != CURLM_OK)
			return false;
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		*given_up = az_database_is_needed();
		if (*given_up)
			return true;
	}
	message = curl_multi_info_read(multi, &left);
	if (message == NULL || message->msg != CURLMSG_DONE)
		return false;
	*result = message->data.result;
	return true;
}

static AzOutcome
run(CURL *curl, CURLM *multi, Fetch *fetch, const char *etag, AzAnswer *answer)
{
	CURLcode	code = CURLE_FAILED_INIT;
	bool		given_up = false;
	bool		ended;

	if (curl_multi_add_handle(multi, curl) != CURLM_OK)
		return AZ_INTERNAL;
	ended = transfer(multi, &code, &given_up);
	(void) curl_multi_remove_handle(multi, curl);
	if (given_up)
		return AZ_GIVEN_UP;
	return ended ? outcome_of(curl, code, fetch, etag, answer) : AZ_INTERNAL;
}

static AzOutcome
run_with_rules(Fetch *fetch, const char *url, const char *etag, AzAnswer *answer)
{
	CURL	   *curl = curl_easy_init();
	CURLM	   *multi = curl_multi_init();
	struct curl_slist *header = NULL;
	AzOutcome	outcome = AZ_INTERNAL;

	if (curl && multi && set_rules(curl, fetch, url) && set_limits(curl) &&
		set_taking(curl, fetch) && set_header(curl, etag, &header))
		outcome = run(curl, multi, fetch, etag, answer);
	curl_easy_cleanup(curl);
	if (multi)
		(void) curl_multi_cleanup(multi);
	curl_slist_free_all(header);
	return outcome;
}

/* From malloc'ed memory to ours. */
static void
take_answer(Fetch *fetch, AzAnswer *answer)
{
	answer->body = palloc_extended(fetch->len + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
	answer->len = fetch->len;
	if (answer->body && fetch->len > 0)
		memcpy(answer->body, fetch->body, fetch->len);
	if (answer->body)
		answer->body[fetch->len] = '\0';
}

AzOutcome
az_fetch(const char *url, const char *issuer, const char *etag, AzAnswer *answer)
{
	AzUrlRules	rules = az_keys_rules();
	AzUrlVerdict verdict = az_url_judge(url, issuer, &rules);
	Fetch		fetch = {0};
	AzOutcome	outcome;

	memset(answer, 0, sizeof(*answer));
	if (verdict == AZ_URL_FORBIDDEN)
		return AZ_FORBIDDEN_URL;
	if (verdict == AZ_URL_FORBIDDEN_HOST)
		return AZ_FORBIDDEN_HOST;
	fetch.any_address = verdict == AZ_URL_LISTED;
	az_freshness_init(&fetch.freshness);
	outcome = run_with_rules(&fetch, url, etag, answer);
	if (outcome == AZ_FETCHED)
		take_answer(&fetch, answer);
	answer->freshness = fetch.freshness;
	free(fetch.body);
	return outcome == AZ_FETCHED && answer->body == NULL ? AZ_INTERNAL : outcome;
}
