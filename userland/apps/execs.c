/*
 * execs: execve and execveat, right and wrong, compared with what Linux does. Status 0 when there
 * is no difference. Runs on Linux unchanged (as user 0). It writes its files to /tmp.
 */
#define _GNU_SOURCE
#include "check.h"
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SELF "/proc/self/exe"

/* What is to be refused; if it is not, the program ends with status 90. */
static char *no_words[] = {"x", "--accepted", NULL};

/* ---- Helpers ---- */

static void write_file(const char *path, const void *bytes, size_t length, int mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    expect(path, write(file, bytes, length), (long)length);
    fchmod(file, mode);
    close(file);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text), 0755);
}

/* The error of an execve that must fail, in this process. */
static void refused(const char *what, const char *path, void *argv, long error)
{
    expect(what, CALL(SYS_execve, path, argv, NULL), error);
}

/* The exit status of a program; 255: it could not be executed. */
static int run(const char *path, char *const argv[], char *const envp[])
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        execve(path, argv, envp);
        _exit(255);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

/* ---- What the program sees: each check is this program again ---- */

static int check_signals(void)
{
    struct sigaction action;
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    if (!sigismember(&mask, SIGUSR2))
        return 1; /* the mask stays */
    sigaction(SIGUSR1, NULL, &action);
    if (action.sa_handler != SIG_DFL)
        return 2; /* handlers do not */
    sigaction(SIGHUP, NULL, &action);
    return action.sa_handler == SIG_IGN ? 0 : 3; /* what is ignored does */
}

static int check_name(void)
{
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    return strcmp(name, "a-name-of-more-") != 0;
}

static int check_vector(char **argv)
{
    if (getauxval(AT_PAGESZ) != 4096 || getauxval(AT_CLKTCK) != 100)
        return 1;
    if (getauxval(AT_UID) || getauxval(AT_EUID) || getauxval(AT_SECURE))
        return 2;
    if (strcmp((char *)getauxval(AT_PLATFORM), "aarch64"))
        return 3;
    if (strcmp((char *)getauxval(AT_EXECFN), argv[2]))
        return 4;
    if (!getauxval(AT_RANDOM) || !getauxval(AT_PHDR) || !getauxval(AT_SYSINFO_EHDR))
        return 5;
    if (getauxval(AT_PHENT) != sizeof(Elf64_Phdr) || getauxval(AT_PHNUM) > 64)
        return 6;
    return memcmp((void *)getauxval(AT_SYSINFO_EHDR), ELFMAG, SELFMAG) ? 7 : 0;
}

/* --large COUNT: so many words of 100 bytes follow. */
static int check_large(int argc, char **argv)
{
    int count = atoi(argv[2]);
    if (argc != count + 3)
        return 1;
    for (int i = 3; i < argc; i++)
        if (strlen(argv[i]) != 99 || argv[i][98] != 'z')
            return 2;
    return 0;
}

static int again(int argc, char **argv)
{
    if (!strcmp(argv[1], "--signals"))
        return check_signals();
    if (!strcmp(argv[1], "--name"))
        return check_name();
    if (!strcmp(argv[1], "--vector"))
        return check_vector(argv);
    if (!strcmp(argv[1], "--large"))
        return check_large(argc, argv);
    if (!strcmp(argv[1], "--closed"))
        return fcntl(50, F_GETFD) == -1 && fcntl(51, F_GETFD) == 0 ? 0 : 1;
    if (!strcmp(argv[1], "--empty"))
        return 0;
    return 90;
}

/* ---- Wrong files ---- */

static void errors(void)
{
    static char long_path[5000], long_name[300];
    memset(long_path, 'a', sizeof long_path - 1);
    memset(long_name, 'a', sizeof long_name - 1);
    mkdir("/tmp/folder", 0755);
    write_file("/tmp/plain", "words\n", 6, 0644);
    symlink("/tmp/loop", "/tmp/loop");
    refused("not there", "/tmp/nothing", no_words, -ENOENT);
    refused("empty path", "", no_words, -ENOENT);
    refused("below a file", "/tmp/plain/x", no_words, -ENOTDIR);
    refused("a folder", "/tmp/folder", no_words, -EACCES);
    refused("a device", "/dev/null", no_words, -EACCES);
    refused("not executable", "/tmp/plain", no_words, -EACCES);
    refused("a loop", "/tmp/loop", no_words, -ELOOP);
    refused("long name", long_name, no_words, -ENAMETOOLONG);
    refused("long path", long_path, no_words, -ENAMETOOLONG);
    refused("no path", (char *)16, no_words, -EFAULT);
    refused("no words", SELF, (void *)16, -EFAULT);
    char *broken[] = {"x", (char *)16, NULL};
    refused("a broken word", SELF, broken, -EFAULT);
    expect("a broken variable", CALL(SYS_execve, SELF, no_words, broken), -EFAULT);
    write_text("/tmp/words", "just words\n");
    refused("words", "/tmp/words", no_words, -ENOEXEC);
    write_text("/tmp/empty", "");
    refused("nothing", "/tmp/empty", no_words, -ENOEXEC);
}

