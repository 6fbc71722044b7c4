/*
 * model.h: what the files of the model share.
 */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODES     400
#define NAMES     600
#define FILES     12
#define LETTERS   5
#define SIZE_MOST 300000L
#define ROOT      "/tmp/model"

struct node {
    int links, references; /* names; names, open files */
    int directory;
    long size;
    unsigned char *bytes; /* SIZE_MOST of them, zeros after the size */
};

struct name {
    int parent, node; /* node 0: free */
    char letter;
};

struct file {
    int descriptor, node, flags; /* node 0: closed */
    long offset;
};

/* A random path and what the model finds there. */
struct path {
    char text[64];
    int parent, name; /* name -1: not there */
    char letter;
    int error; /* of the way to the last name */
};

extern struct node nodes[NODES]; /* 1 is the root */
extern struct name names[NAMES];
extern struct file files[FILES];
extern const char *doing; /* for messages */
extern long step;

/* main.c */
uint64_t chance(uint64_t below); /* 0 … below - 1, from the seed */
void check(long got, long want); /* of a call: -1 stands for its errno */

/* tree.c; 0 or -1: none */
int new_node(int directory);
int find_name(int parent, char letter);
int is_empty(int directory);
int add_name(int parent, char letter, int node);
void drop_name(int name);
void random_path(struct path *path);
int node_at(const struct path *path);

/* names.c: random calls */
void try_open(void);
void try_mkdir(void);
void try_remove(void);
void try_link(void);
void try_rename(void);

/* bytes.c: random calls */
extern unsigned char seen[SIZE_MOST];
void try_write(void);
void try_read(void);
void try_resize(void);
void try_punch(void);
void try_seek(void);
void try_copy(void);
