/*-------------------------------------------------------------------------
 *
 * json.h
 *	  JSON text to an opaque, read-only tree (RFC 8259, strict).
 *
 * Duplicate member names are refused at every level, also when they are
 * spelled with escapes; so are U+0000, lone surrogates, overlong UTF-8, a
 * byte-order mark, integers beyond 64 bits, reals beyond a double, text
 * after the value, a top-level value that is neither object nor array, and
 * nesting deeper than AZ_JSON_MAX_DEPTH.
 *
 * Everything borrowed from a tree lives until az_json_free() of its root.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_JSON_H
#define AZ_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AZ_JSON_MAX_DEPTH	32

typedef struct AzJson AzJson;	/* opaque */

typedef enum AzJsonType
{
	AZ_JSON_NULL,
	AZ_JSON_FALSE,
	AZ_JSON_TRUE,
	AZ_JSON_INTEGER,
	AZ_JSON_REAL,
	AZ_JSON_STRING,
	AZ_JSON_ARRAY,
	AZ_JSON_OBJECT
} AzJsonType;

typedef enum AzJsonStatus
{
	AZ_JSON_OK,
	AZ_JSON_INVALID,
	AZ_JSON_TOO_DEEP,
	AZ_JSON_NO_MEMORY
} AzJsonStatus;

/* New tree in *root, to be freed by az_json_free(); NULL unless AZ_JSON_OK. */
extern AzJsonStatus az_json_parse(const char *text, size_t len, AzJson **root);
extern void az_json_free(AzJson *root);

/* The version of jansson that was loaded. */
extern const char *az_json_version(void);

extern AzJsonType az_json_type(const AzJson *value);

/* Is there a value?  NULL and null do not count as one. */
static inline bool
az_json_is_given(const AzJson *value)
{
	return value != NULL && az_json_type(value) != AZ_JSON_NULL;
}

/* Members of an object or array; 0 for anything else. */
extern size_t az_json_count(const AzJson *value);

/* Member of an object by its exact name; NULL when absent or no object. */
extern const AzJson *az_json_get(const AzJson *object, const char *name, size_t len);
#define az_json_get_z(object, name)	az_json_get(object, name, strlen(name))

/* Element of an array; NULL beyond its end. */
extern const AzJson *az_json_at(const AzJson *array, size_t i);

/*
 * Walk an object in the order of the text: pass NULL to start, the last
 * result to go on; NULL ends.  Name and value come through the pointers.
 */
extern void *az_json_next(const AzJson *object, void *iter,
						  const char **name, size_t *name_len,
						  const AzJson **value);

/* Bytes of a string (UTF-8, no U+0000, terminated); NULL for another type. */
extern const char *az_json_string(const AzJson *value, size_t *len);

/*
 * A member that must be a string where it is present: *text is NULL and *len 0
 * when it is absent; false when it is there but not a string.
 */
extern bool az_json_get_string(const AzJson *object, const char *name,
							   const char **text, size_t *len);

/* Value of an integer; false for another type. */
extern bool az_json_integer(const AzJson *value, int64_t *out);

/* Value of an integer or real as a double; false for another type. */
extern bool az_json_number(const AzJson *value, double *out);

/*
 * The JSON text of a number: the decimal integer, or the shortest text that
 * reads back as the same double, with a fraction (".0") or an exponent.
 * buf holds at least AZ_JSON_NUMBER_MAX bytes; returns the length, 0 for
 * another type.
 */
#define AZ_JSON_NUMBER_MAX	40
extern size_t az_json_number_text(const AzJson *value, char *buf);

#endif							/* AZ_JSON_H */
