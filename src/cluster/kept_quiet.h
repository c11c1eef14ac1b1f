/*-------------------------------------------------------------------------
 *
 * kept_quiet.h
 *	  Citus does not write what it sends to nodes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEPT_QUIET_H
#define AZ_KEPT_QUIET_H

/*
 * Until the transaction ends it does not, whatever its setting says then: anybody may
 * set that one, and an assertion is sent again with each BEGIN.
 */
extern void az_keep_citus_quiet(void);

#endif							/* AZ_KEPT_QUIET_H */
