/*-------------------------------------------------------------------------
 *
 * trust_log_line.h
 *	  The record of the trust in the server's log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_LOG_LINE_H
#define AZ_TRUST_LOG_LINE_H

#include "server/spi.h"

/*
 * With dbmi_authz.log_trust, write the line of an entry, whose parameters these are
 * and which the last statement has returned.  It stays also where the change is
 * rolled back.
 */
extern void az_trust_log_line(const AzSpiParams *params);

#endif							/* AZ_TRUST_LOG_LINE_H */