/* ---- Scripts ---- */

static void scripts(void)
{
    char line[300];
    write_text("/tmp/missing", "#!/tmp/no-such-interpreter\n");
    refused("no interpreter", "/tmp/missing", no_words, -ENOENT);
    write_text("/tmp/bad1", "#!\n");
    refused("an empty line", "/tmp/bad1", no_words, -ENOEXEC);
    write_text("/tmp/bad2", "#!   \t \n");
    refused("blanks", "/tmp/bad2", no_words, -ENOEXEC);
    write_text("/tmp/bad3", "#!/tmp/folder\n");
    refused("a folder", "/tmp/bad3", no_words, -EACCES);
    write_text("/tmp/bad4", "#!/tmp/plain\n");
    refused("not executable", "/tmp/bad4", no_words, -EACCES);
    memset(line, 'i', sizeof line);
    memcpy(line, "#!/", 3);
    write_file("/tmp/bad5", line, sizeof line, 0755);
    refused("a name that does not end", "/tmp/bad5", no_words, -ENOEXEC);
    write_text("/tmp/bad6", "#!/tmp/words\n");
    refused("words for an interpreter", "/tmp/bad6", no_words, -ENOEXEC);
}

/* Scripts that name scripts. The last one names this program. */
static void deep(void)
{
    char path[40], line[80];
    for (int i = 0; i < 7; i++) {
        snprintf(path, sizeof path, "/tmp/deep%d", i);
        if (i)
            snprintf(line, sizeof line, "#!/tmp/deep%d\n", i - 1);
        else
            snprintf(line, sizeof line, "#!/tmp/self --empty\n");
        write_text(path, line);
    }
    expect("one", run("/tmp/deep0", no_words, NULL), 0);
    expect("five", run("/tmp/deep4", no_words, NULL), 0);
    refused("six", "/tmp/deep5", no_words, -ELOOP);
    write_text("/tmp/round", "#!/tmp/round\n");
    refused("itself", "/tmp/round", no_words, -ELOOP);
}

/* What a program is called with that shows its words. */
static void shows(const char *path, const char *wanted)
{
    char *words[] = {"zero", "a", "b  c", NULL}, text[400] = "";
    int channel[2], status;
    size_t length = 0;
    if (pipe(channel))
        return;
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        dup2(channel[1], 1);
        execve(path, words, NULL);
        _exit(255);
    }
    close(channel[1]);
    for (ssize_t got; (got = read(channel[0], text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)got;
    close(channel[0]);
    waitpid(child, &status, 0);
    expect(path, strcmp(text, wanted), 0);
    if (strcmp(text, wanted))
        printf("  got %s\n", text);
}

static void script_words(void)
{
    write_text("/tmp/show", "#!  /tmp/self \t--show an argument  \nrest\n");
    shows("/tmp/show", "[/tmp/self][--show an argument][/tmp/show][a][b  c]");
    write_text("/tmp/nested", "#!/tmp/show more");
    shows("/tmp/nested", "[/tmp/self][--show an argument][/tmp/show][more][/tmp/nested][a][b  c]");
}

/* ---- What stays and what does not ---- */

static void on_signal(int signal)
{
    (void)signal;
}

static void inherited(void)
{
    char *signals[] = {"x", "--signals", NULL}, *closed[] = {"x", "--closed", NULL};
    char *name[] = {"x", "--name", NULL}, *vector[] = {"x", "--vector", "/tmp/self", NULL};
    sigset_t mask, before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_BLOCK, &mask, &before);
    signal(SIGUSR1, on_signal);
    signal(SIGHUP, SIG_IGN);
    expect("signals", run("/tmp/self", signals, NULL), 0);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    dup3(1, 50, O_CLOEXEC);
    dup2(1, 51);
    expect("descriptors", run("/tmp/self", closed, NULL), 0);
    close(50);
    close(51);
    symlink("/tmp/self", "/tmp/a-name-of-more-than-fifteen");
    expect("the name", run("/tmp/a-name-of-more-than-fifteen", name, NULL), 0);
    expect("auxiliary vector", run("/tmp/self", vector, NULL), 0);
}

/* ---- Many words ---- */

