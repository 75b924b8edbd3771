#pragma once

#include "syscalls/call.h"

/* The functions that rows of table.def name: syscalls/<family>.c. */
void open_perform(struct call *call, struct answer *answer);
void mmap_perform(struct call *call, struct answer *answer);
void mprotect_perform(struct call *call, struct answer *answer);
void personality_perform(struct call *call, struct answer *answer);
void mkdir_perform(struct call *call, struct answer *answer);
void exec_perform(struct call *call, struct answer *answer);
void credentials_perform(struct call *call, struct answer *answer);
void process_perform(struct call *call, struct answer *answer);
void priority_perform(struct call *call, struct answer *answer);
void ioprio_perform(struct call *call, struct answer *answer);

void access_perform(struct call *call, struct answer *answer);
void chdir_perform(struct call *call, struct answer *answer);
void chmod_perform(struct call *call, struct answer *answer);
void chown_perform(struct call *call, struct answer *answer);
void faccessat_perform(struct call *call, struct answer *answer);
void file_getattr_perform(struct call *call, struct answer *answer);
void file_setattr_perform(struct call *call, struct answer *answer);
void futimesat_perform(struct call *call, struct answer *answer);
void getdents_perform(struct call *call, struct answer *answer);
void kill_perform(struct call *call, struct answer *answer);
void kill_one_perform(struct call *call, struct answer *answer);
void pidfd_signal_perform(struct call *call, struct answer *answer);
void outsider_perform(struct call *call, struct answer *answer);
void fork_perform(struct call *call, struct answer *answer);
void getxattr_perform(struct call *call, struct answer *answer);
void getxattrat_perform(struct call *call, struct answer *answer);
void inotify_add_watch_perform(struct call *call, struct answer *answer);
void lchown_perform(struct call *call, struct answer *answer);
void lgetxattr_perform(struct call *call, struct answer *answer);
void link_perform(struct call *call, struct answer *answer);
void listxattr_perform(struct call *call, struct answer *answer);
void listxattrat_perform(struct call *call, struct answer *answer);
void llistxattr_perform(struct call *call, struct answer *answer);
void lremovexattr_perform(struct call *call, struct answer *answer);
void lsetxattr_perform(struct call *call, struct answer *answer);
void lstat_perform(struct call *call, struct answer *answer);
void mknod_perform(struct call *call, struct answer *answer);
void name_to_handle_at_perform(struct call *call, struct answer *answer);
void newfstatat_perform(struct call *call, struct answer *answer);
void readlink_perform(struct call *call, struct answer *answer);
void readlinkat_perform(struct call *call, struct answer *answer);
void removexattr_perform(struct call *call, struct answer *answer);
void removexattrat_perform(struct call *call, struct answer *answer);
void rename_perform(struct call *call, struct answer *answer);
void rmdir_perform(struct call *call, struct answer *answer);
void setxattr_perform(struct call *call, struct answer *answer);
void setxattrat_perform(struct call *call, struct answer *answer);
void stat_perform(struct call *call, struct answer *answer);
void statfs_perform(struct call *call, struct answer *answer);
void statx_perform(struct call *call, struct answer *answer);
void symlink_perform(struct call *call, struct answer *answer);
void truncate_perform(struct call *call, struct answer *answer);
void unlink_perform(struct call *call, struct answer *answer);
void utime_perform(struct call *call, struct answer *answer);
void utimensat_perform(struct call *call, struct answer *answer);
void utimes_perform(struct call *call, struct answer *answer);

/* Rows of a group that is not open, and not performed by anything. */
void refuse_perform(struct call *call, struct answer *answer);
