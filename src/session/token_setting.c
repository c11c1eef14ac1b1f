/*-------------------------------------------------------------------------
 *
 * token_setting.c
 *	  The setting dbmi_authz.token: a raw token goes in, a label stays.
 *
 * The check hook takes a raw token, verifies it, replaces the value by a label
 * and hands the identity to core as the value's extra data; the assign hook
 * only passes the pointer on.  So transactions, savepoints, SET LOCAL, RESET
 * and DISCARD are core's own code, and the raw token can be read back nowhere.
 * set_token() works by the same hooks.
 *
 * While the library is being loaded, and until that has succeeded, nothing is
 * verified: the token itself goes along, to be judged at the first question.
 *
 * The check hook changes nothing except by a refusal (R8), because core also
 * checks values that it does not assign; these never have the session as their
 * source.
 *
 *-------------------------------------------------------------------------
 */
#include "session/token_setting.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "utils/guc.h"

#include "server/discretion.h"
#include "server/guc.h"
#include "server/report.h"
#include "server/setting.h"
#include "session/base.h"
#include "session/change.h"
#include "session/login_line.h"
#include "session/presented.h"
#include "session/received.h"
#include "session/refused_value.h"

#define TOKEN_LABEL		"token accepted"
#define UNJUDGED_LABEL	"token not verified yet"

static char *token_label;
static bool ready = false;		/* the library has been loaded */
static bool by_function = false;	/* set_token() sets it: then only a token
									 * is taken */

/* What the setting's value becomes: two allocations by az_guc_alloc(). */
typedef struct Taken
{
	AzAdoption *adoption;
	char	   *label;
} Taken;

/* What was set before the setting was defined, while core hands it on. */
static Taken *early = NULL;
static int	early_taken = 0;
static int	early_given = 0;

/*
 * A value that is not a token, while core hands it on: nobody, an identity of
 * another server, or claims that nobody has signed.
 */
static AzAdoption *handed = NULL;

static bool
is_worker(void)
{
	return InitializingParallelWorker || IsParallelWorker();
}

static void
drop(Taken *taken)
{
	az_guc_free(taken->adoption);
	az_guc_free(taken->label);
	memset(taken, 0, sizeof(*taken));
}

/* The label, for nobody yet; false when memory ran out. */
static bool
take_nobody(Taken *taken)
{
	taken->adoption = NULL;
	taken->label = az_guc_alloc(sizeof(TOKEN_LABEL));
	if (taken->label == NULL)
		return false;
	memcpy(taken->label, TOKEN_LABEL, sizeof(TOKEN_LABEL));
	return true;
}

/* False when memory did not suffice for either; then there is neither. */
static bool
take(Taken *taken, AzAdoption *adoption)
{
	bool		labelled = take_nobody(taken);

	taken->adoption = adoption;
	if (labelled && adoption != NULL)
		return true;
	drop(taken);
	return false;
}

/* A token that nobody can judge yet. */
static bool
take_unjudged(Taken *taken, const char *token, LocalTransactionId lxid)
{
	size_t		len = strlen(token);

	az_trim_token(&token, &len);
	return take(taken, az_make_unjudged(token, len, lxid));
}

/* Value and extra of the setting; both belong to core from here on. */
static bool
give(char **value, void **extra, Taken taken)
{
	explicit_bzero(*value, strlen(*value));
	az_guc_free(*value);
	*value = taken.label;
	*extra = taken.adoption;
	return true;
}

static bool
refuse_no_change(char **value, const AzNoChange *why)
{
	az_tell_refused(*value, strlen(*value), why->sqlstate, NULL, why->message);
	return az_refuse_value(value, why->sqlstate, why->message, NULL, NULL, why->hint, true);
}

static bool
give_handed(char **value, void **extra)
{
	AzAdoption *adoption = handed;
	Taken		taken;

	handed = NULL;
	return take(&taken, adoption) ?
		give(value, extra, taken) : az_refuse_for_memory(value, true);
}

/*
 * What another server hands over.  If it is refused, that is a value, too, for
 * nobody (received.c).
 */
