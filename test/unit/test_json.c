/*-------------------------------------------------------------------------
 *
 * test_json.c
 *	  Strict JSON: what is refused, beside what is accepted, and the tree.
 *
 * C7.7: depth is bounded
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "token/json.h"
#include "tap.h"

/*
 * Parse a copy without terminator, so that a sanitizer sees any byte read
 * behind its end.
 */
static AzJsonStatus
parse(const char *text, size_t len, AzJson **root)
{
	char	   *copy = malloc(len > 0 ? len : 1);
	AzJsonStatus status;

	if (copy == NULL)
		abort();
	memcpy(copy, text, len);
	status = az_json_parse(copy, len, root);
	free(copy);
	return status;
}

static void
expect(AzJsonStatus expected, const char *text, size_t len, const char *what)
{
	AzJson	   *root;
	AzJsonStatus status = parse(text, len, &root);

	ok(status == expected && (root != NULL) == (status == AZ_JSON_OK), "%s %s",
	   expected == AZ_JSON_OK ? "accept" : "refuse", what);
	az_json_free(root);
}

#define ACCEPT(text, what)	expect(AZ_JSON_OK, text, sizeof(text) - 1, what)
#define REFUSE(text, what)	expect(AZ_JSON_INVALID, text, sizeof(text) - 1, what)

static void
test_whole(void)
{
	ACCEPT("{}", "an object");
	ACCEPT("[]", "an array");
	ACCEPT(" \t\r\n{}\n ", "white space around");
	REFUSE("", "nothing");
	REFUSE(" ", "only white space");
	REFUSE("1", "a number alone");
	REFUSE("\"x\"", "a string alone");
	REFUSE("null", "null alone");
	REFUSE("true", "true alone");
	REFUSE("{} {}", "two values");
	REFUSE("{}x", "text after the value");
	REFUSE("{},", "a comma after the value");
	REFUSE("{}]", "a bracket after the value");
	REFUSE("\xef\xbb\xbf{}", "a byte-order mark");
	REFUSE("{\0}\0", "UTF-16");
	REFUSE("{", "an open object");
	REFUSE("{\"a\"", "a name alone");
	REFUSE("{\"a\":}", "a missing value");
	REFUSE("{\"a\":1,}", "a comma before the brace");
	REFUSE("[1,]", "a comma before the bracket");
	REFUSE("{a:1}", "a name without quotes");
	REFUSE("{'a':1}", "single quotes");
	REFUSE("{\"a\":1/**/}", "a comment");
	REFUSE("{\"a\":NaN}", "NaN");
	REFUSE("{\"a\":Infinity}", "Infinity");
	REFUSE("{\"a\":True}", "True");
}

static void
test_nul(void)
{
	ACCEPT("{\"a\":123}", "a number before a brace");
	REFUSE("{\"a\":123\0}", "a NUL after a number");
	REFUSE("[1\0]", "a NUL after a number in an array");
	REFUSE("[1\0,2]", "a NUL before a comma");
	REFUSE("{}\0", "a NUL at the end");
	REFUSE("\0{}", "a NUL at the start");
	REFUSE("[\"a\0b\"]", "a NUL in a string");
	REFUSE("[\"\\\0\"]", "a NUL behind a backslash");
	ACCEPT("[\"\\u0001\"]", "U+0001");
	REFUSE("[\"\\u0000\"]", "U+0000 in a string");
	REFUSE("{\"\\u0000\":1}", "U+0000 in a name");
	REFUSE("{\"a\\u0000b\":1}", "U+0000 inside of a name");
}

static void
test_duplicates(void)
{
	ACCEPT("{\"a\":1,\"b\":1}", "two names");
	REFUSE("{\"a\":1,\"a\":1}", "one name twice");
	REFUSE("{\"a\":1,\"b\":2,\"a\":3}", "one name twice, not in a row");
	REFUSE("{\"a\":1,\"\\u0061\":2}", "one name twice, once with an escape");
	ACCEPT("{\"a\":1,\"A\":1}", "two names that differ in case");
	ACCEPT("{\"a\":{\"a\":1}}", "a name inside of itself");
	REFUSE("{\"x\":{\"a\":1,\"a\":2}}", "one name twice, deeper");
	REFUSE("[{\"a\":1,\"a\":2}]", "one name twice, in an array");
	REFUSE("{\"\":1,\"\":2}", "the empty name twice");
}

