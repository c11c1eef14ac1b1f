/*-------------------------------------------------------------------------
 *
 * audience.h
 *	  Issuers that tokens choose by their audience.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIENCE_H
#define AZ_AUDIENCE_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "token/json.h"

/*
 * The names of issuers that accept one of these audiences, a few of them at
 * most and perhaps some that do not, behind those in the list and each once.
 * aud is of any type, or NULL.  Everything is UTF-8; the names go to the
 * current context.
 */
extern List *az_add_issuers_of(List *names, const AzJson *aud);

#endif							/* AZ_AUDIENCE_H */
