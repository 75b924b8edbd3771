#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/pattern.h"

/*
 * Patterns against their definition. Input: a pattern, a NUL, a path without its first slash.
 * The reference tries everything, so the inputs it gets are short.
 */
enum { SHORT = 24 };

/* A pattern component-wise, as the documentation says it; exponential in the stars. */
static bool component_matches(const char *p, size_t p_len, const char *s, size_t s_len)
{
	if (p_len == 0)
		return s_len == 0;
	if (*p == '*')
		return component_matches(p + 1, p_len - 1, s, s_len) ||
		       (s_len > 0 && component_matches(p, p_len, s + 1, s_len - 1));
	return s_len > 0 && (*p == '?' || *p == *s) &&
	       component_matches(p + 1, p_len - 1, s + 1, s_len - 1);
}

static size_t component_len(const char *text, const char *end)
{
	const char *slash = memchr(text, '/', (size_t)(end - text));

	return (size_t)((slash != NULL ? slash : end) - text);
}

/* `p` and `s` are at a slash, or at the end. */
static bool defined_match(const char *p, const char *p_end, const char *s, const char *s_end)
{
	size_t p_len, s_len;

	if (p == p_end)
		return s == s_end;
	if (p_end - p == 3 && memcmp(p, "/**", 3) == 0)
		return true;
	if (s == s_end)
		return false;
	p_len = component_len(p + 1, p_end);
	s_len = component_len(s + 1, s_end);
	return component_matches(p + 1, p_len, s + 1, s_len) &&
	       defined_match(p + 1 + p_len, p_end, s + 1 + s_len, s_end);
}

static bool is_clean(const char *path, size_t len)
{
	if (memchr(path, '\0', len) != NULL || (len > 1 && path[len - 1] == '/'))
		return false;
	for (size_t i = 1; i < len; i++)
		if (path[i] == '/' && path[i - 1] == '/')
			return false;
	return true;
}

static bool expected(const char *text, size_t text_len, const char *path, size_t len)
{
	if (text_len > 2 && memcmp(text, "//", 2) == 0) {
		text++;
		text_len--;
	}
	if (len == 1) /* the root has no component */
		return (text_len == 1) || (text_len == 3 && memcmp(text, "/**", 3) == 0);
	if (text_len == 1)
		return false;
	return defined_match(text, text + text_len, path, path + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, '\0', size);
	struct pattern pattern;
	struct error err;
	size_t text_len, len;
	char *path;
	bool matched;

	if (zero == NULL)
		return 0;
	text_len = (size_t)(zero - data);
	if (pattern_parse((const char *)data, text_len, &pattern, &err) < 0)
		return 0;
	len = size - text_len;
	path = malloc(len); /* exactly: a sanitizer sees a byte too many */
	if (path == NULL)
		return 0;
	memcpy(path, zero, len);
	path[0] = '/';
	matched = pattern_matches(&pattern, path, len);
	if (text_len <= SHORT && len <= SHORT && is_clean(path, len) &&
		matched != expected((const char *)data, text_len, path, len))
		abort();
	free(path);
	return 0;
}
