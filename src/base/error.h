#pragma once

/*
 * The error object: a negative errno for the program, a sentence for the person.
 *
 * A fallible function takes a `struct error *` last, returns 0 (or a useful non-negative
 * number) on success and the negative errno on failure, and then leaves its outputs untouched.
 * A NULL error object is fine: the sentence is lost, the number is not.
 */
struct error {
	int code;        /* negative errno */
	char text[1024]; /* one or more lines: what, why, what to do; no trailing newline */
};

/* Fills *err (if not NULL) and returns -abs(code). Never returns 0: a code of 0 becomes -EIO. */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set, with ": " and strerror(code) behind the first line. */
int error_errno(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
