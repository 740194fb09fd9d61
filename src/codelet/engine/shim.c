/*
 * The landing shim: the one place a codelet's run can be abandoned to.
 *
 * `runlet_enter` saves its own frame and calls into the engine. Three things may come back to it
 * other than by returning: the arena allocator at the memory limit, the interrupt handler after a
 * stop was asked for, and the kill signal, for native built-ins that never poll. None of them
 * unwinds: the caller throws the whole heap away and copies the pristine image back, so whatever
 * state the engine was in does not matter. What does matter is that no frame between here and the
 * engine owns anything outside the arena; the Rust callbacks keep to that (see callbacks.rs).
 *
 * A fourth way is the guard below a worker's stack: native code of the engine that recurses without
 * asking for its depth ends the run there, and not the process.
 *
 * The setjmp lives in C because it returns twice, which Rust functions cannot express.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#define RUNLET_HARD_KILL 1
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#else
#define RUNLET_HARD_KILL 0
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

enum {
  RUNLET_RETURNED = 0,
  RUNLET_STOPPED = 1,
  RUNLET_OUT_OF_MEMORY = 2,
  RUNLET_KILLED = 3,
  RUNLET_OVERFLOWED = 4
};

/* Mirrored by `Cell` in cell.rs; one per worker thread, at a fixed address. */
typedef struct runlet_cell {
  /* Id of the run that is inside the engine now, 0 when none is. */
  _Atomic uint64_t armed;
  /* Id of the run that was asked to stop. An id, not a flag: a late request for a finished run
     must not touch the next one. */
  _Atomic uint64_t stop_for;
  /* Monotonic nanoseconds; the kill handler believes this and nobody's message. */
  _Atomic int64_t kill_after;
  /* Set while a callback is outside the engine (copying, locking, allocating from the host). */
  volatile uint32_t in_host;
  /* A kill that was refused because of in_host, to be obeyed at the callback's end. */
  volatile uint32_t kill_noted;
  /* Signals handled so far, so that the sender keeps one outstanding at most. */
  _Atomic uint64_t acked;
  /* Kills refused (in a callback, or outside our text). */
  _Atomic uint64_t refused;
  int32_t tid;
  int32_t pid;
  /* The forbidden zone below the worker's stack. */
  uintptr_t guard_low, guard_high;
  /* Stack pointer of `runlet_enter`: what lies below it is free once the run is abandoned. */
  uintptr_t entry;
  sigjmp_buf landing;
} runlet_cell;

size_t runlet_cell_size(void) { return sizeof(runlet_cell); }

int runlet_enter(runlet_cell *cell, uint64_t run, void (*body)(void *), void *arg) {
  int reason;
  cell->in_host = 0;
  cell->kill_noted = 0;
  cell->entry = (uintptr_t)__builtin_frame_address(0);
  reason = sigsetjmp(cell->landing, 0);
  if (reason == 0) {
    atomic_store_explicit(&cell->armed, run, memory_order_release);
    body(arg);
    atomic_store_explicit(&cell->armed, 0, memory_order_release);
    return RUNLET_RETURNED;
  }
  atomic_store_explicit(&cell->armed, 0, memory_order_release);
  return reason;
}

void runlet_leave(runlet_cell *cell, int reason) {
  /* First of all: from here on a kill signal has nothing left to kill. */
  atomic_store_explicit(&cell->armed, 0, memory_order_release);
  siglongjmp(cell->landing, reason);
}

void runlet_host_enter(runlet_cell *cell) {
  cell->in_host = 1;
  atomic_signal_fence(memory_order_seq_cst);
}

void runlet_host_exit(runlet_cell *cell) {
  atomic_signal_fence(memory_order_seq_cst);
  cell->in_host = 0;
  atomic_signal_fence(memory_order_seq_cst);
  if (cell->kill_noted) runlet_leave(cell, RUNLET_KILLED);
}

/*
 * Codelets live in UTC, whatever the machine says: a result must not depend on it, and libc's
 * zone lock must not be held when a run is killed. The engine asks for local time through this
 * one function, and a definition inside the library wins over libc's.
 */
__attribute__((visibility("hidden"))) struct tm *localtime_r(const time_t *clock, struct tm *out) {
  (void)clock;
  memset(out, 0, sizeof *out);
  return out;
}

#if RUNLET_HARD_KILL

#define GUARD ((size_t)256 * 1024)

static uintptr_t text_start, text_end;
static runlet_cell *const *cells;
static uint32_t cell_count;