static int large(size_t count, size_t bytes)
{
    char **words = calloc(count + 4, sizeof *words), number[20], *word = malloc(bytes + 1);
    memset(word, 'z', bytes);
    word[bytes] = 0;
    snprintf(number, sizeof number, "%zu", count);
    words[0] = "x";
    words[1] = "--large";
    words[2] = number;
    for (size_t i = 0; i < count; i++)
        words[i + 3] = word;
    int status = run("/tmp/self", words, NULL);
    free(words);
    free(word);
    return status;
}

static void many_words(void)
{
    static char *empty[] = {NULL};
    struct rlimit stack;
    expect("200 KiB", large(2000, 99), 0);
    expect("1 MB", large(9000, 99), 0);
    expect("10 MB", large(100000, 99), 255);
    char *word = malloc(200000), *words[] = {"x", "--empty", word, NULL};
    memset(word, 'w', 200000);
    word[131071] = 0;
    expect("a word of 128 KiB", run("/tmp/self", words, NULL), 0);
    word[131071] = 'w';
    word[131072] = 0;
    refused("one byte more", "/tmp/self", words, -E2BIG);
    free(word);
    getrlimit(RLIMIT_STACK, &stack);
    struct rlimit small = {1 << 20, stack.rlim_max};
    setrlimit(RLIMIT_STACK, &small);
    expect("with a small stack", large(2000, 99), 0);
    expect("too much for it", large(9000, 99), 255);
    setrlimit(RLIMIT_STACK, &stack);
    expect("no words at all", CALL(SYS_execve, "/tmp/nothing", empty, NULL), -ENOENT);
}

/* ---- execveat ---- */

static long at(int directory, const char *path, int flags)
{
    static char *const words[] = {"x", "--empty", NULL};
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (!child)
        _exit((int)-CALL(SYS_execveat, directory, path, words, NULL, flags));
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -1000 - status;
}

static void relative(void)
{
    int folder = open("/tmp", O_RDONLY | O_DIRECTORY), file = open("/tmp/self", O_RDONLY);
    int path_only = open("/tmp/self", O_PATH);
    expect("by folder", at(folder, "self", 0), 0);
    expect("absolute", at(-5, "/tmp/self", 0), 0);
    expect("by file", at(file, "", AT_EMPTY_PATH), 0);
    expect("O_PATH", at(path_only, "", AT_EMPTY_PATH), 0);
    expect("without the flag", at(file, "", 0), -ENOENT);
    expect("a link", at(folder, "self", AT_SYMLINK_NOFOLLOW), -ELOOP);
    expect("no descriptor", at(99, "self", 0), -EBADF);
    expect("no folder", at(file, "self", 0), -ENOTDIR);
    expect("bad flag", at(folder, "self", 1), -EINVAL);
    expect("a folder", at(folder, "", AT_EMPTY_PATH), -EACCES);
    close(folder);
    close(file);
    close(path_only);
}

/* ---- Hostile ELF files ---- */

/* A copy of this program with some bytes of its headers changed. */
static void hostile(void)
{
    static const struct {
        const char *what;
        size_t offset, bytes;
        uint64_t value;
    } cases[] = {
        {"magic", 0, 1, 0x7e},
        {"machine", offsetof(Elf64_Ehdr, e_machine), 2, EM_X86_64},
        {"type", offsetof(Elf64_Ehdr, e_type), 2, ET_REL},
        {"size of headers", offsetof(Elf64_Ehdr, e_phentsize), 2, 1},
        {"no headers", offsetof(Elf64_Ehdr, e_phnum), 2, 0},
    };
    int self = open(SELF, O_RDONLY);
    off_t size = lseek(self, 0, SEEK_END);
    char *image = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, self, 0);
    close(self);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file("/tmp/hostile", image, (size_t)size, 0755);
        int file = open("/tmp/hostile", O_WRONLY);
        pwrite(file, &cases[i].value, cases[i].bytes, (off_t)cases[i].offset);
        close(file);
        refused(cases[i].what, "/tmp/hostile", no_words, -ENOEXEC);
    }
    write_file("/tmp/hostile", image, 63, 0755);
    refused("cut short", "/tmp/hostile", no_words, -ENOEXEC);
    unlink("/tmp/hostile");
    munmap(image, (size_t)size);
}

static int show(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strncmp(argv[1], "--show", 6))
        return show(argc, argv);
    if (argc > 1)
        return again(argc, argv);
    char self[200] = "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    expect_true("own path", readlink(SELF, self, sizeof self - 1) > 0);
    symlink(self, "/tmp/self");
    errors();
    scripts();
    deep();
    script_words();
    inherited();
    many_words();
    relative();
    hostile();
    return checks_end("execs");
}