static void
test_strings(void)
{
	ACCEPT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "every short escape");
	REFUSE("[\"\\x41\"]", "an escape of C");
	REFUSE("[\"\\u12\"]", "a short escape");
	REFUSE("[\"a\nb\"]", "a newline in a string");
	REFUSE("[\"a\tb\"]", "a tab in a string");
	ACCEPT("[\"\xc3\xa9\"]", "UTF-8");
	ACCEPT("[\"\xf0\x9f\x98\x80\"]", "UTF-8 beyond the basic plane");
	ACCEPT("[\"\\ud83d\\ude00\"]", "a pair of surrogates");
	REFUSE("[\"\\ud83d\"]", "the first surrogate alone");
	REFUSE("[\"\\ude00\"]", "the second surrogate alone");
	REFUSE("[\"\\ude00\\ud83d\"]", "surrogates the wrong way round");
	REFUSE("[\"\xed\xa0\xbd\xed\xb8\x80\"]", "surrogates as UTF-8");
	REFUSE("[\"\xc0\xaf\"]", "an overlong slash");
	REFUSE("[\"\xe0\x80\xaf\"]", "an overlong slash of three bytes");
	REFUSE("[\"\\u00:0\"]", "an escape with a colon");
	REFUSE("[\"\\u00@0\"]", "an escape with an at sign");
	REFUSE("[\"\\u00/0\"]", "an escape with a slash");
	REFUSE("[\"\\u00g0\"]", "an escape with a letter too far");
	REFUSE("[\"\\u00", "the text ends inside of an escape");
	REFUSE("[\"\\", "the text ends behind a backslash");
	REFUSE("[\"a", "the text ends inside of a string");
	REFUSE("{\"a\" 1}", "no colon");
	REFUSE("{\"a\",1}", "a comma for a colon");
	REFUSE("[\"\xff\"]", "a byte that is not UTF-8");
	ACCEPT("[\"\xc2\x80\xdf\xbf\"]", "the first and the last of two bytes");
	ACCEPT("[\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"]", "and of three, around the surrogates");
	ACCEPT("[\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]", "and of four");
	REFUSE("[\"\x80\"]", "a byte that continues nothing");
	REFUSE("[\"\xc1\xbf\"]", "two bytes where one does");
	REFUSE("[\"\xe0\x9f\xbf\"]", "three bytes where two do");
	REFUSE("[\"\xf0\x8f\xbf\xbf\"]", "four bytes where three do");
	REFUSE("[\"\xf4\x90\x80\x80\"]", "beyond U+10FFFF");
	REFUSE("[\"\xf5\x80\x80\x80\"]", "far beyond");
	REFUSE("[\"\xe2\x82\"]", "the third byte is a quote");
	REFUSE("[\"\xe2\x82\xc0\"]", "the third byte begins another character");
	REFUSE("[\"\xf0\x9f\x98\x7f\"]", "the fourth byte is of ASCII");
	REFUSE("[\"\xc2", "the text ends inside of a character");
	REFUSE("[\"\xc3\"]", "half of a character");
	REFUSE("[\"\xf4\x90\x80\x80\"]", "a character beyond Unicode");
}

static void
test_numbers(void)
{
	ACCEPT("[0,-0,1,-1,1.5,1e5,1E+5,1e-5,-1.5e-5]", "numbers");
	REFUSE("[01]", "a leading zero");
	REFUSE("[+1]", "a plus");
	REFUSE("[.5]", "no digit before the point");
	REFUSE("[1.]", "no digit after the point");
	REFUSE("[1e]", "no digit in the exponent");
	REFUSE("[0x10]", "hexadecimal");
	REFUSE("[-]", "a minus alone");
	ACCEPT("[9223372036854775807]", "the greatest integer");
	REFUSE("[9223372036854775808]", "one more");
	ACCEPT("[-9223372036854775808]", "the smallest integer");
	REFUSE("[-9223372036854775809]", "one less");
	ACCEPT("[1e308]", "a great real");
	REFUSE("[1e309]", "a real beyond a double");
	REFUSE("[-1e400]", "a negative real beyond a double");
	ACCEPT("[1e-400]", "a real that is nearly zero");
}

/*
 * depth brackets, around something
 */