static int find_text(struct dl_phdr_info *info, size_t size, void *unused) {
  uintptr_t self = (uintptr_t)&runlet_enter;
  (void)size;
  (void)unused;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    uintptr_t to = from + info->dlpi_phdr[i].p_memsz;
    if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) &&
        self >= from && self < to) {
      text_start = from;
      text_end = to;
      return 1;
    }
  }
  return 0;
}

/* Where an abandoned thread wakes up. */
__attribute__((noreturn, used)) static void land(runlet_cell *cell, int reason) {
  runlet_leave(cell, reason);
  __builtin_unreachable();
}

/*
 * An abandoned run does not return from its frames. AddressSanitizer has marked their borders and
 * would take the marks for those of the frames that come next.
 */
static void forget_frames(const runlet_cell *cell) {
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region((void *)cell->guard_high, cell->entry - cell->guard_high);
#else
  (void)cell;
#endif
}

/*
 * Handlers never jump. They rewrite the interrupted context so that returning from them lands in
 * `land`: the kernel then restores the signal mask and leaves the alternate stack for us. The
 * frames of the abandoned run are dead, so `land` takes their place, just below `runlet_enter`'s.
 */
static void redirect(ucontext_t *uc, runlet_cell *cell, int reason) {
  uintptr_t stack = (cell->entry - 4096) & ~(uintptr_t)15;
  forget_frames(cell);
#if defined(__x86_64__)
  uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(stack - 8);
  uc->uc_mcontext.gregs[REG_RDI] = (greg_t)(uintptr_t)cell;
  uc->uc_mcontext.gregs[REG_RSI] = reason;
  uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)&land;
#else
  uc->uc_mcontext.sp = stack;
  uc->uc_mcontext.regs[0] = (uint64_t)(uintptr_t)cell;
  uc->uc_mcontext.regs[1] = (uint64_t)reason;
  uc->uc_mcontext.pc = (uint64_t)(uintptr_t)&land;
#endif
}

static void on_kill(int signal, siginfo_t *info, void *context) {
  int saved_errno = errno;
  ucontext_t *uc = context;
  runlet_cell *cell;
  struct timespec now;
  uint64_t run;
  uintptr_t pc;
  uint32_t index = (uint32_t)((uintptr_t)info->si_value.sival_ptr & 0xff);
  uint64_t target = (uint64_t)(uintptr_t)info->si_value.sival_ptr >> 8;
  (void)signal;
  if (info->si_code != SI_QUEUE || index >= cell_count || !(cell = cells[index])) goto out;
  if (info->si_pid != cell->pid || cell->tid != (int32_t)syscall(SYS_gettid)) goto out;
  atomic_fetch_add_explicit(&cell->acked, 1, memory_order_release);
  run = atomic_load_explicit(&cell->armed, memory_order_acquire);
  if (run == 0 || (run & 0x00ffffffffffffffull) != target) goto out;
  /* Its own look at the clock: a message may be late, the deadline cannot be. */
  clock_gettime(CLOCK_MONOTONIC, &now);
  if ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec <
          atomic_load_explicit(&cell->kill_after, memory_order_acquire) &&
      atomic_load_explicit(&cell->stop_for, memory_order_acquire) != run)
    goto out;
  if (cell->in_host) {
    cell->kill_noted = 1;
    atomic_fetch_add_explicit(&cell->refused, 1, memory_order_relaxed);
    goto out;
  }
#if defined(__x86_64__)
  pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
  /* A function of libc without a frame of its own, called by our code: the copying and searching
     ones, where a large guest may spend most of its time. Whoever takes a lock has a frame. */
  if (pc < text_start || pc >= text_end) pc = *(uintptr_t *)uc->uc_mcontext.gregs[REG_RSP];
#else
  pc = (uintptr_t)uc->uc_mcontext.pc;
#endif
  /* In libc or the kernel's page a lock may be held: refuse, and be asked again. */
  if (pc < text_start || pc >= text_end) {
    atomic_fetch_add_explicit(&cell->refused, 1, memory_order_relaxed);
    goto out;
  }
  redirect(uc, cell, RUNLET_KILLED);
out:
  errno = saved_errno;
}

static struct sigaction previous_segv;

