/*
 * sockets: AF_UNIX sockets of all kinds, right and wrong, against Linux's answers. Runs there
 * unchanged.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static char text[300000];

static void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static int status_of(pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return 1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static long poll_one(int fd, int events)
{
    struct pollfd one = {fd, (short)events, -1};
    long count = poll(&one, 1, 0);
    return count < 0 ? -errno : count == 0 ? 0 : one.revents;
}

static socklen_t name(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (*path == '@') {
        memcpy(address->sun_path + 1, path + 1, strlen(path) - 1);
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    }
    strcpy(address->sun_path, path);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
}

static void pairs(void)
{
    int ends[2], bytes;
    EXPECT(CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 7, ends), -EPROTONOSUPPORT);
    EXPECT(CALL(SYS_socketpair, AF_UNIX, 9, 0, ends), -ESOCKTNOSUPPORT);
    EXPECT(CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD_POINTER), -EFAULT);
    EXPECT(CALL(SYS_socket, 99, SOCK_STREAM, 0), -EAFNOSUPPORT);
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    EXPECT(CALL(SYS_read, ends[0], text, 1), -EAGAIN);
    EXPECT(poll_one(ends[0], POLLIN | POLLOUT), POLLOUT);
    EXPECT(write(ends[0], "abc", 3), 3);
    EXPECT(write(ends[0], "def", 3), 3);
    EXPECT(ioctl(ends[1], FIONREAD, &bytes), 0);
    EXPECT(bytes, 6);
    EXPECT(poll_one(ends[1], POLLIN | POLLOUT), POLLIN | POLLOUT);
    EXPECT(recv(ends[1], text, 2, MSG_PEEK), 2);
    EXPECT(read(ends[1], text, 4), 4);
    EXPECT(memcmp(text, "abcd", 4), 0);
    EXPECT(read(ends[1], text, 10), 2);
    EXPECT(CALL(SYS_lseek, ends[0], 0, 0), -ESPIPE);
    EXPECT(CALL(SYS_write, ends[0], BAD_POINTER, 3), -EFAULT);
    EXPECT(CALL(SYS_recvfrom, ends[0], text, 1, MSG_OOB, NULL, NULL), -EINVAL);
    EXPECT(CALL(SYS_connect, ends[0], text, 1), -EINVAL);
    EXPECT(shutdown(ends[0], SHUT_WR), 0);
    EXPECT(read(ends[1], text, 1), 0);
    EXPECT(poll_one(ends[1], POLLIN | POLLRDHUP), POLLIN | POLLRDHUP);
    EXPECT(write(ends[1], "x", 1), 1);
    EXPECT(read(ends[0], text, 1), 1);
    EXPECT(CALL(SYS_sendto, ends[0], "x", 1, MSG_NOSIGNAL, NULL, 0), -EPIPE);
    EXPECT(CALL(SYS_shutdown, ends[0], 9), -EINVAL);
    EXPECT(close(ends[0]), 0);
    EXPECT(poll_one(ends[1], POLLIN), POLLIN | POLLHUP);
    EXPECT(CALL(SYS_sendto, ends[1], "x", 1, MSG_NOSIGNAL, NULL, 0), -EPIPE);
    signal(SIGPIPE, SIG_IGN);
    EXPECT(CALL(SYS_write, ends[1], "x", 1), -EPIPE);
    EXPECT(close(ends[1]), 0);
    EXPECT(CALL(SYS_shutdown, 0, 0), -ENOTSOCK);
    EXPECT(CALL(SYS_listen, 99, 0), -EBADF);
}

/* More than fits, through a pair, between processes. */
static void much(void)
{
    int ends[2];
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t child = fork();
    if (child == 0) {
        for (long i = 0; i < (long)sizeof text; i++)
            text[i] = (char)(i * 31 + i / 777);
        _exit(write(ends[0], text, sizeof text) != (long)sizeof text);
    }
    close(ends[0]);
    EXPECT(recv(ends[1], text, 200000, MSG_WAITALL), 200000);
    long have = 200000, got;
    while ((got = read(ends[1], text + have, sizeof text - have)) > 0)
        have += got;
    EXPECT(have, sizeof text);
    int wrong = 0;
    for (long i = 0; i < (long)sizeof text; i++)
        wrong += text[i] != (char)(i * 31 + i / 777);
    EXPECT(wrong, 0);
    EXPECT(status_of(child), 0);
    EXPECT(close(ends[1]), 0);
}

