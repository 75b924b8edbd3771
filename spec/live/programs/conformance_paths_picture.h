#pragma once
/* The picture of the tree that tells what a case changed, and how to mend it. */

#include "conformance_paths_tree.h"

/* Sizes of directories are the file system's own business. */
static void say_status(struct text *text, const struct stat *status)
{
	say(text, "%s %04o %u:%u links %lu", type_name(status->st_mode), status->st_mode & 07777,
		status->st_uid, status->st_gid, (unsigned long)status->st_nlink);
	if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
		say(text, " %u:%u", major(status->st_rdev), minor(status->st_rdev));
	else if (!S_ISDIR(status->st_mode))
		say(text, " size %ld", (long)status->st_size);
}

static time_t started;

/* Only times that a call sets. "now" is any time of this run, and not told when `quiet`. */
static void say_time(struct text *text, const char *name, const struct timespec *time_, bool quiet)
{
	if (time_->tv_sec == OLD && time_->tv_nsec == 0)
		return;
	if (time_->tv_sec < started - 10 || time_->tv_sec > time(NULL) + 10)
		say(text, " %s %ld.%09ld", name, (long)time_->tv_sec, (long)time_->tv_nsec);
	else if (!quiet)
		say(text, " %s now", name);
}

static void say_attributes(struct text *text, const char *path)
{
	static char names[1 << 16], value[1 << 17];
	ssize_t length = llistxattr(path, names, sizeof names);

	for (ssize_t i = 0; i < length; i += (ssize_t)strlen(names + i) + 1) {
		ssize_t size = lgetxattr(path, names + i, value, sizeof value);

		say(text, " ");
		say_bytes(text, names + i, strlen(names + i), 40);
		say(text, "=");
		if (size < 0)
			say(text, "?");
		else
			say_bytes(text, value, (size_t)size, 48);
	}
}

/* Those of links and directories tell who looked, for the supervisor and for us. What we can't mend
   shows traces of everything that was made in it before. */
static void say_times(struct text *text, const struct stat *status)
{
	bool looked_at = S_ISDIR(status->st_mode) || S_ISLNK(status->st_mode);

	if (looked_at && geteuid() != 0 && status->st_uid != geteuid())
		return;
	say_time(text, "modified", &status->st_mtim, false);
	say_time(text, "read", &status->st_atim, looked_at);
}

struct item {
	size_t path, start, length;
	struct timespec changed;
};

struct picture {
	struct text paths, text;
	struct item items[128];
	size_t count;
};

static bool fine_times; /* every change of an object gives it another ctime */

static void say_item(struct picture *picture, const char *path)
{
	struct text *text = &picture->text;
	struct item *item = &picture->items[picture->count];
	struct stat status;
	char target[PATH_MAX];

	if (lstat(path, &status) != 0 || picture->count == COUNT(picture->items))
		return;
	picture->count++;
	item->path = picture->paths.length;
	say(&picture->paths, "%s%c", path, '\0');
	item->start = text->length;
	say_bytes(text, path, strlen(path), 60);
	say(text, " ");
	say_status(text, &status);
	say_times(text, &status);
	if (S_ISLNK(status.st_mode)) {
		ssize_t length = readlink(path, target, sizeof target);
		size_t skip =
			length > 0 && strncmp(target, base, strlen(base)) == 0 ? strlen(base) : 0;

		say(text, skip != 0 ? " -> $" : " -> ");
		say_bytes(text, target + skip, length < 0 ? 0 : (size_t)length - skip, 60);
	}
	say_attributes(text, path);
	item->length = text->length - item->start;
	item->changed = (struct timespec){.tv_sec = 0};
	/* tmpfs gives directories a coarser one. */
	if (fine_times && !S_ISDIR(status.st_mode))
		item->changed = status.st_ctim;
}