/* A fault in a worker's own guard zone ends its run; every other fault is somebody else's. */
static void on_fault(int signal, siginfo_t *info, void *context) {
  uintptr_t at = (uintptr_t)info->si_addr;
  int32_t tid = (int32_t)syscall(SYS_gettid);
  for (uint32_t i = 0; i < cell_count; i++) {
    runlet_cell *cell = cells[i];
    if (cell->tid != tid || at < cell->guard_low || at >= cell->guard_high) continue;
    if (cell->in_host || !atomic_load_explicit(&cell->armed, memory_order_acquire)) break;
    redirect(context, cell, RUNLET_OVERFLOWED);
    return;
  }
  if (previous_segv.sa_flags & SA_SIGINFO) {
    previous_segv.sa_sigaction(signal, info, context);
  } else if (previous_segv.sa_handler == SIG_DFL || previous_segv.sa_handler == SIG_IGN) {
    /* Back to what was there; the fault happens again and finds it. */
    sigaction(SIGSEGV, &previous_segv, NULL);
  } else {
    previous_segv.sa_handler(signal);
  }
}

/* Returns the signal number now ours, or 0 where none is free. */
int runlet_kill_install(runlet_cell *const *table, uint32_t count) {
  struct sigaction old, mine;
  if (!dl_iterate_phdr(find_text, NULL)) return 0;
  cells = table;
  cell_count = count;
  memset(&mine, 0, sizeof mine);
  mine.sa_sigaction = on_kill;
  mine.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&mine.sa_mask);
  int number;
  for (number = SIGRTMIN + 7; number < SIGRTMAX; number++) {
    if (sigaction(number, NULL, &old) != 0 || (old.sa_flags & SA_SIGINFO) ||
        old.sa_handler != SIG_DFL)
      continue;
    if (sigaction(number, &mine, NULL) == 0) break;
  }
  mine.sa_sigaction = on_fault;
  sigemptyset(&mine.sa_mask);
  sigaction(SIGSEGV, &mine, &previous_segv);
  return number < SIGRTMAX ? number : 0;
}

/*
 * Widens the guard below the calling thread's stack: a single page could be stepped over by one
 * large frame.
 */
static void forbid_stack_end(runlet_cell *cell) {
  pthread_attr_t attributes;
  void *low;
  size_t size;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  if (pthread_attr_getstack(&attributes, &low, &size) == 0 && size > 4 * GUARD) {
    uintptr_t from = ((uintptr_t)low + 4095) & ~(uintptr_t)4095;
    if (mprotect((void *)from, GUARD, PROT_NONE) == 0) {
      cell->guard_low = from - 65536;
      cell->guard_high = from + GUARD;
    }
  }
  pthread_attr_destroy(&attributes);
}

/* Called on the worker: an own stack for the handler, and no other signal on this thread. */
int runlet_kill_adopt(runlet_cell *cell, int number, void *stack, size_t size) {
  stack_t alternate = {.ss_sp = stack, .ss_size = size, .ss_flags = 0};
  sigset_t set;
  cell->pid = (int32_t)getpid();
  cell->tid = (int32_t)syscall(SYS_gettid);
  forbid_stack_end(cell);
  if (sigaltstack(&alternate, NULL) != 0) return -1;
  sigfillset(&set);
  sigdelset(&set, SIGSEGV);
  sigdelset(&set, SIGBUS);
  sigdelset(&set, SIGFPE);
  sigdelset(&set, SIGILL);
  sigdelset(&set, SIGTRAP);
  sigdelset(&set, SIGABRT);
  if (number > 0) sigdelset(&set, number);
  return pthread_sigmask(SIG_SETMASK, &set, NULL);
}

/* Sends only while the handler is still ours: a real-time signal without one ends the process. */
int runlet_kill_send(const runlet_cell *cell, uint32_t index, uint64_t run, int number) {
  struct sigaction now;
  siginfo_t info;
  if (number <= 0 || sigaction(number, NULL, &now) != 0 || now.sa_sigaction != on_kill) return -1;
  memset(&info, 0, sizeof info);
  info.si_code = SI_QUEUE;
  info.si_pid = cell->pid;
  info.si_uid = getuid();
  info.si_value.sival_ptr =
      (void *)(uintptr_t)(((run & 0x00ffffffffffffffull) << 8) | (index & 0xff));
  return (int)syscall(SYS_rt_tgsigqueueinfo, cell->pid, cell->tid, number, &info);
}

#else

int runlet_kill_install(runlet_cell *const *table, uint32_t count) {
  (void)table;
  (void)count;
  return 0;
}
int runlet_kill_adopt(runlet_cell *cell, int number, void *stack, size_t size) {
  (void)cell;
  (void)number;
  (void)stack;
  (void)size;
  return 0;
}
int runlet_kill_send(const runlet_cell *cell, uint32_t index, uint64_t run, int number) {
  (void)cell;
  (void)index;
  (void)run;
  (void)number;
  return -1;
}

#endif