static void
nest(AzJsonStatus expected, size_t depth, char open, const char *inside, const char *what)
{
	static char text[400000];
	size_t		len = 0;
	size_t		i;

	for (i = 0; i < depth; i++)
	{
		text[len++] = open;
		if (open == '{' && i + 1 < depth)
		{
			memcpy(text + len, "\"a\":", 4);
			len += 4;
		}
	}
	memcpy(text + len, inside, strlen(inside));
	len += strlen(inside);
	for (i = 0; i < depth; i++)
		text[len++] = open == '{' ? '}' : ']';
	expect(expected, text, len, what);
}

static void
test_depth(void)
{
	nest(AZ_JSON_OK, 32, '[', "", "32 arrays");
	nest(AZ_JSON_TOO_DEEP, 33, '[', "", "33 arrays");
	nest(AZ_JSON_OK, 32, '{', "", "32 objects");
	nest(AZ_JSON_TOO_DEEP, 33, '{', "", "33 objects");
	nest(AZ_JSON_TOO_DEEP, 2049, '[', "", "2049 arrays");
	nest(AZ_JSON_TOO_DEEP, 100000, '[', "", "100000 arrays");

	nest(AZ_JSON_OK, 32, '[', "\"[[[{{{\"", "brackets in a string");
	nest(AZ_JSON_OK, 32, '[', "\"\\\"[[[{{{\"", "brackets after an escaped quote");
	nest(AZ_JSON_OK, 31, '[', "\"\\\\\",[\"\\\\\"]", "a bracket after an escaped backslash");
	nest(AZ_JSON_TOO_DEEP, 32, '[', "\"\\\\\",[\"\\\\\"]", "one that is too deep");
	nest(AZ_JSON_OK, 31, '[', "[],[],[],{},[]", "siblings");
	ACCEPT("[[[[]]],[[[]]],[[[]]],[[[]]],[[[]]],[[[]]],[[[]]],[[[]]],[[[]]],[[[]]]]",
		   "more brackets than levels");
	REFUSE("]]]][", "brackets that close nothing");
}

static void
test_tree(void)
{
	static const char text[] =
		"{\"s\":\"a\\u00e9\",\"i\":-7,\"r\":1.5,\"t\":true,\"f\":false,"
		"\"n\":null,\"a\":[1,2,3],\"o\":{\"x\":\"y\"},\"\":\"empty\"}";
	AzJson	   *root;
	const char *string;
	size_t		len;
	int64_t		integer;
	double		real;

	if (!ok(parse(text, strlen(text), &root) == AZ_JSON_OK, "accept one of each"))
		return;
	ok(az_json_type(root) == AZ_JSON_OBJECT && az_json_count(root) == 9,
	   "an object of nine");
	string = az_json_string(az_json_get_z(root, "s"), &len);
	ok(string != NULL && len == 3 && strcmp(string, "a\xc3\xa9") == 0, "a string");
	ok(az_json_type(az_json_get_z(root, "s")) == AZ_JSON_STRING, "its type");
	ok(az_json_integer(az_json_get_z(root, "i"), &integer) && integer == -7, "an integer");
	ok(az_json_number(az_json_get_z(root, "i"), &real) && real == -7, "as a number");
	ok(az_json_number(az_json_get_z(root, "r"), &real) && real == 1.5, "a real");
	ok(!az_json_integer(az_json_get_z(root, "r"), &integer), "a real is no integer");
	ok(!az_json_number(az_json_get_z(root, "s"), &real), "a string is no number");
	ok(az_json_string(az_json_get_z(root, "i"), &len) == NULL, "a number is no string");
	ok(az_json_type(az_json_get_z(root, "t")) == AZ_JSON_TRUE &&
	   az_json_type(az_json_get_z(root, "f")) == AZ_JSON_FALSE &&
	   az_json_type(az_json_get_z(root, "n")) == AZ_JSON_NULL, "true, false, null");
	ok(az_json_count(az_json_get_z(root, "a")) == 3 &&
	   az_json_integer(az_json_at(az_json_get_z(root, "a"), 2), &integer) && integer == 3,
	   "an array");
	ok(az_json_at(az_json_get_z(root, "a"), 3) == NULL, "nothing beyond its end");
	ok(az_json_at(root, 0) == NULL, "an object has no elements");
	ok(az_json_get_z(az_json_get_z(root, "a"), "x") == NULL, "an array has no members");
	ok(az_json_get_z(root, "S") == NULL, "names are case-sensitive");
	ok(az_json_get(root, "sx", 1) == az_json_get_z(root, "s"), "a name by its length");
	ok(az_json_get(root, "s", 0) == az_json_get_z(root, ""), "the empty name");
	ok(az_json_count(az_json_get_z(root, "s")) == 0, "a string has no members");
	az_json_free(root);
	az_json_free(NULL);
}

