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

/*
 * Is this a connection on which assertions are taken: was it authenticated as
 * dbmi_authz.cluster_role, or as a member of that role?
 */
extern bool az_takes_assertions(void);

/*
 * Who an assertion may be for, when this database takes it, in UTF-8; palloc'd:
 * one server and database ("<system identifier>/<database>"), or all nodes of a
 * Citus cluster ("citus/<database>").
 */
extern char *az_destination_here(void);
extern char *az_destination_of_citus(void);

/*
 * A nonce for the assertion that this session is going to be given in this
 * transaction; palloc'd.  Good for one assertion.
 */
extern char *az_new_challenge(void);

/* A nonce for assertions to all nodes of a cluster: no two are the same; palloc'd. */
extern char *az_new_nonce(void);

/*
 * Verify what was handed over.  AZ_OK: "verified" is who to adopt, for the transaction alone.  As
 * az_verify_token() otherwise; is not remembered.
 */
extern AzReason az_verify_asserted(const char *token, size_t len, int64 now,
								   AzVerifiedToken *verified, char **stored);

#endif							/* AZ_ASSERTED_H */
