/*-------------------------------------------------------------------------
 *
 * faults.c
 *	  Memory that runs out, and queries that are cancelled, at a chosen
 *	  moment: for test/tap/185_loading.pl.
 *
 * The server is started with this library in LD_PRELOAD, which puts its
 * malloc() in front of the C library's; the SQL functions below, in the same
 * library, tell the backend that calls them what shall fail.
 *
 * CHECK_FOR_INTERRUPTS() reads a variable of the server and calls nothing that
 * could be counted from outside.  But the flag InterruptPending, raised without
 * a cause, is lowered by the next of them that is not held back.  So every
 * call of a common function of the C library looks whether it was lowered,
 * counts, and raises it again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fmgr.h"
#include "miscadmin.h"

PG_MODULE_MAGIC;

/* not there in pg_ctl, which gets the library too */
#pragma weak InterruptPending
#pragma weak QueryCancelPending

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void __libc_free(void *ptr);

static enum
{
	NOTHING, ALLOCATIONS, INTERRUPTS
} counting = NOTHING;
static int	counted;
static int	first;				/* the first that fails; 0: none, only count */
static bool lasting;			/* and all that follow */

static bool
fails(void)
{
	if (counting != ALLOCATIONS)
		return false;
	counted++;
	if (first == 0 || counted < first || (counted > first && !lasting))
		return false;
	errno = ENOMEM;
	return true;
}

static void
look(void)
{
	if (counting != INTERRUPTS || InterruptPending)
		return;
	counted++;
	if (counted == first)
		QueryCancelPending = true;
	InterruptPending = true;
}

void *
malloc(size_t size)
{
	look();
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	look();
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *ptr, size_t size)
{
	look();
	return fails() ? NULL : __libc_realloc(ptr, size);
}

void
free(void *ptr)
{
	look();
	__libc_free(ptr);
}

/* What is called all the time; written so that the compiler sees no memcpy(). */
#define PLAIN	__attribute__((optimize("no-tree-loop-distribute-patterns")))

PLAIN void *
memcpy(void *to, const void *from, size_t n)
{
	char	   *t = to;
	const char *f = from;

	look();
	while (n-- > 0)
		*t++ = *f++;
	return to;
}

PLAIN void *
memset(void *to, int byte, size_t n)
{
	char	   *t = to;

	look();
	while (n-- > 0)
		*t++ = byte;
	return to;
}

PLAIN void *
memmove(void *to, const void *from, size_t n)
{
	char	   *t = to;
	const char *f = from;

	look();
	if (t <= f)
		while (n-- > 0)
			*t++ = *f++;
	else
		while (n-- > 0)
			t[n] = f[n];
	return to;
}

PLAIN int
memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a;
	const unsigned char *y = b;

	look();
	for (; n > 0; n--, x++, y++)
	{
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

PLAIN int
strncmp(const char *a, const char *b, size_t n)
{
	look();
	for (; n > 0; n--, a++, b++)
	{
		if (*a != *b || *a == '\0')
			return (unsigned char) *a - (unsigned char) *b;
	}
	return 0;
}

PLAIN int
strcmp(const char *a, const char *b)
{
	look();
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char) *a - (unsigned char) *b;
}

PLAIN size_t
strlen(const char *s)
{
	size_t		n = 0;

	look();
	while (s[n])
		n++;
	return n;
}

/* The backend waits for its client: whatever was to fail has failed. */
ssize_t
recv(int fd, void *buf, size_t n, int flags)
{
	counting = NOTHING;
	return syscall(SYS_recvfrom, fd, buf, n, flags, NULL, NULL);
}

/*
 * fail_allocations(n, lasting): the n-th allocation from now on fails, and if
 * lasting all that follow it.  cancel_at(n): the n-th CHECK_FOR_INTERRUPTS()
 * from now on meets a cancelled query.  Until the backend reads its next
 * command; so the statement that is to meet a fault comes in the same one.
 * n = 0 only counts.  counted_before() tells how many there were.
 */
extern Datum fail_allocations(PG_FUNCTION_ARGS);
extern Datum cancel_at(PG_FUNCTION_ARGS);
extern Datum counted_before(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(fail_allocations);
Datum
fail_allocations(PG_FUNCTION_ARGS)
{
	counted = 0;
	first = PG_GETARG_INT32(0);
	lasting = PG_GETARG_BOOL(1);
	counting = ALLOCATIONS;
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(cancel_at);
Datum
cancel_at(PG_FUNCTION_ARGS)
{
	counted = 0;
	first = PG_GETARG_INT32(0);
	counting = INTERRUPTS;
	InterruptPending = false;
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(counted_before);
Datum
counted_before(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(counted);
}