static bool
receive(char **value, void **extra)
{
	AzAdoption *adoption = az_receive(*value, strlen(*value), AZ_ROAD_CITUS);
	Taken		taken;
	bool		done = adoption ? take(&taken, adoption) : take_nobody(&taken);

	if (done)
		return give(value, extra, taken);
	az_reject_handed(AZ_NO_MEMORY);
	return az_refuse_value(value, ERRCODE_OUT_OF_MEMORY, "out of memory", NULL, NULL,
						   NULL, true);
}

/* R8 holds where the line cannot be written, too. */
static void
log_accepted(Taken *taken)
{
	if (!az_logs_accepted())
		return;
	PG_TRY();
	{
		az_log_login_accepted(taken->adoption->identity);
	}
	PG_CATCH();
	{
		drop(taken);
		az_reject_reason(AZ_NO_MEMORY);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

static bool
judge_value(char **newval, void **extra, GucSource source)
{
	const AzNoChange *no_change;
	AzVerifiedToken verified;
	AzReason	reason;
	Taken		taken;

	verified.hint = NULL;
	if (source != PGC_S_SESSION)
		return (**newval == '\0' && source != PGC_S_TEST) ||
			az_refuse_source(newval, source);

	if (handed != NULL)
		return give_handed(newval, extra);
	if (early_given < early_taken)
		return give(newval, extra, early[early_given++]);
	if (!ready)
		return take_unjudged(&taken, *newval, az_local_xid()) ?
			give(newval, extra, taken) : az_refuse_for_memory(newval, false);
	if (!by_function && az_may_receive(*newval, strlen(*newval)))
		return receive(newval, extra);

	no_change = az_why_no_change();
	if (no_change != NULL)
		return refuse_no_change(newval, no_change);

	reason = IsTransactionState() ?
		az_verify_login(*newval, strlen(*newval), &verified) : AZ_ISSUER_UNTRUSTED;
	if (reason != AZ_OK)
	{
		const AzReasonInfo *info = az_reason_info(reason);

		az_refuse_login_for(*newval, strlen(*newval), reason);
		return az_refuse_value(newval, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
							   AZ_REFUSED_MESSAGE, info->error, info->description,
							   verified.hint ? verified.hint : info->hint, true);
	}
	no_change = az_why_not_as(verified.identity);
	if (no_change != NULL)
		return refuse_no_change(newval, no_change);
	if (!take(&taken, az_make_adoption(&verified)))
		return az_refuse_for_memory(newval, true);
	no_change = taken.adoption->read_only ? az_why_no_reader() : NULL;
	if (no_change != NULL)
	{
		drop(&taken);
		return az_refuse_reader(newval, no_change);
	}
	az_count_login(&verified);
	log_accepted(&taken);
	return give(newval, extra, taken);
}

static bool
check_token(char **newval, void **extra, GucSource source)
{
	AzDiscretion discretion;
	bool		accepted;

	/* the default; and a worker gets the label of its leader and is nobody */
	if (*newval == NULL || is_worker())
		return true;
	az_take_token(&discretion);
	az_hide_pieces(*newval, strlen(*newval));
	accepted = judge_value(newval, extra, source);
	az_discretion_end(&discretion);
	return accepted;
}

static void
assign_token(const char *newval, void *extra)
{
	AzDiscretion discretion;

	az_discretion_begin(&discretion);
	az_adopt(extra);
	az_discretion_end(&discretion);
}

/*
 * The label is shown only while somebody is in force, or may turn out to be.
 */
static const char *
show_token(void)
{
	const AzAdoption *current = az_candidate();

	if (az_is_unjudged())
		return UNJUDGED_LABEL;
	return az_identity_serial() != 0 && !current->refused ? TOKEN_LABEL : "";
}

/* Hand the raw token to the setting; check_token() does the rest. */
void
az_set_token_setting(const char *token, size_t len, bool is_local)
{
	char	   *raw = pnstrdup(token, len);

	by_function = true;
	PG_TRY();
	{
		(void) set_config_option(AZ_TOKEN_SETTING, raw, PGC_USERSET, PGC_S_SESSION,
								 is_local ? GUC_ACTION_LOCAL : GUC_ACTION_SET,
								 true, 0, false);
	}
	PG_FINALLY();
	{
		by_function = false;
		explicit_bzero(raw, len);
		pfree(raw);
	}
	PG_END_TRY();
}

/*
 * The value that the setting gets is not a token, and is replaced by the
 * label. Whatever happens, no later value finds what was meant for this one.
 */
static void
hand(AzAdoption *adoption, GucAction action)
{
	if (adoption == NULL)
		az_raise(ERRCODE_OUT_OF_MEMORY, "out of memory", NULL, NULL, NULL);
	handed = adoption;
	PG_TRY();
	{
		(void) set_config_option(AZ_TOKEN_SETTING, "no token", PGC_USERSET, PGC_S_SESSION,
								 action, true, 0, false);
	}
	PG_FINALLY();
	{
		az_guc_free(handed);
		handed = NULL;
	}
	PG_END_TRY();
}

/* What another server says, nobody included. */
void
az_set_handed(AzAdoption *adoption)
{
	hand(adoption, GUC_ACTION_LOCAL);
}

void
az_set_simulated(const AzVerifiedToken *identity)
{
	Assert(identity->simulated);
	hand(az_make_adoption(identity), GUC_ACTION_LOCAL);
}

/*
 * Back to the default, for which core calls no check hook.  Where the
 * connection was opened by a token, the default would be that login, so a
 * value for nobody is set instead.
 */
void
az_clear_token_setting(void)
{
	if (az_opened_by_token())
		hand(az_make_nobody(false), GUC_ACTION_SET);
	else
		(void) set_config_option(AZ_TOKEN_SETTING, NULL, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SET, true, 0, false);
}

/*
 * There is no default: copying one, core would end the session when memory
 * runs out.
 */
static void
define_token(void)
{
	DefineCustomStringVariable(AZ_TOKEN_SETTING,
							   "The signed token of this session.",
							   "Reading it gives a label, never the token.",
							   &token_label,
							   NULL,
							   PGC_USERSET,
							   GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_token, assign_token, show_token);
}

/* Also what an earlier attempt left behind. */
static void
drop_early(void)
{
	for (; early_given < early_taken; early_given++)
		drop(&early[early_given]);
	free(early);
	early = NULL;
	early_taken = early_given = 0;
}

/*
 * Core does not hand on that a value was reset, and would bring back the value
 * before.  Nobody is in force instead.
 */
static bool
take_early(Taken *taken, const AzEarlyValue *value)
{
	/*
	 * a value of an earlier transaction does not belong to this one
	 * (token_scope)
	 */
	LocalTransactionId lxid = value->committed ? InvalidLocalTransactionId :
		az_local_xid();

	return value->undone ? take_nobody(taken) :
		take_unjudged(taken, value->value, lxid);
}

/* False when memory ran out. */
static bool
take_all_early(const AzEarlyValue *values, int n)
{
	early = malloc(n * sizeof(*early));
	if (early == NULL)
		return false;
	for (; early_taken < n; early_taken++)
	{
		if (!take_early(&early[early_taken], &values[early_taken]))
			return false;
	}
	return true;
}

/*
 * Everything is allocated before core begins, while a lack of memory can still
 * be an error.  It is a refused login (R8) only where core itself, which says
 * so in a warning, had no memory to copy a value.
 */
static void
take_over_tokens(AzSetting *setting)
{
	AzEarlyValue *values;
	int			n = is_worker() ? 0 : az_early_values(setting->name, &values);

	drop_early();
	if (n > 0 && !take_all_early(values, n))
		az_raise(ERRCODE_OUT_OF_MEMORY, "out of memory", NULL, NULL, NULL);
	az_define_setting(setting);
	if (early_given < early_taken)
		az_refuse_login_for(NULL, 0, AZ_NO_MEMORY);
	drop_early();
}

void
az_token_setting_init(void)
{
	static AzSetting setting = {AZ_TOKEN_SETTING, PGC_USERSET, define_token, false};
	static bool reserved = false;

	if (!setting.defined)
		take_over_tokens(&setting);
	if (!reserved)
		MarkGUCPrefixReserved("dbmi_authz");
	reserved = true;
}

void
az_token_setting_ready(void)
{
	ready = true;
}