static int real_names(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void say_below(struct picture *picture, const char *path)
{
	struct dirent **entries;
	char below[PATH_MAX + 300];
	int count = scandir(path, &entries, real_names, alphasort);

	for (int i = 0; i < count; i++) {
		snprintf(below, sizeof below, "%s%s%s", strcmp(path, ".") == 0 ? "" : path,
			strcmp(path, ".") == 0 ? "" : "/", entries[i]->d_name);
		say_item(picture, below);
		if (entries[i]->d_type == DT_DIR)
			say_below(picture, below);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void take_picture(struct picture *picture)
{
	picture->count = 0;
	picture->text.length = picture->paths.length = 0;
	say_item(picture, ".");
	say_below(picture, ".");
}

static const char *path_of(const struct picture *picture, const struct item *item)
{
	return picture->paths.bytes + item->path;
}

/* Most are where they were. */
static const struct item *find(const struct picture *picture, const char *path, size_t guess)
{
	if (guess < picture->count && strcmp(path_of(picture, &picture->items[guess]), path) == 0)
		return &picture->items[guess];
	for (size_t i = 0; i < picture->count; i++)
		if (strcmp(path_of(picture, &picture->items[i]), path) == 0)
			return &picture->items[i];
	return NULL;
}

static bool same_line(const struct picture *a, const struct item *item_a, const struct picture *b,
	const struct item *item_b)
{
	return item_a->length == item_b->length &&
	       memcmp(a->text.bytes + item_a->start, b->text.bytes + item_b->start,
		       item_a->length) == 0;
}

static bool same_change(const struct item *a, const struct item *b)
{
	return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

/* What has to be made again if this is spoiled. */
static const char *unit_of(const char *path)
{
	for (size_t i = 0; i < COUNT(objects); i++)
		if (objects[i].kind != CONTAINER && below(path, objects[i].name))
			return objects[i].name;
	return path;
}

static bool is_container(const char *path)
{
	for (size_t i = 0; i < COUNT(objects); i++)
		if (objects[i].kind == CONTAINER && strcmp(objects[i].name, path) == 0)
			return true;
	return false;
}

/* What became of the tree, object by object; ctime is not told, only that it is another. */
static bool say_differences(
	struct text *out, const struct picture *before, const struct picture *after)
{
	bool any = false;

	for (size_t i = 0; i < before->count; i++) {
		const struct item *item = &before->items[i];
		const struct item *now = find(after, path_of(before, item), i);

		if (now == NULL)
			say(out, " -[%s]", path_of(before, item));
		else if (!same_line(before, item, after, now))
			say(out, " [%.*s]", (int)now->length, after->text.bytes + now->start);
		else if (!same_change(item, now))
			say(out, " [%s ctime]", path_of(before, item));
		else
			continue;
		any = true;
	}
	for (size_t i = 0; i < after->count; i++) {
		const struct item *item = &after->items[i];

		if (find(before, path_of(after, item), i) != NULL)
			continue;
		say(out, " +[%.*s]", (int)item->length, after->text.bytes + item->start);
		any = true;
	}
	return any;
}

static void spoil(bool *wanted, const char *path)
{
	struct stat status;

	if (!is_container(path) || lstat(path, &status) != 0 || !S_ISDIR(status.st_mode))
		remove_all(path);
	for (size_t i = 0; i < COUNT(objects); i++)
		if (strcmp(objects[i].name, path) == 0 ||
			(!is_container(path) && below(objects[i].name, path)))
			wanted[i] = true;
}

/* Makes again what differs, and no more than that: most cases spoil one object, if any. */
static void mend(const struct picture *before, const struct picture *after)
{
	bool wanted[COUNT(objects)];

	for (size_t i = 0; i < COUNT(objects); i++) {
		wanted[i] = objects[i].kind == CONTAINER;
		if (wanted[i])
			chmod(objects[i].name, objects[i].mode);
	}
	for (size_t i = 0; i < after->count; i++)
		if (find(before, path_of(after, &after->items[i]), i) == NULL)
			spoil(wanted, unit_of(path_of(after, &after->items[i])));
	for (size_t i = 0; i < before->count; i++) {
		const char *path = path_of(before, &before->items[i]);
		const struct item *now = find(after, path, i);

		if (now == NULL || !same_line(before, &before->items[i], after, now))
			spoil(wanted, unit_of(path));
	}
	build(wanted);
}