static void messages(void)
{
    int ends[2];
    EXPECT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    EXPECT(send(ends[0], "first", 5, 0), 5);
    EXPECT(send(ends[0], "", 0, 0), 0);
    EXPECT(send(ends[0], "second", 6, 0), 6);
    EXPECT(read(ends[1], text, 3), 3);
    EXPECT(read(ends[1], text, 10), 0);
    EXPECT(recv(ends[1], text, 3, MSG_TRUNC), 6);
    EXPECT(CALL(SYS_read, ends[1], text, 10), -EAGAIN);
    EXPECT(CALL(SYS_sendto, ends[0], text, sizeof text, 0, NULL, 0), -EMSGSIZE);
    EXPECT(close(ends[1]), 0);
    EXPECT(CALL(SYS_sendto, ends[0], "x", 1, 0, NULL, 0), -ECONNREFUSED);
    EXPECT(close(ends[0]), 0);
    EXPECT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    EXPECT(write(ends[0], "abc", 3), 3);
    EXPECT(write(ends[0], "de", 2), 2);
    EXPECT(read(ends[1], text, 10), 3);
    EXPECT(read(ends[1], text, 10), 2);
    EXPECT(close(ends[0]), 0);
    EXPECT(read(ends[1], text, 10), 0);
    EXPECT(close(ends[1]), 0);
}

static void named(const char *path)
{
    struct sockaddr_un address, other;
    socklen_t length = name(&address, path), other_length = sizeof other;
    struct stat status;
    int one = 0, server = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = sizeof one;
    EXPECT(CALL(SYS_listen, server, 1), -EINVAL);
    EXPECT(bind(server, (void *)&address, length), 0);
    EXPECT(CALL(SYS_bind, server, &address, length), *path == '@' ? -EINVAL : -EADDRINUSE);
    int second = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT(CALL(SYS_bind, second, &address, length), -EADDRINUSE);
    EXPECT(CALL(SYS_connect, second, &address, length), -ECONNREFUSED);
    if (*path != '@') {
        EXPECT(stat(path, &status), 0);
        EXPECT(S_ISSOCK(status.st_mode), 1);
        EXPECT(CALL(SYS_openat, AT_FDCWD, path, O_RDWR), -ENXIO);
    }
    EXPECT(listen(server, 2), 0);
    EXPECT(getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &one, &size), 0);
    EXPECT(one, 1);
    pid_t child = fork();
    if (child == 0) {
        int client = socket(AF_UNIX, SOCK_STREAM, 0);
        int bad = connect(client, (void *)&address, length) != 0;
        bad |= CALL(SYS_connect, client, &address, length) != -EISCONN;
        bad |= write(client, "hello", 5) != 5;
        bad |= read(client, text, 10) != 3;
        _exit(bad);
    }
    int accepted = accept4(server, (void *)&other, &other_length, SOCK_CLOEXEC);
    EXPECT_TRUE(accepted >= 0);
    EXPECT(other_length, 2);
    EXPECT(other.sun_family, AF_UNIX);
    EXPECT(fcntl(accepted, F_GETFD), FD_CLOEXEC);
    struct ucred credentials;
    size = sizeof credentials;
    EXPECT(getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &credentials, &size), 0);
    EXPECT(credentials.pid, child);
    other_length = sizeof other;
    EXPECT(getsockname(accepted, (void *)&other, &other_length), 0);
    EXPECT(other_length, length);
    EXPECT(memcmp(&other, &address, length), 0);
    EXPECT(read(accepted, text, 10), 5);
    EXPECT(write(accepted, "bye", 3), 3);
    EXPECT(status_of(child), 0);
    EXPECT(read(accepted, text, 10), 0);
    EXPECT(close(accepted), 0);
    EXPECT(fcntl(server, F_SETFL, O_NONBLOCK), 0);
    EXPECT(CALL(SYS_accept4, server, NULL, NULL, 0), -EAGAIN);
    EXPECT(CALL(SYS_accept4, server, NULL, NULL, 0x10), -EINVAL);
    EXPECT(CALL(SYS_accept4, second, NULL, NULL, 0), -EINVAL);
    /* Nobody accepts: the connection is reset. */
    EXPECT(connect(second, (void *)&address, length), 0);
    EXPECT(poll_one(server, POLLIN), POLLIN);
    EXPECT(close(server), 0);
    EXPECT(CALL(SYS_read, second, text, 1), -ECONNRESET);
    EXPECT(close(second), 0);
    second = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT(CALL(SYS_connect, second, &address, length), -ECONNREFUSED);
    if (*path != '@') {
        EXPECT(unlink(path), 0);
        EXPECT(CALL(SYS_connect, second, &address, length), -ENOENT);
    }
    EXPECT(close(second), 0);
}

