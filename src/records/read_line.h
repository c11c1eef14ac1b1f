/*-------------------------------------------------------------------------
 *
 * read_line.h
 *	  What a line of the record of reads says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_READ_LINE_H
#define AZ_READ_LINE_H

#include "records/read_record.h"

/* Name them, unless they are named: as the statement's own, or as nested. */
extern void az_read_name_tables(AzRead *read, const List *tables, bool nested);

/* Write it to the server's log; "runs" says that the statement has failed. */
extern void az_read_write_line(const AzRead *read);

#endif							/* AZ_READ_LINE_H */
