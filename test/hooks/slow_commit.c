/*-------------------------------------------------------------------------
 *
 * slow_commit.c
 *	  Makes the moment long in which others see what a transaction has changed
 *	  and have not been told of it yet: for test/tap/250_snapshots.pl.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

static int	delay;				/* ms */

void		_PG_init(void);

static void
transaction_event(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT && delay > 0)
		pg_usleep(delay * 1000L);
}

void
_PG_init(void)
{
	DefineCustomIntVariable("slow_commit.delay", "How long a commit goes untold.", NULL,
							&delay, 0, 0, 10000, PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	RegisterXactCallback(transaction_event, NULL);
}
