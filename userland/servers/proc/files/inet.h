/*
 * inet.h: sockets of the families AF_INET and AF_INET6, between programs of this machine alone: the
 * loopback addresses 127.0.0.0/8 and ::1 are all there is. Bytes and messages travel as between
 * AF_UNIX sockets.
 */
#pragma once
#include "socket.h"

#define LINUX_IPPROTO_IP   0
#define LINUX_IPPROTO_TCP  6
#define LINUX_IPPROTO_UDP  17
#define LINUX_IPPROTO_IPV6 41

/* 0, or what socket(2) answers for this type and protocol of AF_INET or AF_INET6. */
int64_t inet_check(uint32_t type, uint64_t protocol);

/* bind(2), connect(2), and what sendto(2) does with an address: the answers of those calls. */
int64_t inet_bind(struct thread *thread, struct socket *socket, uint64_t address, uint64_t length);
int64_t inet_connect(struct thread *thread, const struct open_file *file, struct socket *socket,
                     uint64_t address, uint64_t length);
/* Who gets what is sent to this address; nobody: NULL and *error 0, the message is lost. */
struct socket *inet_target(struct thread *thread, struct socket *socket, uint64_t address,
                           uint64_t length, int64_t *error);
/* The same for a connected message socket. */
struct socket *inet_peer(const struct socket *socket);

/* A port of the system's choice, where it has none: before it listens or sends. 0, -EAGAIN: all are
 * taken. */
int64_t inet_choose(struct socket *socket);
/* Gives the port back. */
void inet_unbind(struct socket *socket);

/* A name in the form of a family's addresses; returns the length. */
uint32_t inet_address(const struct inet_name *name, uint16_t family,
                      struct socket_address *address);
/* Does a connected message socket hear this sender? */
bool inet_hears(const struct socket *receiver, const struct socket *sender);
