"""What the benchmarks are held against.

All figures are guest instructions per operation in QEMU 10.0.2, `-M virt -cpu cortex-a72
-smp 1 -icount shift=0,sleep=off`: seL4 16.0.0-dev (release build, non-MCS, kernel
instructions) and Linux 6.1.192 (Debian arm64, leanest boot), measured for this project with
the same method. `target` is what the design set before anything was built.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str  # as a benchmark prints it: `bench NAME VALUE`
    title: str
    target: int | None
    others: str
    unit: str = ""

    @property
    def on_linux(self):
        """Measured by userland/apps/lbench, which runs on Linux as well."""
        return self.name.startswith("linux_")


ROWS = (
    Row("null_call", "null native call", 90, "seL4 264"),
    Row("call_bad_handle", "error return", None, "seL4 264"),
    Row("ipc_same_space_0_words", "IPC round trip 0-6 words, same space", 300, "seL4 405-452"),
    Row("ipc_same_space_16_words", "  16 words", 398, "seL4 1448"),
    Row("ipc_same_space_64_words", "  64 words", 542, "seL4 1928"),
    Row("ipc_cross_space_0_words", "IPC round trip 0-6 words, other space", 300, "seL4 405-452"),
    Row("ipc_cross_space_16_words", "  16 words", 398, "seL4 1448"),
    Row("ipc_cross_space_64_words", "  64 words", 542, "seL4 1928"),
    Row("signal_no_waiter", "signal without waiter", 120, "seL4 135-333"),
    Row("signal_waiter_and_its_wait", "signal, waiter of higher priority, its wait", None, "seL4 881"),
    Row("fault_anonymous_write", "anonymous write fault, native pager", 750, "Linux 2432, seL4 3755"),
    Row("populate_16_per_page", "  per page, 16 at once", 260, "Linux 331 (huge pages)"),
    Row("fault_resident_soft", "resident soft fault", 200, "-"),
    Row("fault_first_dirty", "first write to a clean page", 200, "-"),
    Row("fault_source_read", "file page read fault, resident", 280, "Linux 1600"),
    Row("fault_private_write", "MAP_PRIVATE file write fault", 1300, "Linux 3319"),
    Row("munmap_touched_page", "unmap, per touched page", 80, "Linux 774"),
    Row("map_unmap_empty", "map + unmap, empty, native", 3000, "Linux 13434"),
    Row("protect_middle_and_back", "protect one page and back, native", 5000, "Linux 25020"),
    Row("fault_copy_on_write", "copy-on-write fault, native pager", 1200, "Linux 3271"),
    Row("fault_reuse_in_place", "write after the other side is gone", 250, "Linux 1225"),
    Row("clone_per_page", "region_clone, per dirty page of 4096", None, "-"),
    Row("clone_end_per_page", "end of the clone, per page", None, "-"),
    Row("move_256_pages", "256 touched pages to another address", None, "-"),
    Row("fork_space_create", "space_create", None, "-"),
    Row("fork_object_create", "create(object)", None, "-"),
    Row("fork_regions", "  a small space: its regions", None, "-"),
    Row("fork_region_clone", "  region_clone of it, 40 dirty pages", None, "-"),
    Row("fork_thread_create", "thread_create", None, "-"),
    Row("fork_space_kill", "space_ctl(kill) of that clone", 5000, "-"),
    Row("fork_handles_close", "handle_close of thread, space, object", None, "-"),
    Row("exception_new_registers", "exception, other registers, and back", None, "-"),
    Row("call_new_registers", "call answered with all registers", None, "-"),
    Row("thread_copy", "thread_copy", None, "-"),
    Row("linux_null_call", "null system call", 420, "Linux 320-502"),
    Row("linux_mmap_munmap_empty", "mmap + munmap, empty 4 KiB", 3000, "Linux 13434"),
    Row("linux_mprotect_edge", "mprotect one page at the edge", 2500, "Linux 7178"),
    Row("linux_mprotect_middle", "mprotect one page in the middle", 2500, "Linux 12510"),
    Row("linux_anonymous_write_fault", "anonymous write fault", 750, "Linux 2432"),
    Row("linux_anonymous_read_fault", "anonymous read fault (zero page)", None, "Linux 1016"),
    Row("linux_write_after_zero_page", "write after it", None, "-"),
    Row("linux_populate_per_page", "MAP_POPULATE, per page", 260, "Linux 331 (huge pages)"),
    Row("linux_munmap_touched_page", "munmap, per touched page", 80, "Linux 774"),
    Row("linux_mremap_move", "mremap, one touched page moved", None, "-"),
    Row("linux_mremap_move_256_pages", "  256 touched pages", None, "-"),
    Row("linux_file_read_fault", "file read fault, per page in a window", 50, "Linux 599"),
    Row("linux_file_read_fault_single", "  single", 280, "Linux 1600"),
    Row("linux_file_private_write_fault", "MAP_PRIVATE file write fault", 1300, "Linux 3319"),
    Row("linux_file_shared_write_fault", "MAP_SHARED file write fault", 900, "Linux 1923"),
    Row("linux_pread_page", "pread 4 KiB from a cached file", 1600, "Linux 2758"),
    Row("linux_pread_mebibyte", "pread 1 MiB from a cached file", None, "-"),
    Row("linux_pwrite_mebibyte", "pwrite 1 MiB to a cached file", None, "-"),
    Row("card_cold_read_page", "cold sequential read from the card, per page", None, "-"),
    Row("card_msync_page", "one page dirtied and msync, to the card", None, "-"),
    Row("card_exec_dynamic", "spawn + exit + wait, dynamic, from the card", None, "-"),
    Row("linux_fork_exit_wait", "fork + exit + wait, few dirty pages", 45_000, "Linux 145k"),
    Row("linux_fork_exit_wait_256", "  256 dirty pages more", None, "Linux 236k"),
    Row("linux_fork_exit_wait_4096", "  4096 dirty pages more", None, "Linux 1.52M"),
    Row("linux_fork_exit_wait_256_redirtied", "  256, dirtied before each fork", None, "-"),
    Row("linux_fork_exit_wait_4096_redirtied", "  4096, dirtied before each fork", 300_000,
        "Linux 1.52M (not redirtied)"),
    Row("linux_copy_on_write_fault", "copy-on-write fault in the child", 1200, "Linux 3271"),
    Row("linux_reuse_in_place", "write after the other side is gone", 250, "Linux 1225"),
    Row("linux_fork_exec_exit_wait", "fork + exec + exit + wait, static", 150_000, "Linux 457k"),
    Row("linux_vfork_exec_exit_wait", "vfork + exec + exit + wait, static", None, "-"),
    Row("linux_thread_create_join", "pthread create + join", 12_000, "Linux 34.1k"),
    Row("linux_pipe_round_trip", "pipe round trip, 2 processes", 4000, "Linux 13535"),
    Row("linux_futex_round_trip", "futex round trip, 2 threads", 2500, "Linux 10187"),
    Row("linux_yield_switch", "sched_yield, 2 processes, per switch", None, "Linux 2579"),
    Row("linux_trap", "SIGSEGV handler (trap)", 2500, "Linux 5912"),
    Row("linux_prot1_trap_unprot", "prot1 + trap + unprot", 7000, "Linux 26.3k"),
    Row("linux_protn_trap_unprot", "protN + trap + unprot, per page", 4000, "Linux 16.3k"),
    Row("reset_to_first_instruction", "reset to first user instruction, 1 GiB", 4_000_000,
        "Linux 340M to init"),
    Row("interrupts_masked_longest", "longest path with interrupts masked", None, "-"),
    Row("interrupt_delay_worst", "worst interrupt delay seen", None, "-"),
    Row("idle_memory_kib", "memory gone when idle, 256 MiB", 8192, "Linux 54 MiB", " KiB"),
)  # fmt: skip
