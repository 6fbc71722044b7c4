/*
 * loopback: sockets of AF_INET and AF_INET6 inside one machine, right and wrong, against Linux's
 * answers. Runs there unchanged.
 */
#define _GNU_SOURCE
#include "expect.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define BYTES 1000000

static unsigned char pattern[BYTES], got[BYTES];

static struct sockaddr_in four(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
}

static struct sockaddr_in6 six(const char *address, uint16_t port)
{
    struct sockaddr_in6 own = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    inet_pton(AF_INET6, address, &own.sin6_addr);
    return own;
}

static uint16_t port_of(int socket)
{
    struct sockaddr_in6 own;
    socklen_t length = sizeof own;
    memset(&own, 0, sizeof own);
    EXPECT(CALL(SYS_getsockname, socket, &own, &length), 0);
    return ntohs(own.sin6_port); /* at the same place in both */
}

static int listener(uint16_t *port)
{
    int one = 1, socket_ = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = four(INADDR_ANY, 0);
    EXPECT(CALL(SYS_setsockopt, socket_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    EXPECT(CALL(SYS_bind, socket_, &own, sizeof own), 0);
    EXPECT(CALL(SYS_listen, socket_, 8), 0);
    *port = port_of(socket_);
    expect_true("a port was chosen", *port >= 32768);
    return socket_;
}

/* One connected pair; the listener is closed again. */
static void pair(int *client, int *server)
{
    uint16_t port;
    int waiting = listener(&port);
    struct sockaddr_in to = four(INADDR_LOOPBACK, port), seen;
    socklen_t length = sizeof seen;
    *client = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(CALL(SYS_connect, *client, &to, sizeof to), 0);
    memset(&seen, 0, sizeof seen);
    *server = accept(waiting, (struct sockaddr *)&seen, &length);
    expect_true("accepted", *server >= 0);
    expect("length of the caller's name", length, sizeof seen);
    expect("its address", ntohl(seen.sin_addr.s_addr), INADDR_LOOPBACK);
    expect("its port", ntohs(seen.sin_port), port_of(*client));
    expect("port of the accepted end", port_of(*server), port);
    close(waiting);
}

static void kinds(void)
{
    EXPECT(CALL(SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_UDP), -EPROTONOSUPPORT);
    EXPECT(CALL(SYS_socket, AF_INET, SOCK_SEQPACKET, 0), -ESOCKTNOSUPPORT);
    EXPECT(CALL(SYS_socketpair, AF_INET, SOCK_STREAM, 0, got), -EOPNOTSUPP);
}

static void names(void)
{
    uint16_t port;
    int waiting = listener(&port), other = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = four(INADDR_LOOPBACK, port), far = four(0x0a000001, 80);
    struct sockaddr_in6 wrong = six("::1", port);
    EXPECT(CALL(SYS_bind, other, &own, sizeof own), -EADDRINUSE);
    EXPECT(CALL(SYS_bind, other, &own, 4), -EINVAL);
    EXPECT(CALL(SYS_bind, other, &wrong, sizeof wrong), -EAFNOSUPPORT);
    EXPECT(CALL(SYS_bind, other, &far, sizeof far), -EADDRNOTAVAIL);
    EXPECT(CALL(SYS_bind, other, BAD_POINTER, sizeof far), -EFAULT);
    EXPECT(CALL(SYS_connect, other, &far, sizeof far), -ENETUNREACH);
    EXPECT(CALL(SYS_getpeername, other, &far, got), -ENOTCONN);
    EXPECT(CALL(SYS_connect, other, &own, sizeof own), 0);
    EXPECT(CALL(SYS_connect, other, &own, sizeof own), -EISCONN);
    EXPECT(CALL(SYS_bind, other, &own, sizeof own), -EINVAL);
    EXPECT(CALL(SYS_connect, waiting, &own, sizeof own), -EISCONN);
    close(waiting);
    close(other);
    other = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(CALL(SYS_connect, other, &own, sizeof own), -ECONNREFUSED);
    EXPECT(CALL(SYS_write, other, "x", 1), -EPIPE);
    close(other);
}

static void options(void)
{
    int client, server, value = 7, one = 1;
    socklen_t length = sizeof value;
    pair(&client, &server);
    EXPECT(CALL(SYS_getsockopt, client, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
    expect("no delay", value, 0);
    EXPECT(CALL(SYS_setsockopt, client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
    EXPECT(CALL(SYS_getsockopt, client, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
    expect("no delay, set", value, 1);
    EXPECT(CALL(SYS_setsockopt, client, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one), 0);
    EXPECT(CALL(SYS_getsockopt, client, SOL_SOCKET, SO_KEEPALIVE, &value, &length), 0);
    expect("kept alive", value, 1);
    EXPECT(CALL(SYS_getsockopt, client, SOL_SOCKET, SO_DOMAIN, &value, &length), 0);
    expect("domain", value, AF_INET);
    EXPECT(CALL(SYS_getsockopt, client, SOL_SOCKET, SO_PROTOCOL, &value, &length), 0);
    expect("protocol", value, IPPROTO_TCP);
    EXPECT(CALL(SYS_setsockopt, client, 99, 1, &one, sizeof one), -ENOPROTOOPT);
    close(client);
    close(server);
}

static void fill(int socket_)
{
    for (size_t sent = 0; sent < BYTES;) {
        ssize_t bytes = write(socket_, pattern + sent, BYTES - sent);
        if (bytes <= 0)
            _exit(1);
        sent += (size_t)bytes;
    }
    _exit(0);
}

static void transfer(void)
{
    int client, server, status;
    size_t taken = 0;
    ssize_t bytes;
    pair(&client, &server);
    pid_t child = fork();
    if (!child)
        fill(client);
    close(client);
    while (taken < BYTES && (bytes = read(server, got + taken, BYTES - taken)) > 0)
        taken += (size_t)bytes;
    expect("bytes", (long)taken, BYTES);
    expect("their sum", memcmp(got, pattern, BYTES), 0);
    EXPECT(CALL(SYS_read, server, got, 1), 0);
    waitpid(child, &status, 0);
    expect("the sender's end", status, 0);
    close(server);
}

static void ends(void)
{
    int client, server;
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    pair(&client, &server);
    EXPECT(CALL(SYS_shutdown, client, SHUT_WR), 0);
    EXPECT(CALL(SYS_read, server, got, 10), 0);
    EXPECT(CALL(SYS_write, server, "still", 5), 5);
    EXPECT(CALL(SYS_read, client, got, 10), 5);
    EXPECT(CALL(SYS_getpeername, client, &peer, &length), 0);
    EXPECT(CALL(SYS_write, client, "x", 1), -EPIPE);
    close(server);
    EXPECT(CALL(SYS_read, client, got, 10), 0);
    close(client);
}

static long events_of(int fd, short wanted)
{
    struct pollfd one = {fd, wanted, 0};
    return poll(&one, 1, 1000) == 1 ? one.revents : -1;
}

static void without_waiting(void)
{
    uint16_t port;
    int waiting = listener(&port), client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in to = four(INADDR_LOOPBACK, port);
    int error = 7, queue = epoll_create1(0);
    socklen_t length = sizeof error;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = waiting};
    fcntl(waiting, F_SETFL, O_NONBLOCK);
    EXPECT(CALL(SYS_accept4, waiting, 0, 0, 0), -EAGAIN);
    EXPECT(CALL(SYS_epoll_ctl, queue, EPOLL_CTL_ADD, waiting, &event), 0);
    long result = CALL(SYS_connect, client, &to, sizeof to);
    expect_true("connected, or on the way", result == 0 || result == -EINPROGRESS);
    expect("writable", events_of(client, POLLOUT), POLLOUT);
    EXPECT(CALL(SYS_getsockopt, client, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    expect("no error", error, 0);
    expect("the listener is ready", epoll_wait(queue, &event, 1, 1000), 1);
    int server = accept4(waiting, NULL, NULL, SOCK_NONBLOCK);
    EXPECT(CALL(SYS_read, server, got, 10), -EAGAIN);
    EXPECT(CALL(SYS_write, client, "ab", 2), 2);
    expect("readable", events_of(server, POLLIN), POLLIN);
    EXPECT(CALL(SYS_read, server, got, 10), 2);
    close(client);
    expect("hung up", events_of(server, POLLIN | POLLRDHUP), POLLIN | POLLRDHUP);
    close(server);
    close(queue);
    close(waiting);
}

static void version_6(void)
{
    int waiting = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in6 own = six("::", 0), seen;
    socklen_t length = sizeof seen;
    EXPECT(CALL(SYS_bind, waiting, &own, sizeof own), 0);
    EXPECT(CALL(SYS_listen, waiting, 4), 0);
    struct sockaddr_in to = four(INADDR_LOOPBACK, port_of(waiting));
    struct sockaddr_in6 to6 = six("::1", port_of(waiting));
    EXPECT(CALL(SYS_connect, client, &to, sizeof to), 0);
    int server = accept(waiting, (struct sockaddr *)&seen, &length);
    expect("length", length, sizeof seen);
    expect_true("an IPv4 caller", IN6_IS_ADDR_V4MAPPED(&seen.sin6_addr));
    close(server);
    close(client);
    client = socket(AF_INET6, SOCK_STREAM, 0);
    EXPECT(CALL(SYS_connect, client, &to6, sizeof to6), 0);
    server = accept(waiting, (struct sockaddr *)&seen, &length);
    expect_true("an IPv6 caller", IN6_IS_ADDR_LOOPBACK(&seen.sin6_addr));
    close(server);
    close(client);
    int one = 1, other = socket(AF_INET, SOCK_STREAM, 0);
    to = four(INADDR_ANY, port_of(waiting));
    EXPECT(CALL(SYS_bind, other, &to, sizeof to), -EADDRINUSE);
    to = four(INADDR_ANY, 0);
    EXPECT(CALL(SYS_bind, other, &to, sizeof to), 0);
    own = six("::", port_of(other));
    client = socket(AF_INET6, SOCK_STREAM, 0);
    EXPECT(CALL(SYS_bind, client, &own, sizeof own), -EADDRINUSE);
    EXPECT(CALL(SYS_setsockopt, client, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one), 0);
    EXPECT(CALL(SYS_bind, client, &own, sizeof own), 0);
    close(other);
    close(client);
    close(waiting);
}

static void datagrams(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in own = four(INADDR_LOOPBACK, 0), seen;
    socklen_t length = sizeof seen;
    EXPECT(CALL(SYS_sendto, b, "x", 1, 0, 0, 0), -EDESTADDRREQ);
    expect_true("it has a port since", port_of(b) >= 32768);
    EXPECT(CALL(SYS_bind, a, &own, sizeof own), 0);
    struct sockaddr_in to = four(INADDR_LOOPBACK, port_of(a));
    EXPECT(CALL(SYS_sendto, b, "hello", 5, 0, &to, sizeof to), 5);
    EXPECT(CALL(SYS_sendto, b, "", 0, 0, &to, sizeof to), 0);
    EXPECT(CALL(SYS_recvfrom, a, got, 3, 0, &seen, &length), 3);
    expect("the sender's port", ntohs(seen.sin_port), port_of(b));
    EXPECT(CALL(SYS_recvfrom, a, got, 3, 0, &seen, &length), 0);
    EXPECT(CALL(SYS_recvfrom, a, got, 3, MSG_DONTWAIT, &seen, &length), -EAGAIN);
    EXPECT(CALL(SYS_connect, b, &to, sizeof to), 0);
    EXPECT(CALL(SYS_write, b, "again", 5), 5);
    EXPECT(CALL(SYS_read, a, got, 10), 5);
    EXPECT(CALL(SYS_sendto, b, pattern, 65508, 0, 0, 0), -EMSGSIZE);
    close(a);
    EXPECT(CALL(SYS_write, b, "gone", 4), 4);
    EXPECT(CALL(SYS_write, b, "gone", 4), -ECONNREFUSED);
    close(b);
}

/* Many at once, so that ports and descriptors are given back. */
static void many(void)
{
    uint16_t port;
    int waiting = listener(&port), clients[100], servers[100];
    struct sockaddr_in to = four(INADDR_LOOPBACK, port);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 100; i++) {
            clients[i] = socket(AF_INET, SOCK_STREAM, 0);
            if (connect(clients[i], (struct sockaddr *)&to, sizeof to))
                expect("connect", errno, 0);
            servers[i] = accept(waiting, NULL, NULL);
            if (write(clients[i], &i, sizeof i) != sizeof i)
                expect("write", errno, 0);
        }
        for (unsigned i = 0; i < 100; i++) {
            unsigned number = 1000;
            expect("bytes", read(servers[i], &number, sizeof number), sizeof number);
            expect("number", number, i);
            close(clients[i]);
            close(servers[i]);
        }
    }
    close(waiting);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < BYTES; i++)
        pattern[i] = (unsigned char)(i * 7 + i / 251);
    kinds();
    names();
    options();
    transfer();
    ends();
    without_waiting();
    version_6();
    datagrams();
    many();
    return checks_end("loopback");
}
