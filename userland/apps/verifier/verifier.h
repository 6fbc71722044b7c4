/*
 * verifier.h: what the files of the verifier share.
 */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS    4
#define SLOTS      48 /* places for a name, twelve a folder */
#define SIZE_MOST  400000L
#define VIEWS      6
#define PATH_BYTES 1024

struct node {
    int names; /* 0: free */
    int symbolic;
    long size;
    unsigned char *bytes; /* SIZE_MOST of them, zeros after the size */
};

/* A shared mapping that is kept while other steps are done. */
struct view {
    int node; /* -1: none */
    long bytes;
    unsigned char *at;
};

extern struct node nodes[SLOTS];
extern int names[SLOTS]; /* its node, -1: no such name */
extern struct view views[VIEWS];
extern const char *folder;
extern int alone; /* the model alone, the files are let be */
extern long step;
extern const char *doing; /* for messages */

/* main.c */
uint64_t chance(uint64_t below);    /* 0 … below - 1, from the seed */
void check(int holds);              /* errno is told if it does not */
void path_of(int slot, char *path); /* PATH_BYTES, the folder's at most 700 */
void compare_range(const unsigned char *seen, const struct node *node, long from, long bytes);

/* steps.c */
void random_step(void);
void drop_views(void);
