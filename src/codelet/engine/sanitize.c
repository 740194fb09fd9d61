/*
 * What only the sanitized tests need of C: accesses that AddressSanitizer sees, and the record of
 * which of the engine's code was reached.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Reads one byte, as instrumented code does. */
uint8_t runlet_probe(const volatile uint8_t *at) { return *at; }

/* One byte for each place in the engine, by a hash of its address. */
enum { EDGES = 1 << 18 };

static uint8_t reached[EDGES], known[EDGES];

#define UNSEEN __attribute__((no_sanitize_address, no_sanitize_coverage))

/* Called by the compiler's instrumentation at the start of every basic block. */
UNSEEN void __sanitizer_cov_trace_pc(void) {
  uintptr_t at = (uintptr_t)__builtin_return_address(0) - (uintptr_t)&__sanitizer_cov_trace_pc;
  reached[((uint64_t)at * 0x9e3779b97f4a7c15ull) >> 46] = 1;
}

/* Forgets what was reached since the last call; what is known stays known. */
UNSEEN void runlet_edges_clear(void) { memset(reached, 0, EDGES); }

/* Makes known what was reached, and says how much of it is new. */
UNSEEN size_t runlet_edges_learn(void) {
  size_t new = 0;
  for (size_t at = 0; at < EDGES; at++) {
    new += reached[at] && !known[at];
    known[at] |= reached[at];
  }
  return new;
}
