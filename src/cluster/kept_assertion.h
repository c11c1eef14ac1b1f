/*-------------------------------------------------------------------------
 *
 * kept_assertion.h
 *	  The assertion for the nodes of Citus, kept from transaction to
 *	  transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEPT_ASSERTION_H
#define AZ_KEPT_ASSERTION_H

#include "cluster/assertion_for.h"

/*
 * For all nodes, as az_make_assertion_for(): the next use of the one that was made
 * before, where a new one would say the same; otherwise a new one.
 */
extern AzMadeAssertion az_assertion_for_citus(void);

/*
 * Are nodes asked from now on?  Returns whether they were before, for when that is over.
 * Where an error comes in between they may not have taken it: the next one is new.
 */
extern bool az_ask_nodes(bool asks);

#endif							/* AZ_KEPT_ASSERTION_H */
