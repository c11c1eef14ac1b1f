/*-------------------------------------------------------------------------
 *
 * refresh.h
 *	  The keys of one issuer, fetched and stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_REFRESH_H
#define AZ_KEYS_REFRESH_H

#include "store.h"

/*
 * Fetch and store them, unless somebody else is at it, and say what came of it: in
 * the table, on the board, in the log.  wished: a session waits.  False: to be left,
 * since somebody needs the database for himself.
 */
extern bool az_refresh(const AzSource *source, bool wished);

#endif							/* AZ_KEYS_REFRESH_H */
