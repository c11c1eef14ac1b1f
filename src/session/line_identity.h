/*-------------------------------------------------------------------------
 *
 * line_identity.h
 *	  Who is logged in, behind the lines of the server's log
 *	  (dbmi_authz.log_identity).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINE_IDENTITY_H
#define AZ_LINE_IDENTITY_H

/* Hooks only: neither raises nor is interrupted. */
extern void az_line_identity_init(void);

#endif							/* AZ_LINE_IDENTITY_H */
