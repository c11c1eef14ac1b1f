/*-------------------------------------------------------------------------
 *
 * base.h
 *	  The login by token that the connection was opened with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_BASE_H
#define AZ_BASE_H

#include "session/adoption.h"
#include "access/xact.h"

/*
 * The login, judged or not, where it counts while the setting has no value;
 * NULL: there is none, or it does not count.  Raises nothing, reads no
 * catalog.  Lives as long as the session does.
 */
extern AzAdoption *az_base(void);

/* The same, whether or not it counts; NULL also when it was refused. */
extern AzAdoption *az_login_of_connection(void);

/*
 * Was the connection opened by a token, even one that this database refuses?
 */
extern bool az_opened_by_token(void);

static inline bool
az_is_base(const AzAdoption *adoption)
{
	return adoption != NULL && adoption->base;
}

/* It was judged, and is nobody. */
extern void az_refuse_base(void);

/*
 * R8: a login has failed, and nobody is in force until a reset or a success; no
 * rollback changes that.
 */
extern void az_suppress_base(void);

/* A reset or a success ends that, unless the subtransaction is rolled back. */
extern void az_restore_base(void);

/* Does a failed login keep it from counting? */
extern bool az_is_suppressed(void);

/*
 * Must it not come into force now, because a query that writes is running and
 * the login may be an actor's that only reads, or because an operation with
 * another role's rights is running?
 */
extern bool az_base_must_wait(void);

/*
 * The setting has got a value, or lost it.  Where it lost it at a moment at
 * which the login must not come into force, the login does not count until the
 * transaction ends or the setting changes again.
 */
extern void az_cover_base(void);
extern void az_uncover_base(bool was_covered);

/*
 * Called by the callback that tells the plans; true: the login may no longer
 * count.
 */
extern bool az_base_subtransaction_ended(SubXactEvent event, SubTransactionId mine,
										 SubTransactionId parent);

extern void az_base_transaction_ended(bool committed);

/*
 * Where dbmi_authz.login_identity is "only", and a token has opened the connection:
 * is it the same subject of the same issuer?  After az_judge_login().
 */
extern bool az_may_log_in(const AzIdentity *id);

#define AZ_OTHER_SUBJECT_MESSAGE \
	"cannot log in another subject than the one who opened the connection"
#define AZ_OTHER_SUBJECT_HINT \
	"Parameter dbmi_authz.login_identity is \"only\": connect as the other subject."

/* May be called again when it raised. */
extern void az_base_init(void);

#endif							/* AZ_BASE_H */
