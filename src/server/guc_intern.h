/*-------------------------------------------------------------------------
 *
 * guc_intern.h
 *	  The plain settings, for the files that define them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_GUC_INTERN_H
#define AZ_GUC_INTERN_H

#include "server/guc.h"

/* As az_guc_init(), which calls it. */
extern void az_guc_log_init(void);

#endif							/* AZ_GUC_INTERN_H */