static void
test_order(void)
{
	static const char text[] = "{\"z\":1,\"a\":2,\"m\":3,\"\\u0062\":4}";
	AzJson	   *root;
	const AzJson *value;
	const char *name;
	size_t		len;
	void	   *iter = NULL;
	char		names[8] = "";
	int64_t		integer;
	int64_t		sum = 0;

	if (!ok(parse(text, strlen(text), &root) == AZ_JSON_OK, "accept four members"))
		return;
	while ((iter = az_json_next(root, iter, &name, &len, &value)) != NULL)
	{
		strncat(names, name, len);
		if (az_json_integer(value, &integer))
			sum = 10 * sum + integer;
	}
	ok(strcmp(names, "zamb") == 0 && sum == 1234, "in the order of the text");
	az_json_free(root);
}

static void
number_text(const char *text, const char *expected)
{
	char		array[64];
	char		buf[AZ_JSON_NUMBER_MAX];
	AzJson	   *root;
	size_t		len = 0;

	snprintf(array, sizeof(array), "[%s]", text);
	if (parse(array, strlen(array), &root) == AZ_JSON_OK)
		len = az_json_number_text(az_json_at(root, 0), buf);
	ok(len == strlen(expected) && memcmp(buf, expected, len) == 0,
	   "%s is written %s", text, expected);
	az_json_free(root);
}

static void
test_number_text(void)
{
	number_text("0", "0");
	number_text("-0", "0");
	number_text("42", "42");
	number_text("9223372036854775807", "9223372036854775807");
	number_text("-9223372036854775808", "-9223372036854775808");
	number_text("1.0", "1.0");
	number_text("-0.0", "-0.0");
	number_text("0.1", "0.1");
	number_text("1.50", "1.5");
	number_text("1700000000.5", "1700000000.5");
	number_text("0.30000000000000004", "0.30000000000000004");
	number_text("1e2", "100.0");
	number_text("1e21", "1e+21");
	number_text("123456789012345678901234567890", "");
	number_text("1.7976931348623157e308", "1.7976931348623157e+308");
	number_text("2.2250738585072014e-308", "2.2250738585072014e-308");
	number_text("5e-324", "5e-324");
	number_text("-1.2345678901234567e-300", "-1.2345678901234568e-300");
	number_text("true", "");
	number_text("\"1\"", "");
}

static int	until_failure = 0;

static void *
failing_malloc(size_t size)
{
	return --until_failure == 0 ? NULL : malloc(size);
}

/*
 * jansson drops a byte of a string or number when it has no memory for it and
 * goes on, so every allocation fails once: what comes back is whole or is not
 * there.
 */
static void
test_out_of_memory(void)
{
	static const char text[] =
		"{\"sub\":\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\\u00e9\\ud83d\\ude00\","
		"\"exp\":12345678901234567.25,\"iat\":-1234567890123456789,\"list\":[1e10,-0,true,null]}";
	static const char sub[] =
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\303\251\360\237\230\200";
	bool		whole = true;
	int			refused = 0;
	int			i;

	json_set_alloc_funcs(failing_malloc, free);
	for (i = 1; i < 1000; i++)
	{
		AzJson	   *root;
		AzJsonStatus status;
		const char *found;
		int64_t		iat;
		size_t		len;

		until_failure = i;
		status = parse(text, sizeof(text) - 1, &root);
		if (status != AZ_JSON_OK)
		{
			refused++;
			continue;
		}
		found = az_json_string(az_json_get_z(root, "sub"), &len);
		whole = whole && found != NULL && len == sizeof(sub) - 1 &&
			memcmp(found, sub, len) == 0 &&
			az_json_integer(az_json_get_z(root, "iat"), &iat) &&
			iat == INT64_C(-1234567890123456789);
		az_json_free(root);
		if (until_failure > 0)
			break;
	}
	json_set_alloc_funcs(malloc, free);
	ok(i < 1000, "accept the text when memory suffices");
	ok(refused > 10, "refuse it when memory runs out (%d places)", refused);
	ok(whole, "never a text with a byte missing");
}

int
main(void)
{
	test_out_of_memory();
	test_whole();
	test_nul();
	test_duplicates();
	test_strings();
	test_numbers();
	test_depth();
	test_tree();
	test_order();
	test_number_text();
	return tap_done();
}
