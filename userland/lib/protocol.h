/*
 * protocol.h: the servers' languages, from userland/protocols/NAME.def (which say
 * what each message means). Each file becomes an enum of message numbers:
 *
 *   MESSAGE(1, WRITE, …) in console.def  ->  CONSOLE_WRITE = 1
 *
 * Common to all: w0 of a call is the number; w0 of the reply is 0 or more, or a
 * negated errno. A server answers -ENOSYS to numbers it does not know.
 */
#pragma once

#define MESSAGE(number, name, request, reply, errors, what) CONSOLE_##name = number,
enum console_message {
#include "protocols/console.def"
};
#undef MESSAGE

#define MESSAGE(number, name, request, reply, errors, what) ANON_##name = number,
enum anon_message {
#include "protocols/anon.def"
};
#undef MESSAGE

/* In a cookie: several spaces may show the object, so a page that is only read is one of its own. */
#define ANON_SHARED (1UL << 62)

#define MESSAGE(number, name, request, reply, errors, what) PROC_##name = number,
enum proc_message {
#include "protocols/proc.def"
};
#undef MESSAGE

#define MESSAGE(number, name, request, reply, errors, what) BLOCK_##name = number,
enum block_message {
#include "protocols/block.def"
};
#undef MESSAGE

#define MESSAGE(number, name, request, reply, errors, what) VFS_##name = number,
enum vfs_message {
#include "protocols/vfs.def"
};
#undef MESSAGE

#define MESSAGE(number, name, request, reply, errors, what) FILE_##name = number,
enum file_message {
#include "protocols/file.def"
};
#undef MESSAGE
