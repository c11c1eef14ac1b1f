/*-------------------------------------------------------------------------
 *
 * asking.h
 *	  What may ask for the identity when it runs on another node.
 *
 * Asked before a query is planned.  Where it cannot be told: yes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ASKING_H
#define AZ_ASKING_H

#include "server/compat.h"
#include "nodes/parsenodes.h"

/* Row-level security, checks, functions and triggers of users. */
extern bool az_may_ask(Query *query);

/* May writing to that table: has it policies, or triggers of users? */
extern bool az_writing_may_ask(Oid rel);

/*
 * The same of one function: those that are declared IMMUTABLE, and those in C that
 * are not ours, do not.
 */
extern bool az_function_may_ask(Oid function);

#endif							/* AZ_ASKING_H */
