/*-------------------------------------------------------------------------
 *
 * login_file.c
 *	  The file of trust in the data directory, and the setting that says whose
 *	  tokens open connections.
 *
 * Somebody who can write the file can log in as anybody, except as privileged
 * roles.  So it must belong to the server, and nobody else may write it; it is
 * read by one descriptor, so that the file that is checked is the one that is
 * read.
 *
 *-------------------------------------------------------------------------
 */
#include "server/login_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/fd.h"
#include "utils/guc.h"
#include "utils/varlena.h"

/* Beside the file, so that it can be renamed. */
#define NEW_FILE	AZ_LOGIN_FILE ".new"

#define OWN_MODE	(S_IRUSR | S_IWUSR)

/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

/* Why the file is not to be read; NULL when it is. */
static const char *
fault_of(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "It is not a regular file.";
	if (st->st_uid != geteuid())
		return "It belongs to another user of the system.";
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "Other users of the system have rights on it.";
	if (st->st_size > AZ_LOGIN_FILE_MAX)
		return "It is too long.";
	return NULL;
}

/* False when it is shorter than it was, or reading fails. */
static bool
read_all(int fd, char *bytes, size_t len)
{
	while (len > 0)
	{
		ssize_t		n = read(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= n;
	}
	return true;
}

static AzLoginFile
parse(const char *bytes, size_t len, AzJson **json, const char **why)
{
	AzJsonStatus status = az_json_parse(bytes, len, json);

	if (status == AZ_JSON_OK)
		return AZ_LOGIN_FILE_OK;
	if (status == AZ_JSON_NO_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	*why = "It is not valid JSON.";
	return AZ_LOGIN_FILE_BAD;
}

static AzLoginFile
read_open(int fd, AzJson **json, const char **why)
{
	struct stat st;
	AzLoginFile result;
	char	   *bytes;

	*why = "It could not be read.";
	if (fstat(fd, &st) != 0)
		return AZ_LOGIN_FILE_BAD;
	*why = fault_of(&st);
	if (*why)
		return AZ_LOGIN_FILE_BAD;
	bytes = palloc(st.st_size + 1);
	*why = "It could not be read.";
	if (!read_all(fd, bytes, st.st_size))
		return AZ_LOGIN_FILE_BAD;
	*why = NULL;
	result = parse(bytes, st.st_size, json, why);
	pfree(bytes);
	return result;
}

/* O_NONBLOCK: a pipe in its place does not make anybody wait. */
AzLoginFile
az_read_login_file(AzJson **json, const char **why)
{
	int			fd = OpenTransientFile(AZ_LOGIN_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | PG_BINARY);
	AzLoginFile result;

	*json = NULL;
	*why = NULL;
	if (fd < 0 && errno == ENOENT)
		return AZ_LOGIN_FILE_ABSENT;
	if (fd < 0)
		return *why = "It could not be opened.", AZ_LOGIN_FILE_BAD;
	result = read_open(fd, json, why);
	CloseTransientFile(fd);
	return result;
}

/* ----------------------------------------------------------------
 * Writing
 * ----------------------------------------------------------------
 */

pg_noreturn static void
raise_not_written(const char *what)
{
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not %s file \"%s\": %m", what, NEW_FILE)));
	pg_unreachable();
}

static void
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0)
	{
		ssize_t		n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
		{
			/* a disk that is full may not say so */
			if (n == 0)
				errno = ENOSPC;
			raise_not_written("write");
		}
		bytes += n;
		len -= n;
	}
}

/* A file that a crash has left there is overwritten. */
void
az_write_login_file(const char *bytes, size_t len)
{
	int			fd;

	if (unlink(NEW_FILE) != 0 && errno != ENOENT)
		raise_not_written("remove");
	fd = OpenTransientFilePerm(NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | PG_BINARY, OWN_MODE);
	if (fd < 0)
		raise_not_written("create");
	if (fchmod(fd, OWN_MODE) != 0)
		raise_not_written("set the mode of");
	write_all(fd, bytes, len);
	if (pg_fsync(fd) != 0)
		raise_not_written("fsync");
	if (CloseTransientFile(fd) != 0)
		raise_not_written("close");
	(void) durable_rename(NEW_FILE, AZ_LOGIN_FILE, ERROR);
}

/* ----------------------------------------------------------------
 * The setting
 * ----------------------------------------------------------------
 */

/* False when it is no list; a comma within a name needs quotes. */
static bool
split(const char *names, List **list)
{
	return SplitGUCList(pstrdup(names), ',', list);
}

static bool
check_issuers(char **newval, void **extra, GucSource source)
{
	List	   *list;

	if (*newval == NULL || split(*newval, &list))
		return true;
	GUC_check_errdetail("List syntax is invalid.");
	return false;
}

/*
 * Has one of our libraries defined the setting?  Otherwise it is a placeholder
 * that anybody may have set.
 */
static bool
is_defined(void)
{
	int			flags = GetConfigOptionFlags(AZ_LOGIN_ISSUERS_SETTING, true);

	return (flags & GUC_LIST_INPUT) != 0 && (flags & GUC_CUSTOM_PLACEHOLDER) == 0;
}

/* With a default value, core would end the session when memory runs out. */
void
az_define_login_issuers(void)
{
	static char *issuers = NULL;

	if (is_defined())
		return;
	DefineCustomStringVariable(AZ_LOGIN_ISSUERS_SETTING,
							   "Issuers whose tokens open connections.",
							   "Each is to be an issuer of the database, too, and written by export_login_trust().",
							   &issuers,
							   NULL,
							   PGC_SIGHUP,
							   GUC_LIST_INPUT,
							   check_issuers, NULL, NULL);
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

List *
az_login_issuers(void)
{
	const char *value = is_defined() ?
		GetConfigOption(AZ_LOGIN_ISSUERS_SETTING, false, false) : NULL;
	List	   *names = NIL;
	List	   *once = NIL;
	ListCell   *lc;

	if (value == NULL || !split(value, &names))
		return NIL;
	list_sort(names, compare_names);
	foreach(lc, names)
	{
		if (once == NIL || strcmp(llast(once), lfirst(lc)) != 0)
			once = lappend(once, lfirst(lc));
	}
	return once;
}