static void datagrams(void)
{
    struct sockaddr_un address, from;
    socklen_t length = name(&address, "/tmp/sockets-dgram"), from_length = sizeof from;
    int receiver = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    EXPECT(bind(receiver, (void *)&address, length), 0);
    EXPECT(CALL(SYS_sendto, sender, "x", 1, 0, NULL, 0), -ENOTCONN);
    EXPECT(sendto(sender, "one", 3, 0, (void *)&address, length), 3);
    EXPECT(recvfrom(receiver, text, 10, 0, (void *)&from, &from_length), 3);
    EXPECT(from_length, 0);
    struct sockaddr_un own;
    socklen_t own_length = name(&own, "@sender");
    EXPECT(bind(sender, (void *)&own, own_length), 0);
    EXPECT(connect(sender, (void *)&address, length), 0);
    EXPECT(send(sender, "two", 3, 0), 3);
    from_length = sizeof from;
    EXPECT(recvfrom(receiver, text, 10, 0, (void *)&from, &from_length), 3);
    EXPECT(from_length, own_length);
    EXPECT(memcmp(&from, &own, own_length), 0);
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT(CALL(SYS_connect, stream, &address, length), -EPROTOTYPE);
    EXPECT(CALL(SYS_connect, stream, &address, 200), -EINVAL);
    EXPECT(CALL(SYS_connect, stream, BAD_POINTER, length), -EFAULT);
    EXPECT(CALL(SYS_sendto, stream, "x", 1, 0, NULL, 0), -ENOTCONN);
    EXPECT(CALL(SYS_recvfrom, stream, text, 1, 0, NULL, NULL), -EINVAL);
    EXPECT(CALL(SYS_getpeername, stream, &from, &from_length), -ENOTCONN);
    EXPECT(close(receiver), 0);
    EXPECT(CALL(SYS_sendto, sender, "x", 1, 0, NULL, 0), -ECONNREFUSED);
    EXPECT(close(sender) + close(stream) + unlink("/tmp/sockets-dgram"), 0);
}

static void descriptors_in_messages(void)
{
    int ends[2], pipe_ends[2], got = -1;
    char control[CMSG_SPACE(2 * sizeof(int))], byte = 'x';
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = CMSG_LEN(sizeof(int))};
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    EXPECT(pipe(pipe_ends), 0);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    memset(control, 0, sizeof control);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &(int){99}, sizeof(int));
    EXPECT(CALL(SYS_sendmsg, ends[0], &message, 0), -EBADF);
    memcpy(CMSG_DATA(head), &pipe_ends[1], sizeof(int));
    EXPECT(sendmsg(ends[0], &message, 0), 1);
    EXPECT(close(pipe_ends[1]), 0);
    memset(control, 0, sizeof control);
    message.msg_controllen = sizeof control;
    byte = 0;
    EXPECT(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC), 1);
    EXPECT(byte, 'x');
    head = CMSG_FIRSTHDR(&message);
    EXPECT_TRUE(head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int)));
    if (head)
        memcpy(&got, CMSG_DATA(head), sizeof got);
    EXPECT(fcntl(got, F_GETFD), FD_CLOEXEC);
    EXPECT(write(got, "through", 7), 7);
    EXPECT(read(pipe_ends[0], text, 10), 7);
    EXPECT(close(got), 0);
    EXPECT(read(pipe_ends[0], text, 10), 0);
    EXPECT(close(pipe_ends[0]) + close(ends[0]) + close(ends[1]), 0);
    EXPECT(CALL(SYS_sendmsg, 99, &message, 0), -EBADF);
}

static void options(void)
{
    int ends[2], value = 0;
    socklen_t size = sizeof value;
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    EXPECT(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &size), 0);
    EXPECT(value, SOCK_STREAM);
    EXPECT(getsockopt(ends[0], SOL_SOCKET, SO_DOMAIN, &value, &size), 0);
    EXPECT(value, AF_UNIX);
    EXPECT(CALL(SYS_getsockopt, ends[0], SOL_SOCKET, 9999, &value, &size), -ENOPROTOOPT);
    EXPECT(CALL(SYS_getsockopt, ends[0], 6, 1, &value, &size), -EOPNOTSUPP);
    EXPECT(CALL(SYS_setsockopt, ends[0], SOL_SOCKET, SO_REUSEADDR, &value, 2), -EINVAL);
    EXPECT(CALL(SYS_setsockopt, ends[0], SOL_SOCKET, SO_REUSEADDR, BAD_POINTER, 4), -EFAULT);
    EXPECT(setsockopt(ends[0], SOL_SOCKET, SO_REUSEADDR, &value, sizeof value), 0);
    struct timeval time = {0, 20000};
    EXPECT(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
    EXPECT(CALL(SYS_read, ends[0], text, 1), -EAGAIN);
    time.tv_sec = 20;
    EXPECT(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
    pid_t child = fork();
    if (child == 0) {
        pause_ms(5);
        _exit(write(ends[1], "x", 1) != 1);
    }
    EXPECT(read(ends[0], text, 1), 1);
    EXPECT(status_of(child), 0);
    EXPECT(close(ends[0]) + close(ends[1]), 0);
}

int main(void)
{
    unlink("/tmp/sockets-name");
    unlink("/tmp/sockets-dgram");
    pairs();
    much();
    messages();
    named("/tmp/sockets-name");
    named("@abstract");
    datagrams();
    descriptors_in_messages();
    options();
    return checks_end("sockets");
}
