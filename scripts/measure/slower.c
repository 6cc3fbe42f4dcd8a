// TensorFlow Lite, slower by a share that SLOWER_PERCENT names: every run of the model is
// followed by spinning for that share of the time that it took, at any speed of the
// machine. A share of 0 reads the clock as often.
//
// Build: cc -O2 -shared -fPIC -o libtensorflowlite_c.so slower.c REAL -ldl
// Linked against the real library, REAL, which is searched for all other functions.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef int (*Invoke)(void* interpreter);

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int TfLiteInterpreterInvoke(void* interpreter) {
  static Invoke invoke;
  static double share;
  if (invoke == NULL) {
    const char* percent = getenv("SLOWER_PERCENT");
    void* real = dlopen(getenv("SLOWER_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    invoke = real == NULL ? NULL : (Invoke)dlsym(real, "TfLiteInterpreterInvoke");
    if (percent == NULL || invoke == NULL) {
      fprintf(stderr, "slower: SLOWER_PERCENT and SLOWER_LIBRARY name a share and the real library\n");
      exit(2);
    }
    share = atof(percent) / 100.0;
  }
  uint64_t begin = now_ns();
  int status = invoke(interpreter);
  uint64_t end = now_ns();
  uint64_t until = end + (uint64_t)((double)(end - begin) * share);
  while (now_ns() < until) {
  }
  return status;
}
