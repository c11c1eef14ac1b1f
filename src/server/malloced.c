/*-------------------------------------------------------------------------
 *
 * malloced.c
 *	  Memory of the token library (malloc) owned by a memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "server/malloced.h"

#include "utils/memutils.h"

#include "token/issuer.h"

void
az_raise_no_memory(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory")));
	pg_unreachable();
}

void
az_free_with(MemoryContext context, void (*release) (void *object), void *object)
{
	MemoryContextCallback *callback;

	if (object == NULL)
		return;
	callback = MemoryContextAllocExtended(context, sizeof(*callback),
										  MCXT_ALLOC_NO_OOM);
	if (callback == NULL)
	{
		release(object);
		az_raise_no_memory();
	}
	callback->func = release;
	callback->arg = object;
	MemoryContextRegisterResetCallback(context, callback);
}

void
az_release_json(void *json)
{
	az_json_free(json);
}

void
az_release_issuer(void *issuer)
{
	az_issuer_free(issuer);
}

void
az_release_key(void *key)
{
	az_key_free(key);
}
