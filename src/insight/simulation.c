/*-------------------------------------------------------------------------
 *
 * simulation.c
 *	  Identities from claims that nobody has verified.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/simulation.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "server/datum.h"
#include "server/encoding.h"
#include "server/log_json.h"
#include "server/report.h"
#include "trust/issuer_row.h"

const char *
az_issuer_argument(text *issuer)
{
	int			len;
	const char *name = az_to_utf8(VARDATA_ANY(issuer), VARSIZE_ANY_EXHDR(issuer), &len);

	if (name == NULL || !az_is_issuer(name))
		az_raise_no_issuer(issuer);
	return name;
}

/* Nothing in the error comes from the claims. */
pg_noreturn static void
raise_unread(AzReason reason, const char *hint)
{
	const AzReasonInfo *info = az_reason_info(reason);

	if (hint == NULL)
		hint = info->hint;
	if (reason == AZ_NO_MEMORY || reason == AZ_CRYPTO_FAILURE)
		az_raise(ERRCODE_OUT_OF_MEMORY, "out of memory", NULL, NULL, NULL);
	if (reason == AZ_PAYLOAD_JSON)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the claims are not a JSON object"),
				 errdetail("No member of it occurs twice, and no string holds U+0000.")));
	if (reason == AZ_NOT_INSTALLED || reason == AZ_ISSUER_UNTRUSTED ||
		reason == AZ_ISSUER_AMBIGUOUS)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the claims choose no issuer"),
				 errhint("%s  Or pass its name as the argument \"issuer\".", hint)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the claims cannot be read: %s", info->description),
			 hint ? errhint("%s", hint) : 0));
}

void
az_claims_argument(const text *claims, const char *issuer, AzVerifiedToken *identity)
{
	AzReason	reason;
	const char *utf8;
	int			len;

	if (claims == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the claims are NULL")));
	utf8 = az_to_utf8(VARDATA_ANY(claims), VARSIZE_ANY_EXHDR(claims), &len);
	identity->hint = NULL;
	reason = utf8 ? az_simulate_claims(utf8, len, issuer, identity) : AZ_PAYLOAD_JSON;
	if (reason != AZ_OK)
		raise_unread(reason, identity->hint);
}

text *
az_subject_of(const AzIdentity *id)
{
	const AzNode *subject = az_scalar_or_null(&id->subject);

	if (subject == NULL)
		subject = az_scalar_or_null(&id->user_id);
	return subject ? DatumGetTextPP(az_text_datum(id, subject)) : NULL;
}

static void
add_role(StringInfo line, const char *name, Oid role)
{
	const char *role_name = GetUserNameFromId(role, true);

	az_add_to_line(line, name, role_name, role_name ? strlen(role_name) : 0);
}

void
az_begin_line(StringInfo line)
{
	initStringInfo(line);
	appendStringInfoChar(line, '{');
	add_role(line, "session_user", GetSessionUserId());
	add_role(line, "role", GetUserId());
}

void
az_add_to_line(StringInfo line, const char *name, const char *value, size_t len)
{
	az_log_json_name(line, name);
	az_log_json_string(line, value, len, AZ_MAX_LOGGED_BYTES);
}

void
az_log_line(StringInfo line, const char *what)
{
	appendStringInfoChar(line, '}');
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("%s: %s", what, line->data),
			 errhidestmt(true),
			 errhidecontext(true)));
}
