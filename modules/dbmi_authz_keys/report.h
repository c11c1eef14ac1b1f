/*-------------------------------------------------------------------------
 *
 * report.h
 *	  Lines in the server's log, not too many of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_REPORT_H
#define AZ_KEYS_REPORT_H

#include "fetch.h"

/* To be called once, connected to a database. */
extern void az_report_init(void);

/* Printable ASCII, whatever it holds; new. */
extern char *az_printable(const char *text);

/*
 * What has come of an issuer's fetch: told when it is news.  detail may be "", and
 * fault is the SQLSTATE of an error of the database's, or 0.
 */
extern void az_report(const char *issuer, AzOutcome outcome, const char *detail, int fault);

/* A fault that is about no issuer, in what we were doing. */
extern void az_report_fault(const char *doing, int fault);

/* The extension is there, but that of 1.0. */
extern void az_report_old(void);

#endif							/* AZ_KEYS_REPORT_H */
