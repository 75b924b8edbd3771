#include "gate/approved.h"

#include <stdlib.h>

void approved_init(struct approved *approved)
{
	(void)pthread_mutex_init(&approved->lock, NULL);
}

void approved_release(struct approved *approved)
{
	free(approved->files);
	(void)pthread_mutex_destroy(&approved->lock);
}

static bool has(const struct approved *approved, const struct maps_file *file)
{
	for (size_t i = 0; i < approved->count; i++)
		if (approved->files[i].device == file->device &&
			approved->files[i].inode == file->inode)
			return true;
	return false;
}

static bool add(struct approved *approved, const struct maps_file *file)
{
	if (approved->count == approved->room) {
		size_t room = 2 * approved->room + 64;
		struct maps_file *files =
			reallocarray(approved->files, room, sizeof *approved->files);

		if (files == NULL)
			return false;
		approved->files = files;
		approved->room = room;
	}
	approved->files[approved->count++] = *file;
	return true;
}

bool approved_add(struct approved *approved, const struct maps_file *file)
{
	bool added;

	(void)pthread_mutex_lock(&approved->lock);
	added = has(approved, file) || add(approved, file);
	(void)pthread_mutex_unlock(&approved->lock);
	return added;
}

bool approved_has(struct approved *approved, const struct maps_file *file)
{
	bool found;

	(void)pthread_mutex_lock(&approved->lock);
	found = has(approved, file);
	(void)pthread_mutex_unlock(&approved->lock);
	return found;
}
