/*-------------------------------------------------------------------------
 *
 * primary_key.h
 *	  The primary key of a table, and one row named by it as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PRIMARY_KEY_H
#define AZ_PRIMARY_KEY_H

#include "server/compat.h"

#include "access/attnum.h"

/* How text becomes a value of the key's type. */
typedef enum AzKeyReader
{
	AZ_READ_TEXT,				/* it is one */
	AZ_READ_INTEGER,
	AZ_READ_UUID,
	AZ_READ_INPUT				/* by the input function, which may raise */
} AzKeyReader;

typedef struct AzPrimaryKey
{
	AttrNumber	column;
	Oid			type;
	Oid			collation;
	AzKeyReader reader;
	int16		size;			/* of an integer */
	Oid			param;			/* of the input function */
	FmgrInfo	input;
} AzPrimaryKey;

/* A row: what the caller wrote, and what it is as a value of the key's type. */
typedef struct AzRowName
{
	text	   *text;
	enum
	{
		AZ_ROW_UNREAD,			/* only the input function can tell */
		AZ_ROW_READ,
		AZ_ROW_INVALID			/* no value of the type: there is no such row */
	}			state;
	Datum		value;
} AzRowName;

/*
 * The primary key of a table; what it needs goes to the current context.
 * Raises F0000 when there is none (or no longer one), 0A000 when it has
 * several columns.
 */
extern void az_find_primary_key(Oid rel, AzPrimaryKey *key);

/* Read the row, as far as that cannot raise. */
extern void az_row_name_read(const AzPrimaryKey *key, AzRowName *row, text *text);

/* Read it by the input function; to be called in az_attempt(). */
extern void az_row_name_read_by_input(AzPrimaryKey *key, AzRowName *row);

/*
 * Does this error of reading say that the text is no value of the type?  Marks
 * the row then.
 */
extern bool az_row_name_refused(AzRowName *row, const ErrorData *error);

/* Read it whatever it takes; false when it is no value of the type. */
extern bool az_row_name_valid(AzPrimaryKey *key, AzRowName *row);

/* The table's name as SQL takes it, or its number when it is gone. */
extern char *az_table_name(Oid rel);

#endif							/* AZ_PRIMARY_KEY_H */
