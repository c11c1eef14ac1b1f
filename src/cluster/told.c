/*-------------------------------------------------------------------------
 *
 * told.c
 *	  Whom other servers have been told of, in this transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/told.h"

bool
az_knows(const AzTold *told, uint32 serial)
{
	return false;
}

void
az_note_told(AzTold *told, uint32 serial, int64 renew_at)
{
}

void
az_forget_told(AzTold *told)
{
}

void
az_told_init(void)
{
}
