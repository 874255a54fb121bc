/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PULSO_NAME_H
#define PULSO_NAME_H

#include <linux/limits.h>
#include <linux/string.h>
#include <linux/types.h>

/* Is this a name for a file in /proc? proc_create() warns with a stack trace where it is not. */
static inline bool pulso_name_ok(const char *name)
{
	size_t length = strlen(name);

	return length && length <= NAME_MAX && name[0] != '.' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

#endif
