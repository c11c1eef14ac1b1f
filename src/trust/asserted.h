/*-------------------------------------------------------------------------
 *
 * asserted.h
 *	  An identity that another server of the cluster hands over to this session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ASSERTED_H
#define AZ_ASSERTED_H

#include "server/compat.h"
#include "token/assertion.h"
#include "trust/cache.h"
#include "trust/challenge.h"

/*
 * Is this a connection on which assertions are taken: was it authenticated as
 * dbmi_authz.cluster_role, or as a member of that role?  Inside a transaction.
 */
extern bool az_takes_assertions(void);

/*
 * The destination that an assertion for this database must name, in UTF-8;
 * palloc'd: one server and database ("<system identifier>/<database>"), or all
 * nodes of a Citus cluster ("citus/<database>").
 */
extern char *az_destination_here(void);
extern char *az_destination_of_citus(void);

/* Does the text claim to be an assertion?  As az_is_assertion(). */
extern bool az_asserts(const char *text, size_t len);

/* What is taken on one road is not taken on the other. */
typedef enum AzRoad
{
	AZ_ROAD_CITUS,				/* SET: for all nodes, with a nonce of its
								 * sender */
	AZ_ROAD_FOREIGN				/* authz.hand_over: for this server, with a challenge */
} AzRoad;

/*
 * Verify what was handed over on that road.  AZ_OK:  "verified" is to be
 * adopted for the transaction alone; "stored" lives as long as the identity
 * does.  Otherwise as az_verify_token().
 */
extern AzReason az_verify_asserted(const char *token, size_t len, int64 now, AzRoad road,
								   AzVerifiedToken *verified);

#endif							/* AZ_ASSERTED_H */
