/*-------------------------------------------------------------------------
 *
 * tap.h
 *	  "ok N - what" and "not ok N - what", for programs that test the token
 *	  library without a server.
 *
 * The last line of each program is "N passed, N failed", and its status says
 * the same.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int	tap_passed;
static int	tap_failed;

/*
 * One test; what is a format.
 */
static bool ok(bool passed, const char *what, ...) __attribute__((format(printf, 2, 3)));

static bool
ok(bool passed, const char *what, ...)
{
	va_list		args;

	if (passed)
		tap_passed++;
	else
		tap_failed++;
	printf("%s %d - ", passed ? "ok" : "not ok", tap_passed + tap_failed);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	putchar('\n');
	return passed;
}

/*
 * The end: return this from main().
 */
static int
tap_done(void)
{
	printf("1..%d\n", tap_passed + tap_failed);
	printf("# %d passed, %d failed\n", tap_passed, tap_failed);
	return tap_failed > 0 || tap_passed == 0;
}

#endif							/* TAP_H */
