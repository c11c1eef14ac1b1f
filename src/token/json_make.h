/*-------------------------------------------------------------------------
 *
 * json_make.h
 *	  How json_parse.c makes the values of a tree; nobody else does.
 *
 * Each function that returns a value returns NULL when memory has run out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_JSON_MAKE_H
#define AZ_JSON_MAKE_H

#include "token/json.h"

extern AzJson *az_json_make_object(void);
extern AzJson *az_json_make_array(void);
extern AzJson *az_json_make_string(const char *text, size_t len);
extern AzJson *az_json_make_integer(int64_t integer);
extern AzJson *az_json_make_real(double real);
extern AzJson *az_json_make_true(void);
extern AzJson *az_json_make_false(void);
extern AzJson *az_json_make_null(void);

/*
 * Put a value into a container, which owns it from then on.  False when memory
 * has run out; the value is freed then.  The name must not be there yet.
 */
extern bool az_json_append(AzJson *array, AzJson *value);
extern bool az_json_add(AzJson *object, const char *name, size_t len, AzJson *value);

#endif
